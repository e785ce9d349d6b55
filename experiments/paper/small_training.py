"""How the small models of all families are trained, so that they can be compared: two minutes of one thread."""

from experiments.training.config import TrainingConfig


def small_training(steps: int, learning_rate: float) -> TrainingConfig:
    """Settings that the small presets share, with the number of steps that two minutes of one CPU thread allow."""
    return TrainingConfig(
        steps=steps,
        batch_size=32,
        optimizer="adam",
        learning_rate=learning_rate,
        warmup_steps=50,
        clip_norm=20.0,
        ema_decay=0.995,
        device="cpu",
    )
