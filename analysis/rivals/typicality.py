"""Distance of log p from its mean over the training images: the test of typicality for a single image."""

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreValues


def prepare(setting: ScoreSetting) -> float:
    """Mean log p of the scored training images in nats: minus the estimated entropy."""
    return float(setting.train.log_p.mean())


def evaluate(mean: float, images: ScoredImages) -> ScoreValues:
    """``|log p(x) - mean|``."""
    return ScoreValues((images.log_p - mean).abs())


SCORE = Score(
    name="typicality",
    order=110,
    units="nats",
    higher_means="less typical: log p is far from its mean over the training images, on either side",
    source="Nalisnick et al. 2019, arXiv 1906.02994, for batches of one image",
    needs=("training images", "model"),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=False,
    circular="is a function of log p",
)
