"""RealNVP with channel masks at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("realnvp", mask="channel", width=32, couplings=4, blocks=1)

PRESET = Preset(
    name="small-realnvp-channel",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=2_600, learning_rate=2e-3),
    colour_steps=2_200,
)
