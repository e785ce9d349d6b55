"""Check: the log-determinant is that of the dense Jacobian, at jittered weights (docs/theory.md, eq. 4)."""

import torch

from curvature.checks.engine.cases import JitteredPoint, jittered_points
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import jacobian
from curvature.checks.engine.subject import Subject
from curvature.flow_parts import forward
from curvature.property_testing.evaluation import Evaluation

LARGEST_DIM, FAST_LARGEST_DIM = 1024, 256
# An orthogonal kernel of a model trained in float32 is orthogonal to seven digits.
RELATIVE = 1e-6


def claimed_and_dense(subject: Subject, case: JitteredPoint) -> Evaluation:
    """``log|det df/dx|`` as forward returns it, against the dense Jacobian's, row by row in reverse mode."""
    x = subject.at(case.point)
    model = case.jitter.applied(subject.module)
    with torch.no_grad():
        _, log_det = forward(model, x.clone()[None])
    subject.require_dim(FAST_LARGEST_DIM if subject.fast else LARGEST_DIM, "the dense Jacobian")
    J = jacobian(lambda batch: forward(model, batch.clone())[0], x)
    dense = float(torch.linalg.slogdet(J).logabsdet)
    return Evaluation(float(log_det), "==", dense, RELATIVE * (subject.dim + abs(dense)))


CHECK = Check(
    name="log-determinant",
    order=130,
    statement="forward's log-determinant is that of the dense Jacobian, at jittered weights too",
    source="docs/theory.md, eq. 4",
    cases=jittered_points,
    evaluate=claimed_and_dense,
    sides=("log|det df/dx| by forward", "of the dense Jacobian"),
    examples=8,
)
