"""CV-Glow at the published sizes, trained to the end in float32."""

from experiments.paper.preset import Preset
from experiments.paper.published_sizes import COLOUR, GRAY
from experiments.training.config import TrainingConfig

PRESET = Preset(
    name="paper",
    purpose="the published sizes, trained to the end in float32",
    gray=GRAY,
    colour=COLOUR,
    training=TrainingConfig(
        steps=200_000,
        batch_size=256,
        optimizer="adam",
        learning_rate=1e-3,
        warmup_steps=2000,
        ema_decay=0.9999,
        checkpoint_every=5000,
        log_every=100,
    ),
)
