"""Stochastic estimates of ``Tr{H Sigma}`` by quadratic forms, one method a file (docs/theory.md, eqs. 45-46)."""

from collections.abc import Callable

from curvature.estimators.deflated import deflated
from curvature.estimators.hutchinson import hutchinson
from curvature.trace import Trace

__all__ = ["ESTIMATORS", "deflated", "hutchinson"]

ESTIMATORS: dict[str, Callable[..., Trace]] = {"hutchinson": hutchinson, "deflated": deflated}
