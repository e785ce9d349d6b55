import pytest
import torch

import curvature.mode
from curvature import expand, find_mode
from curvature.errors import ConvergenceError, DtypeError, NonFiniteError, OptionError
from curvature.hessian.derivatives import load_forward_mode
from tests.curvature.densities import CouplingFlow, Gaussian, Mixture, randn, random_spd

load_forward_mode()


@pytest.fixture(params=["dense", "krylov"])
def steps(request, monkeypatch):
    """Newton steps from the dense Hessian, and as for large D from products with it."""
    if request.param == "krylov":
        monkeypatch.setattr(curvature.mode, "DENSE_WITHIN", 0)
    return request.param


@pytest.mark.parametrize("event", [(), (5,), (1, 2, 3)])
def test_newton_finds_the_mean_of_a_gaussian_and_one_exact_step_is_enough(event, steps):
    model = Gaussian(0.3 * randn(*event, seed=0), random_spd(max(1, torch.Size(event).numel()), seed=1))
    start = 0.1 * randn(*event, seed=2)
    mode = find_mode(model, start)
    torch.testing.assert_close(mode.point, model.mean, rtol=0, atol=1e-8)
    assert steps == "krylov" or mode.iterations == 1
    assert mode.converged
    assert mode.n_at_bounds == 0
    assert mode.log_prob == pytest.approx(float(model.log_prob(model.mean[None])))
    e = expand(model, at=start)
    step = torch.linalg.solve(e.hessian(), e.gradient.reshape(-1)).reshape(event)
    torch.testing.assert_close(mode.point, start - step, rtol=0, atol=1e-8)


@pytest.mark.parametrize("side", [0, 1])
def test_a_mixture_has_a_mode_near_each_centre(side, steps):
    u = torch.tensor([2.0, 1.0, -1.0], dtype=torch.float64)
    model = Mixture(torch.stack([u, -u]))
    mode = find_mode(model, (0.4, -0.4)[side] * u)
    assert mode.converged
    assert float((mode.point - (u, -u)[side]).norm()) < 0.1
    assert float(model.gradient(mode.point).norm()) < 1e-5
    assert torch.linalg.eigvalsh(model.hessian(mode.point))[-1] < 0


def test_the_saddle_between_two_centres_is_left(steps):
    model = Mixture(torch.tensor([[3.0, 0.0], [-3.0, 0.0]], dtype=torch.float64))
    mode = find_mode(model, torch.tensor([1e-3, 0.5], dtype=torch.float64))
    torch.testing.assert_close(mode.point.abs(), torch.tensor([3.0, 0.0], dtype=torch.float64), rtol=0, atol=1e-3)


def test_the_mode_of_a_constant_volume_flow_is_where_the_latents_are_zero(steps):
    model = CouplingFlow((2, 3))
    mode = find_mode(model, 0.2 * randn(2, 3, seed=3).float())
    z, _ = model.double()(mode.point[None])
    assert mode.converged
    assert mode.point.dtype == torch.float64
    torch.testing.assert_close(z, torch.zeros_like(z), rtol=0, atol=1e-5)


def test_bounds_hold_the_mode_and_agree_with_the_free_one_inside():
    model = Gaussian(torch.tensor([0.5, 2.0, -1.0]).double(), torch.eye(3).double())
    start = torch.full((3,), 0.3, dtype=torch.float64)
    mode = find_mode(model, start, bounds=(0.0, 1.0))
    torch.testing.assert_close(mode.point, torch.tensor([0.5, 1.0, 0.0]).double(), rtol=0, atol=1e-6)
    assert mode.n_at_bounds == 2
    assert mode.converged
    assert "2 of 3 coordinates at a bound" in str(mode)
    wide = find_mode(model, start, bounds=(-9.0, 9.0))
    torch.testing.assert_close(wide.point, find_mode(model, start).point, rtol=0, atol=1e-5)
    assert wide.n_at_bounds == 0


def test_a_slow_ascent_within_bounds_is_finished_by_newton_where_no_bound_holds_it():
    model = CouplingFlow((2, 3))
    start = randn(2, 3, seed=3)
    free, wide = (find_mode(model, start, bounds, max_iterations=18) for bounds in (None, (-9.0, 9.0)))
    assert free.converged
    assert wide.converged
    assert wide.iterations > 18
    torch.testing.assert_close(wide.point, free.point, rtol=0, atol=1e-4)
    # The free mode lies outside the box, but after one step no coordinate is at a bound yet.
    model = Gaussian(torch.tensor([0.5, 3.0]).double(), torch.diag(torch.tensor([1.0, 1e4])).double())
    short = find_mode(model, torch.zeros(2).double(), bounds=(-1.0, 1.0), max_iterations=1)
    assert not short.converged
    assert float(short.point.abs().max()) < 1


def test_running_out_of_iterations_is_told():
    model = CouplingFlow((2, 3))
    mode = find_mode(model, randn(2, 3, seed=3), max_iterations=1)
    assert not mode.converged
    assert "NOT converged" in str(mode)


@pytest.mark.filterwarnings("ignore:.*rises away from it:curvature.errors.ModelWarning")
def test_an_ascent_without_a_summit_is_an_error(steps):
    start = torch.zeros(3, dtype=torch.float64)
    with pytest.raises(ConvergenceError, match="log p still rises at distance"):
        find_mode(lambda x: x.square().sum(1), start + 0.1)
    with pytest.raises(ConvergenceError, match="not finite at distance"):
        find_mode(lambda x: (1 - x).log().neg().sum(1), start)
    assert find_mode(lambda x: x.square().sum(1), start + 0.1, bounds=(-1.0, 1.0)).log_prob == pytest.approx(3)


def test_bad_arguments():
    model = CouplingFlow((4,))
    with pytest.raises(OptionError, match="lower one first"):
        find_mode(model, torch.zeros(4), bounds=(1.0, 0.0))
    with pytest.raises(OptionError, match="outside the bounds"):
        find_mode(model, torch.zeros(4), bounds=(0.5, 1.0))
    with pytest.raises(DtypeError, match="start"):
        find_mode(model, torch.zeros(4, dtype=torch.long))
    with pytest.raises(NonFiniteError, match="start"):
        find_mode(model, torch.full((4,), torch.nan))
