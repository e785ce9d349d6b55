"""CV-Glow at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("glow", levels=2, steps=6, width=48)

PRESET = Preset(
    name="small-glow",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=2_500, learning_rate=3e-3),
    colour_steps=2_000,
)
