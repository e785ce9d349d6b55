"""Size of the 8-bit image as a file of lossless WebP, by Pillow."""

from analysis.rivals.lossless_size import lossless_size
from analysis.rivals.score import Score, ScoredImages, ScoreValues, nothing


def evaluate(_: None, images: ScoredImages) -> ScoreValues:
    """Size of the file with the strongest compression, headers included."""
    return ScoreValues(lossless_size(images, "WEBP", lossless=True, quality=100, method=6))


SCORE = Score(
    name="webp",
    order=60,
    units="bits/dim",
    higher_means="more complex to this compressor",
    source="input complexity: Serra et al. 2020, arXiv 1909.11480",
    needs=("images",),
    prepare=nothing,
    evaluate=evaluate,
    inside_is_higher=True,
)
