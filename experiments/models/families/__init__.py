"""One file or folder for each family of models; see `experiments.models.registry`."""
