"""A transformer flow for a GPU: small patches and deep blocks in the manner of the published ones, but narrower."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.training.config import TrainingConfig

MODEL = configuration("transformer", patch=2, blocks=8, depth=4, width=256, heads=8)

PRESET = Preset(
    name="transformer-gpu",
    purpose="a GPU with bfloat16 arithmetic",
    gray=MODEL,
    colour=MODEL,
    training=TrainingConfig(
        steps=100_000,
        batch_size=128,
        optimizer="adam",
        learning_rate=5e-4,
        betas=(0.9, 0.95),
        warmup_steps=2_000,
        clip_norm=1.0,
        ema_decay=0.9995,
        precision="bfloat16",
    ),
)
