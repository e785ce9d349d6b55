"""The claims of the theory, one file each, tested on random toy flows and by sympy; their verdicts are computed.

>>> from curvature.claims import verify
>>> run = verify(["hessian-sign"], examples=100)
>>> run["hessian-sign"].verdict.value
'holds under a condition'

A trained flow, or any density, is tested at points about its data: ``verify(models=given_density(flow, x))``. A family
of densities is tested through a Hypothesis strategy that draws them, here with one parameter.

>>> import torch
>>> from curvature.claims.strategies import densities, eighths
>>> def mixture(distance):  # two unit Gaussians at +- distance
...     c = torch.tensor([[distance], [-distance]], dtype=torch.float64)
...     return lambda x: torch.logsumexp(-(x - c[:, None]).square().sum(2) / 2, 0)
>>> own = densities(mixture, event_shape=(1,), distance=eighths())
>>> run = verify(["hessian-sign"], models=own, examples=50)
>>> run["hessian-sign"].verdict.value  # two separate modes have a minimum of log p between them
'refuted'

A claim is added as one file of this package that defines ``CLAIM = Claim(...)``, and a test; nothing else names it.
Take `swap_negates.py` as the pattern for random cases, `linear_coefficient.py` for sympy, `hessian_sign.py` for both.
"""

from curvature.claims.engine.check import check
from curvature.claims.engine.claim import Claim, Condition, RandomTest
from curvature.claims.engine.drawing.cases import AtPoint, Density, Model, WithCovariance, cases_of, with_covariance
from curvature.claims.engine.drawing.covariance_strategies import Covariance, OrderedCovariances
from curvature.claims.engine.drawing.flow_numbers import Coupling, FlowNumbers, Level, Step
from curvature.claims.engine.drawing.given_density import GivenDensity, given_density
from curvature.claims.engine.drawing.own_models import Made, OwnModel, own_model
from curvature.claims.engine.drawing.small_numbers import Matrix, Vector
from curvature.claims.engine.drawing.toy_flow import ToyFlow
from curvature.claims.engine.evidence import Evidence
from curvature.claims.engine.outcome import Outcome
from curvature.claims.engine.registry import claim, claims
from curvature.claims.engine.verdict import Verdict
from curvature.claims.engine.verification import Verification, verify
from curvature.property_testing.counterexample import Counterexample
from curvature.property_testing.evaluation import ROUND_OFF, Evaluation
from curvature.property_testing.search import DEFAULT_EXAMPLES, Effort, Found, search

__all__ = [
    "DEFAULT_EXAMPLES",
    "ROUND_OFF",
    "AtPoint",
    "Claim",
    "Condition",
    "Counterexample",
    "Coupling",
    "Covariance",
    "Density",
    "Effort",
    "Evaluation",
    "Evidence",
    "FlowNumbers",
    "Found",
    "GivenDensity",
    "Level",
    "Made",
    "Matrix",
    "Model",
    "OrderedCovariances",
    "Outcome",
    "OwnModel",
    "RandomTest",
    "Step",
    "ToyFlow",
    "Vector",
    "Verdict",
    "Verification",
    "WithCovariance",
    "cases_of",
    "check",
    "claim",
    "claims",
    "given_density",
    "own_model",
    "search",
    "verify",
    "with_covariance",
]
