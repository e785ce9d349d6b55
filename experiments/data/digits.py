"""The embedded set `digits`: the 8 x 8 hand-written digits that ship with scikit-learn, as 8-bit images."""

import numpy as np
import torch

from experiments.data.image_set import ImageSet, shuffled

TEST_FRACTION = 4  # one image in four
LARGEST_VALUE = 16  # the set counts the dark cells of 4 x 4 bitmaps: 0..16


def load_digits(split: str, patch_size: int = 8) -> ImageSet:
    """Digits, grey values 0..16 stretched to 0..255; one image in four belongs to the test set.

    Images are 8 x 8; with a larger `patch_size` each pixel is repeated, where 8 divides it.
    """
    from sklearn.datasets import load_digits as load_scikit_learn_digits  # imported here: it takes a second to load

    values = np.asarray(load_scikit_learn_digits().images)
    images = torch.from_numpy(np.round(values * (255 / LARGEST_VALUE)).astype(np.uint8))[:, None]
    if patch_size > 8 and patch_size % 8 == 0:
        images = images.repeat_interleave(patch_size // 8, 2).repeat_interleave(patch_size // 8, 3)
    images = shuffled(images)
    held_out = torch.arange(len(images)) % TEST_FRACTION == 0
    return ImageSet(
        name="digits",
        split=split,
        images=images[held_out if split == "test" else ~held_out].contiguous(),
        source="scikit-learn load_digits (UCI ML hand-written digits, test part)",
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Repository, 1998",
    )
