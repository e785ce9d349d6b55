"""A transformer flow that one CPU thread trains in about half an hour."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.training.config import TrainingConfig

MODEL = configuration("transformer", patch=4, blocks=4, depth=2, width=96)

PRESET = Preset(
    name="transformer",
    purpose="about half an hour on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=TrainingConfig(steps=20_000, batch_size=32, learning_rate=5e-3, clip_norm=20.0, device="cpu"),
)
