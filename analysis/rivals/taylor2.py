"""The second-order prediction for an image: ``log p(x0) + g.d + 1/2 d'H d`` (docs/theory.md, eq. 19)."""

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreValues
from curvature.ladder.evaluation import PreparedRungs, evaluate_rungs, prepare_rungs

RUNG = "taylor2"


def prepare(setting: ScoreSetting) -> PreparedRungs:
    """Prepare the rung `taylor2`; the Hessian is written out if that saves work."""
    return prepare_rungs(setting.expansion, setting.train.events, (RUNG,), n_samples=setting.n_scored)


def evaluate(prepared: PreparedRungs, images: ScoredImages) -> ScoreValues:
    """Evaluate the rung for each image."""
    return ScoreValues(evaluate_rungs(prepared, images.events, name=images.name).values[RUNG])


SCORE = Score(
    name=RUNG,
    order=10,
    units="nats",
    higher_means="likelier to second order about the mean of the training images",
    source="Nalisnick et al. 2019, arXiv 1810.09136, with every second-order term (docs/theory.md, eq. 19)",
    needs=("training images", "derivatives"),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=True,
)
