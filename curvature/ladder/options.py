"""Settings of the rungs, the same for all of a ladder."""

from dataclasses import dataclass, field

from curvature.errors import OptionError


@dataclass(frozen=True)
class GaussianOptions:
    """How expectations under Gaussians with the sets' moments are taken (docs/theory.md, section 12).

    Attributes
    ----------
    pairs
        Antithetic pairs of draws for the value, and for that from half of the samples.
    left_out_pairs
        Of those, how many for each of the values without a group of samples, which give the samples' standard error.
    nodes
        Gauss-Legendre nodes on the way from one Gaussian to the other, for the rung ``price``.
    pairs_per_node
        Antithetic pairs of draws at each of them.
    floor_variance
        Variance of every entry in the directions in which too few samples have none. None: that of dequantisation for
        dequantised images on the scale [0, 1], zero for other events.
    seed
        Of the random numbers; sets share them.

    Raises
    ------
    OptionError
        If there are fewer than two pairs, no nodes, or the variance is negative.
    """

    pairs: int = 256
    left_out_pairs: int = 128
    nodes: int = 12
    pairs_per_node: int = 32
    floor_variance: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("pairs", 2), ("left_out_pairs", 2), ("pairs_per_node", 2), ("nodes", 1)):
            if getattr(self, name) < least:
                raise OptionError(f"gaussian.{name}: expected at least {least}, got {getattr(self, name)}")
        if self.left_out_pairs > self.pairs:
            raise OptionError(f"gaussian.left_out_pairs: at most the {self.pairs} pairs, got {self.left_out_pairs}")
        if self.floor_variance is not None and not self.floor_variance >= 0:
            raise OptionError(f"gaussian.floor_variance: expected at least 0, got {self.floor_variance}")


@dataclass(frozen=True)
class LadderOptions:
    """Settings of the rungs, the same for all.

    Attributes
    ----------
    nodes
        Numbers of quadrature nodes, one rung ``path-n`` for each.
    mean_curvature_points
        How many samples of p the rung ``mean-curvature`` averages over; 0 leaves it out.
    gaussian
        Of the rungs ``gaussian`` and ``price``.
    """

    nodes: tuple[int, ...] = (1, 2, 3)
    mean_curvature_points: int = 8
    gaussian: GaussianOptions = field(default_factory=GaussianOptions)
