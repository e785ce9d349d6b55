"""Ways to compute an exact Tr{H Sigma}: our routes, Hessian-vector products, torch.func, and a floor without H."""

from collections.abc import Callable

from torch.func import hessian

from benchmarks.jet_for_pytorch import Trace
from curvature import Expansion, Moments, expand
from curvature.hessian.adjoint import LayeredHessian
from curvature.hessian.derivatives import hessian_vector_products, load_forward_mode
from curvature.hessian.layered.flow import dot
from curvature.hessian.layered.linearisation import push


def by_route(expansion: Expansion, moments: Moments, route: str) -> float:
    """A route of the toolkit by its name."""
    return float(expansion.trace(moments, route))


def products(expansion: Expansion) -> Trace:
    """The reference: one Hessian-vector product a column, vectorised over `chunk` columns."""

    def trace(moments: Moments, chunk: int) -> float:
        columns = moments.columns().contiguous()
        found = hessian_vector_products(expansion.log_prob, expansion.at, columns, chunk)
        return sum(float((v * Hv).sum()) for v, Hv in zip(columns.split(chunk), found, strict=True))

    return trace


def by_function_hessian(expansion: Expansion, moments: Moments) -> float:
    """`torch.func.hessian`, which takes all unit vectors at once, then the sum with the covariance."""
    load_forward_mode()
    H = hessian(lambda x: expansion.log_prob(x[None])[0])(expansion.at).reshape(expansion.dim, expansion.dim)
    return float((moments.factor * (H @ moments.factor)).sum())


def with_budget(expansion: Expansion, memory_budget: float) -> Expansion:
    """The same expansion with more bytes to work in."""
    return expand(expansion.operator.point.density, at=expansion.at, memory_budget=memory_budget)


def floor(expansion: Expansion, moments: Moments) -> Callable[[], float]:
    """Compute ``|J F|^2`` only: linear maps, and a multiplication by the slope at each activation."""
    operator = LayeredHessian.of(expansion.operator.point)
    flow, slopes, columns = operator.linearisation.flow, operator.linearisation.slopes, moments.columns()

    def push_tangents() -> float:
        total = 0.0
        for v in columns.split(operator.rows_at_once):
            Jv = flow.forward(v, push, lambda activation, h: h.mul_(slopes[activation]))
            total += float(dot(Jv, Jv).sum())
        return total

    return push_tangents
