"""Log p corrected for complexity: the log-likelihood ratio of the model against a general-purpose compressor."""

from analysis.rivals.png import evaluate as png_size
from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreValues
from curvature.units import bits_per_dim


def prepare(setting: ScoreSetting) -> float:
    """The bits per dimension that make log p comparable with 8-bit images."""
    return setting.representation.bits


def evaluate(bits: float, images: ScoredImages) -> ScoreValues:
    """``L(x) - bpd(x)`` with the size L of the PNG file: minus the S of the source, which is high for other images."""
    size = png_size(None, images).values
    return ScoreValues(size - bits_per_dim(images.log_p.double().cpu(), images.events[0].numel(), bits))


SCORE = Score(
    name="complexity",
    order=120,
    units="bits/dim",
    higher_means="likelier than its PNG file is short",
    source="-S of Serra et al. 2020, arXiv 1909.11480, with PNG as the compressor",
    needs=("images", "model"),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=True,
    circular="contains log p",
)
