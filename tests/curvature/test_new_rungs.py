"""The rungs that need more than an expansion: `published`, `mean-curvature` and the adaptive `path`."""

import math

import pytest
import torch

from curvature import Moments, curvature_ladder, expand, sample_terms
from curvature.closed_form.coefficients import predict_from_variances, published_coefficients
from curvature.errors import OptionError, ShapeError
from curvature.rungs.adaptive_path import ABSOLUTE_TOLERANCE, NODES, RELATIVE_TOLERANCE, grow_nodes
from curvature.rungs.mean_curvature import DENSE_UP_TO, MeanCurvature, mean_curvature
from curvature.rungs.viewpoint import Viewpoint, look_from
from tests.curvature.densities import CouplingFlow, Gaussian, Mixture, randn, random_spd
from tests.experiments.models.cases import glow


def images(count, seed, scale=0.2):
    return 0.5 + scale * randn(count, 3, 4, 4, seed=seed)


def test_published_is_the_closed_form_of_kernels_and_variances():
    model = glow((3, 4, 4)).eval()
    q, p = images(20, 1, 0.1), images(30, 2)
    ladder = curvature_ladder(model, q, p, rungs=["published"])
    coefficients = published_coefficients(model.channel_mixings(), 3, float(model.prior.scale))
    expected = predict_from_variances(coefficients, *(Moments.from_samples(x).variance() for x in (q, p)))
    assert ladder["published"].nats == pytest.approx(expected.nats, rel=1e-9)
    assert ladder["published"].route == "closed form"


def test_published_is_left_out_without_kernels_and_refused_when_asked_for():
    model, x = CouplingFlow((4,)), randn(6, 4, seed=0)
    assert "published" not in [rung.name for rung in curvature_ladder(model, x, x).rungs]
    with pytest.raises(OptionError, match="no 1x1 kernels"):
        curvature_ladder(model, x, x, rungs=["published"])


def test_mean_curvature_averages_the_hessians_at_the_points():
    model, points = Mixture(randn(3, 4, seed=0)), randn(5, 4, seed=1)
    e = expand(model, at=torch.zeros(4))
    averaged = mean_curvature(e, points)
    expected = torch.stack([expand(model, at=x).hessian() for x in points]).mean(0)
    torch.testing.assert_close(averaged.hessian(), expected)
    d = randn(7, 4, seed=2)
    torch.testing.assert_close(averaged.quadratic(d), torch.einsum("bi,ij,bj->b", d, expected, d))
    assert (averaged.count, averaged.dim) == (5, 4)
    assert "5 points" in repr(averaged)


def test_mean_curvature_by_products_equals_the_dense_one(monkeypatch):
    model, d = Mixture(randn(3, 4, seed=0)), randn(7, 4, seed=2)
    e = expand(model, at=torch.zeros(4))
    dense = mean_curvature(e, randn(3, 4, seed=1)).quadratic(d)
    monkeypatch.setattr("curvature.rungs.mean_curvature.DENSE_UP_TO", 1)
    torch.testing.assert_close(mean_curvature(e, randn(3, 4, seed=1)).quadratic(d), dense)
    assert DENSE_UP_TO > 1


def test_mean_curvature_of_one_point_at_x0_is_taylor2():
    model, q, p = CouplingFlow((4,)), 0.3 * randn(9, 4, seed=1), randn(30, 4, seed=0)
    e = expand(model, at=p.mean(0))
    view = Viewpoint(e, averaged=mean_curvature(e, e.at[None]))
    terms = sample_terms(view, q, rungs=["taylor2", "mean-curvature"]).terms
    torch.testing.assert_close(terms["mean-curvature"], terms["taylor2"])
    assert isinstance(view.averaged, MeanCurvature)
    assert sample_terms(view, p).count == 30


def test_mean_curvature_without_points_is_refused_and_misshapen_points_too():
    e = expand(CouplingFlow((4,)), at=torch.zeros(4))
    with pytest.raises(OptionError, match="no points"):
        sample_terms(e, randn(4, 4, seed=0), rungs=["mean-curvature"])
    with pytest.raises(ShapeError, match="mean curvature"):
        look_from(e, randn(2, 5, seed=0))


@pytest.mark.parametrize("model", [CouplingFlow((4,)).double(), Mixture(3 * randn(3, 4, seed=0))])
def test_the_adaptive_path_ends_within_its_tolerance_of_the_measured_gap(model):
    q, p = 0.25 * randn(40, 4, seed=1) + 0.3, 1.5 * randn(60, 4, seed=2)
    ladder = curvature_ladder(model, q=q, p=p)
    tolerance = max(RELATIVE_TOLERANCE * abs(ladder.measured.bits_per_dim), 1.5 * ABSOLUTE_TOLERANCE)
    assert abs(ladder["path"].difference) <= tolerance
    assert ladder["path"].nodes in NODES
    assert f"{ladder['path'].nodes} Gauss-Jacobi nodes" in ladder["path"].route
    assert "not converged" not in ladder["path"].route


def test_a_gaussian_needs_no_more_than_the_second_look():
    model = Gaussian(randn(3, seed=1), random_spd(3, seed=2))
    ladder = curvature_ladder(model.log_prob, q=0.5 * randn(9, 3, seed=3), p=randn(9, 3, seed=4))
    assert ladder["path"].nodes == 2


def test_nodes_grow_to_the_limit_where_nothing_converges_and_say_so():
    def jumping(n):
        return torch.full((2,), float(n) * (-1) ** n * 1e3)

    grown = grow_nodes(jumping, dim=4, reference_mean=None, most_nodes=6)
    assert (grown.nodes, grown.converged) == (5, False)


def test_the_tolerance_is_a_share_of_the_gap_or_a_fixed_number_of_bits():
    dim = 10
    bits = dim * math.log(2)

    def settling(n):
        return torch.full((3,), 100 * bits + bits / n**2)

    assert grow_nodes(settling, dim, reference_mean=0.0).nodes == 2
    tight = grow_nodes(settling, dim, reference_mean=100 * bits)
    previous = NODES[NODES.index(tight.nodes) - 1]
    assert 1 / previous**2 - 1 / tight.nodes**2 <= ABSOLUTE_TOLERANCE
    assert grow_nodes(settling, dim, reference_mean=None).nodes >= tight.nodes
