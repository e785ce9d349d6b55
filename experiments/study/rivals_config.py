"""The settings of rival explanations, whose fields are the command line's options. No torch here."""

from dataclasses import dataclass
from typing import Annotated

from experiments.settings import ImageCount, Range, Seed, require_ranges


@dataclass(frozen=True)
class RivalsConfig:
    """Which scores of which images are held against log p.

    Raises
    ------
    ConfigError
        If a setting lies outside its range.
    """

    inputs: tuple[str, ...] = ()
    """Input sets, named as for compare; the same default."""
    n_images: ImageCount = 200
    """Images of each input set, and of the training set."""
    n_reference: ImageCount = 10_000
    """Other training images that Gaussians are fitted to and neighbours are sought among."""
    scores: tuple[str, ...] = ()
    """Names of the scores; all that the model allows unless given."""
    probes: Annotated[int, Range(2, 10_000)] = 4
    """Random directions for each image in the estimate of its Hessian's trace."""
    neighbours: Annotated[int, Range(3, 10_000)] = 20
    """Nearest training images that the local intrinsic dimension is estimated from."""
    resamples: Annotated[int, Range(20, 10**6)] = 300
    """Resamples of the images for the 95 % intervals."""
    seed: Seed = 0
    """Seed of the dequantisation noise, the random directions and the resamples."""

    def __post_init__(self) -> None:
        require_ranges(self, "rivals")
