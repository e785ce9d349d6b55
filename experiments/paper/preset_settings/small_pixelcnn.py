"""PixelCNN at the small budget of the families."""

from experiments.models.registry import configuration
from experiments.paper.preset import Preset
from experiments.paper.small_training import small_training

MODEL = configuration("pixelcnn")

PRESET = Preset(
    name="small-pixelcnn",
    purpose="two minutes on one CPU thread",
    gray=MODEL,
    colour=MODEL,
    training=small_training(steps=1_150, learning_rate=3e-3),
    colour_steps=850,
)
