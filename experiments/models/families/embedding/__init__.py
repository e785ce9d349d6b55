"""Flows on embeddings: settings without torch (`config`), the flow of features (`flow`), and `extractors`."""

from experiments.models.families.embedding.config import FAMILY

__all__ = ["FAMILY"]
