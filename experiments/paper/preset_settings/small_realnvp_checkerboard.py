"""RealNVP with checkerboard masks at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("realnvp", mask="checkerboard", width=24, couplings=4, blocks=1)

PRESET = Preset(
    name="small-realnvp-checkerboard",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=1_100, learning_rate=2e-3),
    colour_steps=1_150,
)
