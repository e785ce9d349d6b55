"""Whether log p is quadratic, and the precision matrix of the Gaussian that it then is (docs/theory.md, eq. 22)."""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.checks.engine.cases import Direction, Point
from curvature.checks.engine.derivatives import double_reverse
from curvature.checks.engine.subject import Subject
from curvature.not_applicable import NotApplicableError

LARGEST_DIM = 128
RELATIVE = 1e-7
DIRECTIONS = 2
# Far and near, on all sides: a log p that is quadratic in pieces, as with ReLU, must not pass for a Gaussian's.
FAR, NEAR = 16, 8


def precision_of_gaussian(subject: Subject) -> Float[Tensor, "D D"]:
    """P = -H, the same everywhere.

    Raises
    ------
    NotApplicableError
        If products with H differ between points, H is not negative definite, or D is too large to write it out.
    """
    if not _is_quadratic(subject):
        raise NotApplicableError("log p is not quadratic: the model is no Gaussian")
    subject.require_dim(LARGEST_DIM, "the precision matrix of a Gaussian")
    x0 = subject.at(Point())
    rows = [double_reverse(subject.log_prob, x0, Direction(entry).vector(x0)) for entry in range(subject.dim)]
    P = -torch.stack(rows).reshape(subject.dim, subject.dim)
    P = (P + P.T) / 2
    if not bool((torch.linalg.eigvalsh(P) > 0).all()):
        raise NotApplicableError("log p is quadratic, but not that of a Gaussian: H is not negative definite")
    return P


def _is_quadratic(subject: Subject) -> bool:
    """Whether products with H are the same at many points, for a few directions."""
    far = [Point(noise=3.0, seed=seed) for seed in range(FAR)]
    near = [Point(sample) for sample in range(min(NEAR, len(subject.x)))]
    first: dict[int, Tensor] = {}
    for probe in (*far, *near):
        x0 = subject.at(probe)
        for seed in range(DIRECTIONS):
            Hv = double_reverse(subject.log_prob, x0, Direction(seed=seed).vector(x0))
            reference = first.setdefault(seed, Hv)
            if float((Hv - reference).abs().max()) > RELATIVE * (1e-6 + float(reference.abs().max())):
                return False
    return True
