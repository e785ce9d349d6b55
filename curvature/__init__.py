"""The theory: moments, second-order expansions and the curvature ladder, for any differentiable log density.

>>> from curvature import Moments, expand, curvature_ladder  # doctest: +SKIP
>>> p, q = Moments.from_samples(x_train), Moments.from_samples(x_other)  # doctest: +SKIP
>>> print(expand(model.log_prob, at=p.mean).predict(q, versus=p))  # doctest: +SKIP
>>> print(curvature_ladder(model.log_prob, q=x_other, p=x_train))  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvature.attribution import ActivationShare, Attribution
    from curvature.closed_form.channel_mixing import ChannelMixing, Mixing, from_kernels
    from curvature.closed_form.coefficients import (
        ClosedFormPrediction,
        Coefficients,
        channel_sums,
        correlated_coefficients,
        exact_coefficients,
        predict_from_sums,
        predict_from_variances,
        published_coefficients,
    )
    from curvature.expansion import Expansion, expand
    from curvature.frequencies import FrequencyBands, frequency_bands
    from curvature.mode import Mode, find_mode
    from curvature.moments import Moments
    from curvature.prediction import Prediction
    from curvature.rungs.ladder import Ladder, Rung, curvature_ladder
    from curvature.rungs.quadrature import gauss_jacobi
    from curvature.rungs.terms import SampleTerms, sample_terms
    from curvature.rungs.viewpoint import Viewpoint, look_from
    from curvature.spectrum import DirectionalCurvature, Spectrum, along, difference_components, principal_components
    from curvature.traces.trace import Trace
    from curvature.units import bits_per_dim, gap_bits_per_dim, log_density

__all__ = [
    "ActivationShare",
    "Attribution",
    "ChannelMixing",
    "ClosedFormPrediction",
    "Coefficients",
    "DirectionalCurvature",
    "Expansion",
    "FrequencyBands",
    "Ladder",
    "Mixing",
    "Mode",
    "Moments",
    "Prediction",
    "Rung",
    "SampleTerms",
    "Spectrum",
    "Trace",
    "Viewpoint",
    "along",
    "bits_per_dim",
    "channel_sums",
    "correlated_coefficients",
    "curvature_ladder",
    "difference_components",
    "exact_coefficients",
    "expand",
    "find_mode",
    "frequency_bands",
    "from_kernels",
    "gap_bits_per_dim",
    "gauss_jacobi",
    "log_density",
    "look_from",
    "predict_from_sums",
    "predict_from_variances",
    "principal_components",
    "published_coefficients",
    "sample_terms",
]

# Public names are fetched at first use (PEP 562): whoever needs only `curvature.errors`, as the command line's --help
# does, must not wait for torch.
_HOMES = {
    "attribution": ("ActivationShare", "Attribution"),
    "closed_form.channel_mixing": ("ChannelMixing", "Mixing", "from_kernels"),
    "closed_form.coefficients": (
        "ClosedFormPrediction",
        "Coefficients",
        "channel_sums",
        "correlated_coefficients",
        "exact_coefficients",
        "predict_from_sums",
        "predict_from_variances",
        "published_coefficients",
    ),
    "expansion": ("Expansion", "expand"),
    "frequencies": ("FrequencyBands", "frequency_bands"),
    "rungs.ladder": ("Ladder", "Rung", "curvature_ladder"),
    "mode": ("Mode", "find_mode"),
    "moments": ("Moments",),
    "prediction": ("Prediction",),
    "rungs.quadrature": ("gauss_jacobi",),
    "spectrum": ("DirectionalCurvature", "Spectrum", "along", "difference_components", "principal_components"),
    "rungs.terms": ("SampleTerms", "sample_terms"),
    "rungs.viewpoint": ("Viewpoint", "look_from"),
    "traces.trace": ("Trace",),
    "units": ("bits_per_dim", "gap_bits_per_dim", "log_density"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'curvature' has no attribute '{name}'")
    return getattr(import_module(f"curvature.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
