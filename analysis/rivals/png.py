"""Size of the 8-bit image as a file of PNG (deflate of differences between neighbouring pixels), by Pillow."""

from analysis.rivals.lossless_size import lossless_size
from analysis.rivals.score import Score, ScoredImages, ScoreValues, nothing


def evaluate(_: None, images: ScoredImages) -> ScoreValues:
    """Size of the file with the strongest compression, headers included."""
    return ScoreValues(lossless_size(images, "PNG", optimize=True))


SCORE = Score(
    name="png",
    order=50,
    units="bits/dim",
    higher_means="more complex to this compressor",
    source="input complexity: Serra et al. 2020, arXiv 1909.11480",
    needs=("images",),
    prepare=nothing,
    evaluate=evaluate,
    inside_is_higher=True,
)
