"""The settings of the measured and predicted gaps. This module does not import torch."""

from dataclasses import dataclass

from experiments.settings import ImageCount, NodeCount, PointCount, Seed, require_ranges


@dataclass(frozen=True)
class GapsConfig:
    """How many images the gaps are measured and predicted on.

    Raises
    ------
    ConfigError
        If a number lies outside its range.
    """

    n_bpd: ImageCount = 10_000
    """Images of each input set that bits per dimension are measured on; sets that hold fewer give all they have."""
    n_images: ImageCount = 256
    """Images of each input set, and of the training set, that the ladder is evaluated on."""
    nodes: tuple[NodeCount, ...] = (1, 2, 3)
    """Gauss-Jacobi nodes of the path rungs: path-n for each n."""
    mean_curvature_points: PointCount = 8
    """Training images that the rung mean-curvature averages the Hessian over; 0 leaves the rung out."""
    seed: Seed = 0
    """Seed of the dequantisation noise and of generated noise images."""

    def __post_init__(self) -> None:
        require_ranges(self, "gaps")
