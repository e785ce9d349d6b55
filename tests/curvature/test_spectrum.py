import numpy as np
import pytest
import scipy.sparse.linalg
import torch

from curvature import Moments, expand
from curvature.directions import along, difference_components, principal_components
from curvature.errors import ConvergenceError, OptionError, ShapeError, UnknownNameError
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd


@pytest.mark.parametrize("route", ["lanczos", "dense", "auto"])
@pytest.mark.parametrize("event", [(12,), (1, 3, 4)])
def test_extreme_eigenpairs_are_those_of_the_dense_hessian(event, route):
    model = CouplingFlow(event)
    x0 = randn(*event, seed=0)
    found = expand(model, at=x0).spectrum(lowest=3, highest=2, route=route)
    values, U = np.linalg.eigh(expand(model, at=x0).hessian().numpy())
    picked = [0, 1, 2, -2, -1]
    np.testing.assert_allclose(found.eigenvalues, values[picked], rtol=1e-9)
    assert found.eigenvectors.shape == (5, *event)
    overlaps = np.abs((found.eigenvectors.reshape(5, -1).numpy() * U[:, picked].T).sum(1))
    np.testing.assert_allclose(overlaps, 1, rtol=1e-8)
    assert float(found.residuals.max()) < 1e-8
    assert found.route == ("lanczos" if route == "lanczos" else "dense")
    assert found.num_matvecs > 5
    assert str(found).startswith("5 extreme eigenvalues of H")


def test_one_end_alone_and_the_same_twice():
    e = expand(CouplingFlow((16,)), at=randn(16, seed=0))
    low, again = (e.spectrum(lowest=2, highest=0, route="lanczos") for _ in range(2))
    assert torch.equal(low.eigenvalues, again.eigenvalues)
    assert low.eigenvalues.shape == (2,)
    high = e.spectrum(lowest=0, highest=1)
    torch.testing.assert_close(high.eigenvalues[0], torch.linalg.eigvalsh(e.hessian())[-1])


def test_all_pairs_and_a_known_hessian_need_no_lanczos():
    e = expand(CouplingFlow((6,)), at=randn(6, seed=0))
    assert e.spectrum(lowest=3, highest=3, route="lanczos").route == "dense"
    assert e.spectrum(lowest=1, highest=1).num_matvecs == 8
    assert e.dense().spectrum(lowest=1, highest=1).num_matvecs == 2


def test_a_gaussian_has_minus_its_inverse_variances():
    Sigma = random_spd(6, seed=1)
    found = expand(Gaussian(torch.zeros(6), Sigma), at=torch.zeros(6)).spectrum(1, 1)
    variances = torch.linalg.eigvalsh(Sigma)
    torch.testing.assert_close(found.eigenvalues, -1 / variances[[0, -1]])


def test_lanczos_that_does_not_converge_says_what_to_do(monkeypatch):
    def never(*_, **__):
        raise scipy.sparse.linalg.ArpackNoConvergence("no", np.zeros(1), np.zeros((16, 1)))

    monkeypatch.setattr(scipy.sparse.linalg, "eigsh", never)
    e = expand(CouplingFlow((16,)), at=randn(16, seed=0))
    with pytest.raises(ConvergenceError, match=r"1 of 2 eigenvalues \(SA\) converged"):
        e.spectrum(lowest=2, highest=0, route="lanczos")


def test_bad_numbers_of_pairs():
    e = expand(CouplingFlow((4,)), at=randn(4, seed=0))
    for lowest, highest in ((0, 0), (-1, 2), (3, 2)):
        with pytest.raises(OptionError, match="expected 1 to D = 4"):
            e.spectrum(lowest, highest)
    with pytest.raises(UnknownNameError, match="spectrum route 'arnoldi'"):
        e.spectrum(1, 1, route="arnoldi")


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
