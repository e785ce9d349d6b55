"""NICE at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("nice", couplings=4, width=512, depth=2)

PRESET = Preset(
    name="small-nice",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=6_000, learning_rate=1e-3),
    colour_steps=3_000,
)
