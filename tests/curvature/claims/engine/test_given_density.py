"""The theory's claims on one density, at points and with covariances like those of the user's data."""

import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from curvature.claims import AtPoint, Covariance, Effort, Verdict, WithCovariance, check, claim, given_density, verify
from curvature.claims.engine.drawing.coordinates import DIRECTIONS, STEP, WHOLE_HESSIAN_WITHIN
from curvature.claims.engine.segments import WithDirection, is_smooth
from curvature.errors import GradientError, NonFiniteError, ShapeError, TrainingModeError
from tests.curvature.densities import CouplingFlow


class Coupling(nn.Module):
    """z = (x1, x2 + s(W x1)) under N(0, 1), in float32 and without event_shape."""

    def __init__(self, dim, activation):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(dim // 2, 16), nn.Linear(16, dim // 2)
        self.activation = activation
        self.eval()

    def forward(self, x):
        x1, x2 = x.chunk(2, 1)
        return torch.cat([x1, x2 + 3 * self.last(self.activation(self.first(x1)))], 1), x.new_zeros(len(x))

    def log_prob(self, x):
        return -0.5 * self(x)[0].square().sum(1)


def data(dim, n=32):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(1))


def test_a_module_in_float32_without_event_shape_is_put_to_every_claim_about_densities():
    verification = verify(models=given_density(Coupling(12, nn.Tanh()), data(12)), examples=2)
    assert verification.is_sound
    verdicts = {outcome.claim.name: outcome.verdict for outcome in verification.outcomes}
    assert verdicts["routes-agree"] is Verdict.HOLDS
    assert verdicts["stein"] is verdicts["two-channels"] is Verdict.NOT_APPLICABLE
    assert not any(outcome.is_unexpected for outcome in verification.outcomes)


def test_kinks_refute_convergence_and_that_is_as_the_condition_says():
    model = given_density(Coupling(12, nn.ReLU()), data(12))
    outcome = check(claim("path-converges"), Effort(examples=3, shrinking=2), st.just(model))
    assert outcome.verdict in {Verdict.REFUTED, Verdict.CONDITIONAL}
    assert not outcome.is_unexpected
    assert not outcome.is_alarming


def test_a_gradient_that_is_not_that_of_log_p_is_refused():
    class Wrong(Coupling):
        def log_prob(self, x):
            return super().log_prob(x) + 5 * x.detach().prod(1)

    with pytest.raises(GradientError):
        given_density(Wrong(2, nn.Tanh()), 3 * data(2))


@pytest.mark.parametrize(("activation", "smooth"), [(nn.Tanh(), True), (nn.ReLU(), False)])
def test_a_kink_along_a_line_is_seen(activation, smooth):
    model = given_density(Coupling(4, activation), data(4))
    assert is_smooth(WithDirection(model, (0.0,) * 4, (4.0, 4.0, 0.0, 0.0))) is smooth


@pytest.mark.parametrize("dim", [3, 20])
def test_numbers_are_steps_about_the_mean_of_the_data(dim):
    x = data(dim).double()
    model = given_density(
        Coupling(20, nn.Tanh()) if dim == 20 else CouplingFlow((3, 1, 1), 1, 2),
        x.reshape(-1, 3, 1, 1) if dim == 3 else x,
    )
    size = min(dim, DIRECTIONS)
    assert model.coordinates.shape == (size,)
    case = AtPoint(model, (0.0,) * size)
    torch.testing.assert_close(case.point().flatten(), x.mean(0))
    first = case.displacement((1.0,) + (0.0,) * (size - 1)).flatten()
    expected = x[0] - x.mean(0) if dim == 20 else torch.eye(3).double()[0] * (x - x.mean(0)).square().mean().sqrt()
    torch.testing.assert_close(first, STEP * expected)


@pytest.mark.parametrize("dim", [20, WHOLE_HESSIAN_WITHIN + 2])
def test_hessian_and_covariances_are_seen_in_one_frame(dim):
    model = given_density(Coupling(dim, nn.Tanh()), data(dim))
    case = WithCovariance(model, (0.5, 0.0, 1.0, 0.0, 0.0, -0.25, 0.0, 0.0), Covariance(((1.0,) * 8, (0.0, 2.0) * 4)))
    moments = case.moments(case.covariance)
    F, H = case.in_frame(moments), torch.func.hessian(lambda x: model.log_prob(x[None])[0])(case.point())
    assert len(case.hessian) == (dim if dim == 20 else DIRECTIONS)
    assert float((F * (case.hessian @ F)).sum()) == pytest.approx(float((H * moments.covariance()).sum()), rel=1e-9)
    assert torch.linalg.eigvalsh(case.hessian)[-1] <= torch.linalg.eigvalsh(H)[-1] + 1e-9


def test_a_counterexample_is_a_program_that_runs_on_the_model_it_was_given():
    origin = (
        "import torch\nfrom tests.curvature.claims.engine.test_given_density import Coupling, data\n"
        "flow, x = Coupling(12, torch.nn.Tanh()), data(12)\n"
    )
    model = given_density(Coupling(12, nn.Tanh()), data(12), origin)
    found = verify(["hessian-sign"], models=model, examples=8)["hessian-sign"].counterexample
    variables = {}
    exec(found.snippet, variables)
    assert variables["CLAIM"].evaluate(variables["case"]) == found.evaluation
    assert claim("hessian-sign").evaluate(found.case) == found.evaluation
    assert "# flow and x: what was given" in given_density(Coupling(12, nn.Tanh()), data(12)).imported


def test_points_outside_the_support_are_drawn_again():
    def uniform_times_gaussian(x):
        return torch.where((x.abs() < 1).all(1), -x.square().sum(1), -torch.inf)

    found = verify(["hessian-sign", "remainder-cubic"], models=given_density(uniform_times_gaussian, data(2) / 3))
    assert [outcome.verdict for outcome in found.outcomes] == [Verdict.HOLDS] * 2


def test_what_cannot_be_put_to_claims_is_told():
    with pytest.raises(ShapeError, match=r"expected events \[N, \*event\]"):
        given_density(Coupling(2, nn.Tanh()), torch.zeros(0, 2))
    with pytest.raises(NonFiniteError, match="x: 1 of 4 values"):
        given_density(Coupling(2, nn.Tanh()), torch.tensor([[0.0, 1.0], [torch.nan, 0.0]]))
    with pytest.raises(TrainingModeError):
        given_density(Coupling(2, nn.Tanh()).train(), data(2))
