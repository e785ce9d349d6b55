"""Gated PixelCNN: settings without torch (`config`), the density (`model`) and its network (`network`)."""

from experiments.models.families.pixelcnn.config import FAMILY

__all__ = ["FAMILY"]
