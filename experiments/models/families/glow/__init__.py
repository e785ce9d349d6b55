"""Glow: settings without torch (`config`), the flow (`flow`) and its steps (`step`)."""

from experiments.models.families.glow.config import FAMILY

__all__ = ["FAMILY"]
