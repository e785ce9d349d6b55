import pytest
import torch

from curvature import evaluate_rungs, expand, prepare_rungs
from curvature.errors import OptionError, ShapeError
from curvature.rungs.mean_curvature import averaged_curvature
from tests.curvature.densities import CouplingFlow, Mixture, randn


@pytest.mark.parametrize(("n_samples", "route"), [(2, "quadratic forms"), (100, "dense")])
def test_the_average_is_that_of_the_hessians_at_the_points(n_samples, route):
    model, points = Mixture(randn(3, 4, seed=0)), randn(5, 4, seed=1)
    averaged = averaged_curvature(expand(model, at=torch.zeros(4)), points, n_samples)
    expected = torch.stack([expand(model, at=x).hessian() for x in points]).mean(0)
    d = randn(7, 4, seed=2)
    torch.testing.assert_close(averaged.forms(d), torch.einsum("bi,ij,bj->b", d, expected, d))
    assert averaged.route == f"{route}, averaged"


def test_at_samples_that_are_all_x0_it_is_taylor2():
    model, q, p = CouplingFlow((4,)), 0.3 * randn(9, 4, seed=1), randn(1, 4, seed=0).expand(3, 4)
    prepared = prepare_rungs(expand(model, at=p[0]), p, ["taylor2", "mean-curvature"])
    values = evaluate_rungs(prepared, q).values
    torch.testing.assert_close(values["mean-curvature"], values["taylor2"])


def test_without_points_it_is_absent_or_refused():
    e, p = expand(CouplingFlow((4,)), at=torch.zeros(4)), randn(4, 4, seed=0)
    assert "no points" in prepare_rungs(e, p, mean_curvature_points=0).absent["mean-curvature"]
    with pytest.raises(OptionError, match="no points"):
        prepare_rungs(e, p, ["mean-curvature"], mean_curvature_points=0)


def test_misshapen_points_are_refused():
    with pytest.raises(ShapeError, match="mean curvature"):
        averaged_curvature(expand(CouplingFlow((4,)), at=torch.zeros(4)), randn(2, 5, seed=0), 4)
