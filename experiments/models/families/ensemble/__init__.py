"""Ensembles of models of one family: settings without torch (`config`), and the mixture itself (`model`)."""

from experiments.models.families.ensemble.config import FAMILY

__all__ = ["FAMILY"]
