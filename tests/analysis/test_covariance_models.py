"""Covariance models against the projection of the covariance matrix, written out."""

import pytest
import torch

from analysis.statistics_ladder import covariance_models

C, H, W = 2, 3, 4
D = C * H * W


def randn(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shift_matrix(row, column):
    unit = torch.eye(D, dtype=torch.float64).reshape(D, C, H, W)
    return unit.roll((row, column), (2, 3)).reshape(D, D)


def projection(name, S):
    """Entries of the covariance that the model keeps, averaged where it does not tell them apart."""
    if name == "one variance":
        return S.trace() / D * torch.eye(D).double()
    variance = S.diagonal().reshape(C, H, W)
    if name == "channel variances":
        return torch.diag(variance.mean((1, 2))[:, None, None].expand(C, H, W).reshape(-1))
    if name == "pixel variances":
        return torch.diag(variance.reshape(-1))
    if name == "channel blocks":
        pixel = torch.arange(H * W).repeat(C)
        return S * (pixel[:, None] == pixel)
    shifts = [shift_matrix(row, column) for row in range(H) for column in range(W)]
    return sum(P @ S @ P.T for P in shifts) / len(shifts)


@pytest.mark.parametrize("model", covariance_models(), ids=lambda model: model.name)
def test_draws_and_forms_are_those_of_the_projected_covariance(model):
    e = torch.einsum("ij,nj->ni", randn(D, D, seed=1), randn(9, D, seed=0)).reshape(9, C, H, W)
    e = e - e.mean(0)
    flat = e.reshape(9, D)
    expected = projection(model.name, flat.T @ flat / 9)
    F = model.root(e)(torch.eye(D, dtype=torch.float64).reshape(D, C, H, W)).reshape(D, D)
    torch.testing.assert_close(F.T @ F, expected)
    A = randn(D, D, seed=2)
    A = A + A.T
    forms = model.forms(A.reshape(C, H, W, C, H, W))(e)
    torch.testing.assert_close(forms, torch.einsum("ni,ij,nj->n", flat, projection(model.name, A), flat))
    assert float(forms.mean()) == pytest.approx(float((A * expected).sum()))


def test_models_stand_in_order_and_say_what_they_add():
    models = covariance_models()
    assert [model.order for model in models] == sorted(model.order for model in models)
    assert len({model.adds for model in models}) == len(models) == 5
