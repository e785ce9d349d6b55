"""What a ladder's table says in words: the ceiling, predictions beyond it, and moments of too few samples."""

from collections.abc import Iterable

from curvature.ceiling import Ceiling
from curvature.ladder import registry
from curvature.ladder.prediction import RungPrediction


def ceiling_remarks(
    ceiling: Ceiling | None, reason: str, rungs: Iterable[RungPrediction], measured: RungPrediction
) -> list[str]:
    """Say how much of the ceiling the measured gap is and which predictions lie beyond it, or why there is none."""
    if ceiling is None:
        return [f"no ceiling: {reason}"] if reason else []
    share = f"; measured is {ceiling.share(measured.bits_per_dim):.0%} of it" if measured.bits_per_dim < 0 else ""
    beyond = [rung.name for rung in rungs if is_beyond(ceiling, rung)]
    impossible = [f"beyond the ceiling, so impossible: {', '.join(beyond)}"] if beyond else []
    return [f"ceiling of a constant-volume flow: no gap is below -({ceiling}){share}", *impossible]


def is_beyond(ceiling: Ceiling | None, rung: RungPrediction) -> bool:
    """Whether a prediction lies beyond the ceiling, which refutes it without any measurement."""
    if ceiling is None or rung.kind != "moments" or registry.rung(rung.name).is_part:
        return False
    return ceiling.share(rung.bits_per_dim) > 1


def half_sample_remark(rung: RungPrediction) -> str | None:
    """Give the gap from half of the samples, for rungs that have it."""
    if rung.half_sample is None:
        return None
    return f"{rung.name}: {rung.half_sample:+.4f} bits/dim with the moments of half of the images"


def rank_remark(rung: RungPrediction, n_q: int, n_p: int, dim: int) -> str | None:
    """Say that covariances of few samples lack directions, for rungs that draw from Gaussians with them."""
    few = min(n_q, n_p)
    if registry.rung(rung.name).evaluate_set is None or few > dim:
        return None
    return (
        f"{rung.name}: the covariance of {few} images has no variance in {dim - few + 1} of {dim} directions, where "
        "curvature may be largest: take more images"
    )
