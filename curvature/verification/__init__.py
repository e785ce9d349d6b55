"""The claims of the theory put to the test: random toy flows, shrunken counterexamples, verdicts that are computed.

>>> from curvature.verification import verify
>>> run = verify(["hessian-sign"], examples=100)
>>> run.outcomes[0].verdict.value
'holds under a condition'

Your own flow, or any density, is tested by a strategy of it: here one with a parameter for Hypothesis to vary.

>>> import torch
>>> from hypothesis import strategies as st
>>> from curvature.verification import Density, eighths
>>> def mixture(distance):  # two unit Gaussians at +- distance
...     c = torch.tensor([[distance], [-distance]], dtype=torch.float64)
...     return Density(lambda x: torch.logsumexp(-(x - c[:, None]).square().sum(2) / 2, 0), event_shape=(1,))
>>> run = verify(["hessian-sign"], models=st.builds(mixture, eighths()), examples=50)
>>> run.outcomes[0].verdict.value  # more than one unit apart, log p has a hollow between its modes
'refuted'
"""

from curvature.verification.cases import (
    AtPoint,
    Density,
    Model,
    ModelSamples,
    TwoFlows,
    WithContrasts,
    WithCovariance,
    WithDirection,
    WithOrder,
    WithSamples,
    WithVariances,
)
from curvature.verification.catalog import CLAIMS, Verification, claim, verify
from curvature.verification.claim import Claim, Condition, Counterexample, Evaluation, Outcome, Verdict
from curvature.verification.covariance_strategies import (
    Covariance,
    OrderedCovariances,
    covariances,
    ordered_covariances,
)
from curvature.verification.flow_strategies import couplings, flow_numbers, flows, kernels
from curvature.verification.proofs import Proof
from curvature.verification.refutation import DEFAULT_EXAMPLES, Search, check, search
from curvature.verification.small_numbers import eighths, matrices, vectors
from curvature.verification.toy_flow import Coupling, FlowNumbers, Level, Step, ToyFlow

__all__ = [
    "CLAIMS",
    "DEFAULT_EXAMPLES",
    "AtPoint",
    "Claim",
    "Condition",
    "Counterexample",
    "Coupling",
    "Covariance",
    "Density",
    "Evaluation",
    "FlowNumbers",
    "Level",
    "Model",
    "ModelSamples",
    "OrderedCovariances",
    "Outcome",
    "Proof",
    "Search",
    "Step",
    "ToyFlow",
    "TwoFlows",
    "Verdict",
    "Verification",
    "WithContrasts",
    "WithCovariance",
    "WithDirection",
    "WithOrder",
    "WithSamples",
    "WithVariances",
    "check",
    "claim",
    "couplings",
    "covariances",
    "eighths",
    "flow_numbers",
    "flows",
    "kernels",
    "matrices",
    "ordered_covariances",
    "search",
    "vectors",
    "verify",
]
