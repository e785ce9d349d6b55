"""A user's own density is tested by a strategy of it."""

import doctest

import pytest
import torch
from hypothesis import strategies as st
from torch import nn

import curvature.claims
import curvature.claims.strategies
from curvature.claims import AtPoint, Density, Effort, Verdict, check, claim, claims, verify
from curvature.claims.strategies import densities, eighths
from curvature.errors import OptionError
from tests.curvature.densities import CouplingFlow


class OwnFlow(CouplingFlow):
    """As a user has it: a module with log_prob and event_shape."""

    def __repr__(self):
        return f"OwnFlow(steps={len(self.mixings)})"


def own_flows():
    return st.builds(
        lambda steps, seed: OwnFlow((2, 1, 1), steps, 2, seed).double(), st.integers(1, 2), st.integers(0, 3)
    )


def mixture(distance):
    c = torch.tensor([[distance], [-distance]], dtype=torch.float64)
    return Density(lambda x: torch.logsumexp(-(x - c[:, None]).square().sum(2) / 2, 0), event_shape=(1,))


def test_an_own_flow_passes_the_claims_that_need_nothing_but_log_prob():
    verification = verify(models=own_flows(), examples=4)
    assert [outcome.claim for outcome in verification.outcomes] == list(claims())
    left_out = [outcome for outcome in verification.outcomes if outcome.verdict is Verdict.NOT_APPLICABLE]
    assert {outcome.claim.name for outcome in left_out} == {one.name for one in claims() if one.inapplicable}
    assert all(outcome.inapplicable and not outcome.is_unexpected for outcome in left_out)
    assert verification["stein"].inapplicable.startswith("needs samples of the flow")
    assert verification["linear-coefficient"].inapplicable.endswith("sympy decides alone")
    assert verification["routes-agree"].verdict is Verdict.HOLDS
    assert verification["remainder-cubic"].verdict is Verdict.HOLDS
    assert not verification["remainder-cubic"].is_unexpected
    assert all(outcome.evidence is None for outcome in verification.outcomes)
    assert verification.is_sound


def centred_mixture(distance):
    """As `mixture`, without a shape; an importable function, so that a counterexample can call it."""
    return mixture(distance).log_prob


class Silent(nn.Module):
    """A flow in float32 that does not say the shape of its events."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.eval()

    def log_prob(self, x):
        return -(self.scale * x).square().sum(1)


def test_float32_modules_are_decided_as_expand_accepts_them():
    verification = verify(models=st.builds(lambda: OwnFlow((2, 1, 1), 1, 2)), examples=3)
    assert verification.is_sound
    assert verification["routes-agree"].verdict is Verdict.HOLDS
    density = Density(Silent(), event_shape=(2,))
    assert verify(["hessian-sign"], models=st.just(density), examples=3)["hessian-sign"].verdict is Verdict.HOLDS


def test_a_model_without_a_shape_of_its_events_is_named():
    with pytest.raises(OptionError, match=r"Silent has no event_shape; draw Density\(log_prob, event_shape\)"):
        verify(["hessian-sign"], models=st.builds(Silent))
    with pytest.raises(OptionError, match="int has no log_prob"):
        verify(["hessian-sign"], models=st.integers())


def test_a_counterexample_on_an_own_density_is_a_program_that_runs():
    own = densities(centred_mixture, event_shape=(1,), distance=eighths())
    found = verify(["hessian-sign"], models=own, examples=60)["hessian-sign"].counterexample
    assert "Made.by(centred_mixture, event_shape=(1,), distance=" in found.snippet
    assert "from tests.curvature.claims.engine.test_verification import centred_mixture\n" in found.snippet
    variables = {}
    exec(found.snippet, variables)
    assert variables["CLAIM"].evaluate(variables["case"]) == found.evaluation


def test_a_density_without_a_repr_that_is_code_says_how_to_get_one():
    models = st.builds(mixture, eighths())
    found = verify(["hessian-sign"], models=models, examples=60)["hessian-sign"].counterexample
    assert "# The model's repr is no code: draw it by curvature.claims.strategies.densities" in found.snippet


def test_arguments_that_a_function_does_not_take_are_named():
    with pytest.raises(OptionError, match=r"centred_mixture: got an unexpected keyword argument 'space'"):
        densities(centred_mixture, event_shape=(1,), distance=eighths(), space=eighths())


def test_shrinking_takes_a_bounded_number_of_cases():
    tried = []
    own = densities(centred_mixture, event_shape=(1,), distance=eighths())
    effort = Effort(examples=60, shrinking=3, on_case=lambda: tried.append(1))
    outcome = check(claim("hessian-sign"), effort, own)
    assert outcome.verdict is Verdict.REFUTED
    assert len(tried) <= outcome.cases + 3


def test_a_claim_about_toy_flows_names_the_model_that_it_cannot_be_put_to():
    with pytest.raises(OptionError, match="needs samples of the flow"):
        check(claim("stein"), models=own_flows())
    with pytest.raises(OptionError, match="about toy flows; got Density"):
        _ = AtPoint(mixture(1.0), (0.0,)).toy_flow


@pytest.mark.parametrize("module", [curvature.claims, curvature.claims.strategies])
def test_the_examples_in_docstrings_run(module):
    assert doctest.testmod(module).failed == 0


def test_claims_about_toy_flows_are_refused():
    for name in ("stein", "linear-coefficient"):
        with pytest.raises(OptionError, match=f"{name}.*cannot be put to your own densities.*hessian-sign"):
            verify([name], models=own_flows())


def test_a_mixture_is_not_log_concave_between_its_modes():
    verification = verify(["hessian-sign"], models=st.builds(mixture, eighths()), examples=60)
    outcome = verification["hessian-sign"]
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.cases_under_condition is None
    assert outcome.counterexample.evaluation.left > 0
    assert "Density" in str(outcome.counterexample.numbers()) or "log_prob" in outcome.counterexample.numbers()["model"]


def test_progress_is_told():
    told = []
    verify(["swap-negates"], examples=2, progress=lambda name, done: told.append((name, done)))
    assert told[0] == ("swap-negates", 1)
    assert told[-1][1] == len(told)


def test_a_run_is_asked_for_its_claims_by_name():
    verification = verify(["linear-coefficient"])
    assert verification["linear-coefficient"].tested_by == "sympy"
    with pytest.raises(KeyError, match="stein"):
        verification["stein"]
