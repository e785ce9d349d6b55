"""Claim: Stein's identity on the model's own samples (docs/theory.md, eq. 23)."""

from dataclasses import dataclass

import torch
from hypothesis import strategies as st

from curvature.claims import ROUND_OFF, Claim, Evaluation, RandomTest, ToyFlow, Vector, Verdict, cases_of
from curvature.claims.strategies import gentle_flows, points

N_SAMPLES = 2048
# Six standard errors: among thousands of cases none shall fail by chance.
STANDARD_ERRORS = 6.0


@dataclass(frozen=True)
class ModelSamples:
    """A flow, a constant event a, and the seed of its samples."""

    model: ToyFlow
    a: Vector
    seed: int


def stein(case: ModelSamples) -> Evaluation:
    """Mean of ``(x - a).grad log p(x)`` over samples of the model, against -D."""
    flow = case.model
    x = flow.sample(N_SAMPLES, torch.Generator().manual_seed(case.seed)).requires_grad_()
    (g,) = torch.autograd.grad(flow.log_prob(x).sum(), x)
    a = torch.tensor(case.a, dtype=torch.float64).reshape(flow.event_shape)
    values = ((x.detach() - a) * g).flatten(1).sum(1)
    error = float(values.std()) / N_SAMPLES**0.5
    return Evaluation(float(values.mean()), "==", float(-flow.dim), STANDARD_ERRORS * error + ROUND_OFF)


CLAIM = Claim(
    name="stein",
    order=120,
    statement="On the model's own samples (x - a).grad log p averages to -D, for any a",
    equations=(23,),
    expected=Verdict.HOLDS,
    essential=True,
    test=RandomTest(
        cases=cases_of(ModelSamples, lambda shape: [points(shape), st.integers(0, 99)]),
        evaluate=stein,
        sides=(f"mean over {N_SAMPLES} samples", "-D"),
        models=gentle_flows,
        needs="samples of the flow itself: see the check of that name (check_flow)",
    ),
)
