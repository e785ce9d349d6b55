"""Variational autoencoder: settings without torch (`config`), the model (`model`), its networks and its bound."""

from experiments.models.families.vae.config import FAMILY

__all__ = ["FAMILY"]
