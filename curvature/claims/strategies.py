"""Hypothesis strategies for tests of densities: toy flows, their parts, covariances and points.

All are made of small readable numbers, whole ones and fractions down to eighths, and shrink to few of them, so that a
person can follow a failing example. A toy flow has constant volume and offers `log_prob`, `sample`,
`inverse`, `forward` and every exact route to the trace; its repr is Python code.

Toy flows, with any options of `flows`, in a property test:

>>> import torch
>>> from hypothesis import given, settings
>>> from curvature import expand
>>> from curvature.claims.strategies import covariances, flows, points
>>> @settings(max_examples=5, database=None, deadline=None)
... @given(flows(channels=(2,), sides=(1,), activations=("tanh",)), points((2, 1, 1)), covariances((2, 1, 1)))
... def test_gauss_newton_part_is_not_positive(flow, x0, covariance):
...     mean = torch.tensor(x0, dtype=torch.float64).reshape(flow.event_shape)
...     trace = expand(flow.log_prob, at=mean).trace(covariance.moments(mean), "adjoint")
...     assert trace.gauss_newton <= 0
>>> test_gauss_newton_part_is_not_positive()
"""

from curvature.claims.engine.drawing.cases import points
from curvature.claims.engine.drawing.covariance_strategies import covariances, ordered_covariances
from curvature.claims.engine.drawing.flow_strategies import (
    couplings,
    curved_flows,
    flows,
    gentle_flows,
    kernels,
    linear_flows,
)
from curvature.claims.engine.drawing.own_models import densities
from curvature.claims.engine.drawing.small_numbers import eighths, matrices, vectors

__all__ = [
    "couplings",
    "covariances",
    "curved_flows",
    "densities",
    "eighths",
    "flows",
    "gentle_flows",
    "kernels",
    "linear_flows",
    "matrices",
    "ordered_covariances",
    "points",
    "vectors",
]
