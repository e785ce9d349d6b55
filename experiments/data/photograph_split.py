"""A split by source photograph: crops of one photograph overlap, so a photograph belongs to one split as a whole."""

import numpy as np
from jaxtyping import Bool, Integer

TRAIN_PERCENT = 80
SPLIT_SEED = 0
NOTE = (
    f"official test images split by photograph: train {TRAIN_PERCENT} % of the photographs, "
    f"test the others (seed {SPLIT_SEED})"
)


def in_training_set(photographs: Integer[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
    """Whether each image's photograph is one of the 80 % drawn for the training set; depends on the numbers alone."""
    distinct = np.unique(photographs)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(distinct))
    chosen = distinct[order[: len(distinct) * TRAIN_PERCENT // 100]]
    return np.isin(photographs, chosen)
