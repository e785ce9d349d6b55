"""Ensemble of CV-Glows at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("ensemble", members=3, member=configuration("glow", levels=2, steps=4, width=32))

PRESET = Preset(
    name="small-ensemble",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=1_400, learning_rate=3e-3),
    colour_steps=1_200,
)
