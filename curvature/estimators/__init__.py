"""Stochastic estimates of ``Tr{H Sigma}`` from quadratic forms alone, one method a file (docs/theory.md, section 8)."""

from collections.abc import Callable

from curvature.estimators.deflated import deflated
from curvature.estimators.hutchinson import hutchinson
from curvature.trace import Trace

__all__ = ["ESTIMATORS", "deflated", "hutchinson"]

ESTIMATORS: dict[str, Callable[..., Trace]] = {"hutchinson": hutchinson, "deflated": deflated}
