"""Stochastic estimates of ``Tr{H Sigma}`` by quadratic forms, one method a file (docs/theory.md, eqs. 45-46)."""

from collections.abc import Callable

from curvature.traces.deflated import deflated
from curvature.traces.hutchinson import hutchinson
from curvature.traces.trace import Trace

__all__ = ["ESTIMATORS", "deflated", "hutchinson"]

ESTIMATORS: dict[str, Callable[..., Trace]] = {"hutchinson": hutchinson, "deflated": deflated}
