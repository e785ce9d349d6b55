"""A flow of transformers on patches: settings without torch (`config`), the flow (`flow`), its blocks and network."""

from experiments.models.families.transformer.config import FAMILY

__all__ = ["FAMILY"]
