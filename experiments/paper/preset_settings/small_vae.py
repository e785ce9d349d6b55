"""VAE at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("vae")

PRESET = Preset(
    name="small-vae",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=5_000, learning_rate=2e-3),
    colour_steps=3_200,
)
