"""RealNVP, with the masks that say which pixels a coupling sees."""

from experiments.models.families.realnvp.config import FAMILY

__all__ = ["FAMILY"]
