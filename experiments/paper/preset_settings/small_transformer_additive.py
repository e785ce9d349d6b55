"""Constant-volume transformer flow at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("transformer", patch=4, width=64, update="additive")

PRESET = Preset(
    name="small-transformer-additive",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=1_400, learning_rate=3e-3),
    colour_steps=1_000,
)
