"""CV-Glow at the published sizes, trained fast on one GPU."""

from experiments.paper.preset import Preset
from experiments.paper.published_sizes import COLOUR, GRAY
from experiments.training.config import TrainingConfig

PRESET = Preset(
    name="gpu",
    purpose="about a quarter of an hour on one H200-class GPU",
    gray=GRAY,
    colour=COLOUR,
    training=TrainingConfig(
        steps=30_000,
        batch_size=256,
        optimizer="adam",
        learning_rate=2e-3,
        warmup_steps=500,
        ema_decay=0.9995,
        precision="bfloat16",
        checkpoint_every=2000,
        log_every=100,
    ),
)
