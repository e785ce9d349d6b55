"""Log p itself, the detector that all others are compared with."""

from analysis.rivals.score import Score, ScoredImages, ScoreValues, nothing


def evaluate(_: None, images: ScoredImages) -> ScoreValues:
    """``log p(x)``."""
    return ScoreValues(images.log_p)


SCORE = Score(
    name="log-p",
    order=105,
    units="nats",
    higher_means="likelier",
    source="Nalisnick et al. 2019, arXiv 1810.09136, who show where it fails",
    needs=("model",),
    prepare=nothing,
    evaluate=evaluate,
    inside_is_higher=True,
    circular="is log p",
)
