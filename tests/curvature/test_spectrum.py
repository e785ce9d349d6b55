import numpy as np
import pytest
import scipy.sparse.linalg
import torch

from curvature import expand
from curvature.errors import ConvergenceError, OptionError, UnknownNameError
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
