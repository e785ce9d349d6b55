"""A user's own density is tested by a strategy of it."""

import pytest
import torch
from hypothesis import strategies as st

from curvature.claims import Density, Verdict, claims, verify
from curvature.claims.strategies import eighths
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
    tested = [outcome.claim.name for outcome in verification.outcomes]
    assert tested == [one.name for one in claims() if one.test and one.test.any_density]
    assert verification["routes-agree"].verdict is Verdict.HOLDS
    assert verification["remainder-cubic"].verdict is Verdict.HOLDS
    assert not verification["remainder-cubic"].is_unexpected
    assert all(outcome.evidence is None for outcome in verification.outcomes)
    assert verification.is_sound


def test_claims_about_toy_flows_are_refused():
    for name in ("stein", "linear-coefficient"):
        with pytest.raises(OptionError, match=f"{name}.*needs toy flows.*hessian-sign"):
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
