"""Check: every exact route to Tr{H Sigma} gives the same number (docs/theory.md, eqs. 10, 61 and 64)."""

from curvature.checks.engine.cases import PointWithCovariance, points_with_covariance
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import double_reverse
from curvature.checks.engine.subject import Subject
from curvature.errors import RouteError
from curvature.expansion import expand
from curvature.property_testing.evaluation import Evaluation
from curvature.traces.methods import exact_methods

LARGEST_DENSE_DIM = 128
RELATIVE = 1e-8


def furthest_route(subject: Subject, case: PointWithCovariance) -> Evaluation:
    """The trace by the exact route furthest off, against products by reverse mode over reverse mode."""
    x0, moments = subject.at(case.point), case.moments(subject.x)
    columns = moments.factor.T.reshape(-1, *x0.shape)
    products = [double_reverse(subject.log_prob, x0, f) for f in columns]
    expected = sum(float((f * Hf).sum()) for f, Hf in zip(columns, products, strict=True))
    expansion = expand(subject.density, x0)
    traces = []
    for method in exact_methods():
        if method == "dense" and subject.dim > LARGEST_DENSE_DIM:
            continue
        try:
            traces.append(float(expansion.trace(moments, method)))
        except RouteError:
            continue
    furthest = max(traces, key=lambda trace: abs(trace - expected))
    size = sum(float(f.norm() * Hf.norm()) for f, Hf in zip(columns, products, strict=True))
    return Evaluation(furthest, "==", expected, RELATIVE * (1 + size + float(expansion.gradient.norm())))


CHECK = Check(
    name="trace-routes",
    order=220,
    statement="Every exact route to Tr{H Sigma} that the model allows gives the same number",
    source="docs/theory.md, eqs. 10, 61 and 64",
    cases=points_with_covariance,
    evaluate=furthest_route,
    sides=("Tr{H Sigma} by the route furthest off", "by reverse mode twice"),
    examples=6,
)
