"""A CV-Glow that a laptop trains in about half an hour."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.training.config import TrainingConfig

PRESET = Preset(
    name="laptop",
    purpose="about half an hour on one CPU thread with bfloat16 arithmetic",
    gray=configuration("glow", levels=2, steps=8, width=64),
    colour=configuration("glow", levels=3, steps=8, width=64),
    training=TrainingConfig(
        steps=12_000,
        batch_size=32,
        optimizer="adam",
        learning_rate=3e-3,
        warmup_steps=100,
        clip_norm=20.0,
        ema_decay=0.999,
        precision="bfloat16",
        device="cpu",
    ),
)
