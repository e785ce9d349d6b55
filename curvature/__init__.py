"""The theory: moments, second-order expansions and the curvature ladder, for any differentiable log density.

>>> from curvature import Moments, expand, curvature_ladder  # doctest: +SKIP
>>> p, q = Moments.from_samples(x_train), Moments.from_samples(x_other)  # doctest: +SKIP
>>> print(expand(model.log_prob, at=p.mean).predict(q, versus=p))  # doctest: +SKIP
>>> print(curvature_ladder(model.log_prob, q=x_other, p=x_train))  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvature.expansion import Expansion, expand
    from curvature.ladder import Ladder, Rung, curvature_ladder
    from curvature.moments import Moments
    from curvature.prediction import Prediction
    from curvature.quadrature import gauss_jacobi
    from curvature.terms import SampleTerms, sample_terms
    from curvature.trace import Trace
    from curvature.units import bits_per_dim, gap_bits_per_dim, log_density

__all__ = [
    "Expansion",
    "Ladder",
    "Moments",
    "Prediction",
    "Rung",
    "SampleTerms",
    "Trace",
    "bits_per_dim",
    "curvature_ladder",
    "expand",
    "gap_bits_per_dim",
    "gauss_jacobi",
    "log_density",
    "sample_terms",
]

# Public names are fetched at first use (PEP 562): whoever needs only `curvature.errors`, as the command line's --help
# does, must not wait for torch.
_HOMES = {
    "expansion": ("Expansion", "expand"),
    "ladder": ("Ladder", "Rung", "curvature_ladder"),
    "moments": ("Moments",),
    "prediction": ("Prediction",),
    "quadrature": ("gauss_jacobi",),
    "terms": ("SampleTerms", "sample_terms"),
    "trace": ("Trace",),
    "units": ("bits_per_dim", "gap_bits_per_dim", "log_density"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'curvature' has no attribute '{name}'")
    return getattr(import_module(f"curvature.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
