import pytest
import torch
from torch import nn

from curvature import Moments, curvature_ladder
from curvature.closed_form.channel_mixing import from_kernels
from curvature.closed_form.coefficients import published_coefficients
from curvature.closed_form.gap import predict_from_variances
from curvature.errors import OptionError
from tests.curvature.densities import CouplingFlow, randn


class Kernels(nn.Module):
    """Two 1x1 kernels and a Gaussian prior, with no description of layers."""

    def __init__(self, scale=0.7, colours=3):
        super().__init__()
        self.kernels = [randn(colours, colours, seed=k) for k in (1, 2)]
        self.prior = nn.Module()
        self.prior.scale = torch.tensor(scale)
        self.eval()

    def channel_mixings(self):
        return from_kernels(self.kernels)

    def log_prob(self, x):
        z = torch.einsum("ij,bjhw->bihw", self.kernels[1] @ self.kernels[0], x)
        return -z.square().flatten(1).sum(1) / (2 * float(self.prior.scale) ** 2)


def images(count, seed, scale=0.2, colours=3):
    return 0.5 + scale * randn(count, colours, 4, 4, seed=seed)


def test_published_is_the_closed_form_of_kernels_and_variances_whether_or_not_layers_are_described():
    model = Kernels()
    q, p = images(20, 1, 0.1), images(30, 2)
    ladder = curvature_ladder(model, q, p, rungs=["published"])
    coefficients = published_coefficients(model.channel_mixings(), 3, float(model.prior.scale))
    expected = predict_from_variances(coefficients, *(Moments.from_samples(x).variance() for x in (q, p)))
    assert ladder["published"].nats == pytest.approx(expected.nats, rel=1e-9)
    assert (ladder["published"].route, ladder["published"].kind) == ("closed form", "moments")


class NoPrior(Kernels):
    def __init__(self):
        super().__init__()
        del self.prior

    def log_prob(self, x):
        return -x.square().flatten(1).sum(1)


@pytest.mark.parametrize(
    ("model", "x", "why"),
    [
        (CouplingFlow((4,)), randn(6, 4, seed=0), "CouplingFlow has no 1x1 kernels"),
        (lambda x: -x.square().sum(1), randn(6, 4, seed=0), "not the method log_prob of a module"),
        (NoPrior(), images(6, 0), "NoPrior has no prior of one scale"),
    ],
)
def test_it_says_why_it_is_missing_and_is_refused_when_asked_for(model, x, why):
    ladder = curvature_ladder(model, x, x)
    assert "published" not in [rung.name for rung in ladder.rungs]
    assert why in ladder.absent["published"]
    assert why in str(ladder)
    with pytest.raises(OptionError, match=why):
        curvature_ladder(model, x, x, rungs=["published"])
