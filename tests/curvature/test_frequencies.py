import numpy as np
import pytest
import scipy.fft
import torch

from curvature import Moments, expand, frequency_bands
from curvature.errors import OptionError, ShapeError
from curvature.frequencies import cosine_matrix, cosine_transform
from tests.curvature.densities import CouplingFlow, Gaussian, randn

EVENT = (2, 4, 3)


@pytest.fixture(params=[False, True], ids=["products", "dense"])
def problem(request):
    p = Moments.from_samples(randn(9, *EVENT, seed=1))
    q = Moments.from_samples(0.5 * randn(60, *EVENT, seed=2))
    e = expand(CouplingFlow(EVENT), at=p.mean)
    return e.dense() if request.param else e, q, p


def basis(channels, height, width):
    return torch.kron(torch.eye(channels).double(), torch.kron(cosine_matrix(height), cosine_matrix(width)))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_the_cosine_basis_is_orthonormal_and_that_of_scipy(n):
    A = cosine_matrix(n)
    torch.testing.assert_close(A @ A.T, torch.eye(n).double(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(A, scipy.fft.dct(np.eye(n), axis=0, norm="ortho"), atol=1e-14)


def test_the_transform_of_images_is_that_of_scipy():
    x = randn(3, *EVENT, seed=0)
    np.testing.assert_allclose(cosine_transform(x), scipy.fft.dctn(x.numpy(), axes=(2, 3), norm="ortho"), atol=1e-13)


@pytest.mark.parametrize("bands", [1, 3, 8])
def test_bands_are_sums_of_the_matrices_in_the_cosine_basis(problem, bands):
    e, q, p = problem
    found = frequency_bands(e, q, p, bands)
    T = basis(*EVENT)
    H, dS = T @ e.hessian() @ T.T, T @ (q.covariance() - p.covariance()) @ T.T
    down, across = torch.meshgrid(torch.arange(4) / 8, torch.arange(3) / 6, indexing="ij")
    radius = torch.hypot(down, across).reshape(-1)
    ring = torch.ceil(radius / radius.max() * bands - 1e-6).long()
    terms = ((H * dS) / 2).reshape(2, 12, 2, 12)
    for k, value in enumerate(ring.unique()):
        inside = ring == value
        assert float(found.frequency[k]) == pytest.approx(float(radius[inside].mean()))
        assert int(found.count[k]) == 2 * int(inside.sum())
        h = torch.einsum("cfcf->f", H.reshape(2, 12, 2, 12))[inside].sum() / found.count[k]
        torch.testing.assert_close(found.curvature[k], h)
        torch.testing.assert_close(found.diagonal[k], torch.einsum("cfcf->f", terms)[inside].sum())
        torch.testing.assert_close(found.channels[k], torch.einsum("cfdf->f", terms)[inside].sum())
        torch.testing.assert_close(found.share[k], terms.sum((2, 3)).sum(0)[inside].sum())
        for variance, moments in ((found.variance_q, q), (found.variance_p, p)):
            s = (T @ moments.covariance() @ T.T).diagonal().reshape(2, 12)[:, inside]
            torch.testing.assert_close(variance[k], s.mean())


def test_everything_sums_to_the_trace(problem):
    e, q, p = problem
    found = frequency_bands(e, q, p)
    term = (float(e.trace(q, "dense")) - float(e.trace(p, "dense"))) / 2
    assert found.covariance == pytest.approx(term)
    assert found.remainder == pytest.approx(term - float(found.diagonal.sum()))
    assert abs(found.remainder) > 0.01
    assert int(found.count.sum()) == found.dim == 24
    assert float((found.variance_p * found.count).sum()) == pytest.approx(p.total_variance)
    assert found.variance_above(0) == pytest.approx(1)
    assert 0 < found.variance_above(0.4) < 1
    assert "off-diagonal remainder" in str(found)


def test_a_gaussian_diagonal_in_frequency_has_known_curvature_and_no_remainder():
    T, variances = basis(1, 4, 4), 1 / (1 + torch.arange(16).double())
    Sigma = T.T @ torch.diag(variances) @ T
    p = Moments(torch.zeros(1, 4, 4).double(), T.T * variances.sqrt(), 100)
    found = frequency_bands(expand(Gaussian(p.mean, Sigma), at=p.mean), p.contrast(0.5, 0), p)
    assert found.remainder == pytest.approx(0, abs=1e-10)
    torch.testing.assert_close(found.share, 0.375 * found.count.double())
    torch.testing.assert_close(found.share, found.diagonal)
    torch.testing.assert_close(found.share, found.channels)
    assert float(found.curvature[0]) == pytest.approx(-1)


def test_equal_sets_have_no_gap_to_share():
    p = Moments.from_samples(randn(9, 1, 1, 1, seed=1))
    found = frequency_bands(expand(Gaussian(p.mean, torch.eye(1).double()), at=p.mean), p, p)
    assert found.share.tolist() == [0]
    assert found.frequency.tolist() == [0]


def test_bad_arguments(problem):
    e, q, p = problem
    with pytest.raises(OptionError, match="bands"):
        frequency_bands(e, q, p, 0)
    with pytest.raises(ShapeError, match="q: event shape"):
        frequency_bands(e, Moments.constant(torch.zeros(24)), p)
    flat = expand(CouplingFlow((4,)), at=torch.zeros(4))
    with pytest.raises(ShapeError, match="expected images"):
        frequency_bands(flat, Moments.constant(torch.zeros(4)), Moments.constant(torch.zeros(4)))
