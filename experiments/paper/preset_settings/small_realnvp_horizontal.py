"""RealNVP with horizontal masks at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("realnvp", mask="horizontal", width=16, couplings=4, levels=1, blocks=1)

PRESET = Preset(
    name="small-realnvp-horizontal",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=800, learning_rate=2e-3),
    colour_steps=700,
)
