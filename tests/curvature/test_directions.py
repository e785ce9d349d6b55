"""Curvature beside variances along given directions, and bases that leave no remainder."""

import pytest
import torch

from curvature import Moments, expand
from curvature.directions import along, difference_components, principal_components
from curvature.errors import OptionError, ShapeError
from tests.curvature.densities import CouplingFlow, Gaussian, randn


@pytest.fixture
def sets():
    return Moments.from_samples(0.5 * randn(40, 2, 3, seed=1)), Moments.from_samples(randn(9, 2, 3, seed=2))


def test_curvature_and_variances_along_directions_are_the_quadratic_forms(sets):
    q, p = sets
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    V = torch.linalg.qr(randn(6, 6, seed=3)).Q[:4].reshape(4, 2, 3)
    found = along(e, V, q, p)
    rows, H = V.reshape(4, 6), e.hessian()
    curvature = torch.einsum("ki,ij,kj->k", rows, H, rows)
    s_q, s_p = (torch.einsum("ki,ij,kj->k", rows, m.covariance(), rows) for m in (q, p))
    torch.testing.assert_close(found.curvature, curvature)
    torch.testing.assert_close(found.variance_q, s_q)
    torch.testing.assert_close(found.variance_p, s_p)
    torch.testing.assert_close(found.contribution, curvature * (s_q - s_p) / 2)
    term = float(torch.einsum("ij,ij->", H, q.covariance() - p.covariance())) / 2
    assert found.covariance == pytest.approx(term)
    assert found.remainder == pytest.approx(term - float(found.contribution.sum()))
    assert str(found).count("\n") == 6


@pytest.mark.parametrize("basis", ["difference", "curvature"])
def test_a_basis_that_diagonalises_one_of_both_leaves_no_remainder(sets, basis):
    q, p = sets
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    V = difference_components(q, p) if basis == "difference" else e.spectrum(3, 3).eigenvectors
    found = along(e, V, q, p)
    assert found.remainder == pytest.approx(0, abs=1e-10)
    if basis == "difference":
        assert (torch.diff(found.variance_q - found.variance_p) <= 1e-12).all()


def test_principal_components_of_a_gaussians_data_have_its_inverse_variances(sets):
    q, p = sets
    e = expand(Gaussian(torch.zeros(2, 3).double(), p.covariance()), at=p.mean)
    V = principal_components(p)
    found = along(e, V, q, p)
    torch.testing.assert_close(found.curvature, -1 / found.variance_p)
    assert (found.variance_p.diff() < 0).all()
    torch.testing.assert_close(V.reshape(6, 6) @ V.reshape(6, 6).T, torch.eye(6).double())
    assert principal_components(p, 2).shape == (2, 2, 3)
    assert principal_components(Moments.constant(torch.zeros(2, 3))).shape == (0, 2, 3)
    assert principal_components(Moments.from_samples(randn(4, 2, 3, seed=0))).shape == (3, 2, 3)


def test_bad_directions(sets):
    q, p = sets
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    with pytest.raises(OptionError, match="unit vectors"):
        along(e, torch.ones(1, 2, 3), q, p)
    with pytest.raises(ShapeError, match="directions"):
        along(e, torch.ones(1, 6), q, p)
    with pytest.raises(ShapeError, match="q: event shape"):
        along(e, torch.ones(1, 2, 3), Moments.constant(torch.zeros(6)), p)
    with pytest.raises(ShapeError, match="q: event shape"):
        difference_components(Moments.constant(torch.zeros(6)), p)
    assert along(e, torch.ones(0, 2, 3), q, p).remainder == along(e, torch.ones(0, 2, 3), q, p).covariance
