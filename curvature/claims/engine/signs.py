"""Both sides of the claims about signs: the largest eigenvalue of H, and the predicted gap of q against p (eq. 9)."""

import torch

from curvature import Moments
from curvature.claims.engine.claim import Condition
from curvature.claims.engine.drawing.cases import AtPoint
from curvature.property_testing.evaluation import Evaluation

# Larger than round-off, so that no counterexample is an effect of rounding.
MARGIN = 1e-7


def largest_eigenvalue(case: AtPoint) -> Evaluation:
    """The largest eigenvalue of H is not positive."""
    eigenvalues = torch.linalg.eigvalsh(case.hessian)
    return Evaluation(float(eigenvalues[-1]), "<=", 0.0, MARGIN * float(eigenvalues.abs().max()))


def predicted_gain(case: AtPoint, q: Moments, p: Moments) -> Evaluation:
    """``1/2 Tr{H (Sigma_q - Sigma_p)}``, the predicted gap of q against p with means x0 (eq. 9), is not negative."""
    H, Fq, Fp = case.hessian, case.in_frame(q), case.in_frame(p)
    gain = float((Fq * (H @ Fq)).sum() - (Fp * (H @ Fp)).sum()) / 2
    scale = float(H.abs().max()) * (q.total_variance + p.total_variance)
    return Evaluation(gain, ">=", 0.0, MARGIN * scale)


SEMI_DEFINITE = Condition("H negative semi-definite at x0", meets=lambda case: largest_eigenvalue(case).holds)
