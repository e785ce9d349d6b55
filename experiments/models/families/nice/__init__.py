"""NICE: fully connected additive couplings and a scale for every dimension."""

from experiments.models.families.nice.config import FAMILY

__all__ = ["FAMILY"]
