"""A Glow with affine couplings: its volume depends on x, and every level says what it adds to log p."""

import pytest
import torch

from curvature import check_flow, expand
from curvature.checks import Status
from curvature.errors import RouteError
from experiments.models.coupling import LEAST_SCALE, TRANSFORMERS
from experiments.models.coupling_region import ChannelHalves
from experiments.models.families.glow.config import GlowConfig, describe
from tests.experiments.models.cases import glow, images, seeded


@pytest.mark.parametrize("region", [ChannelHalves(5), ChannelHalves(5, changes_first=True)])
def test_affine_couplings_shift_and_scale_one_half(region):
    x = torch.rand(2, 5, 3, 2, generator=seeded(), dtype=torch.float64)
    h = torch.randn(2, 2 * region.channels_changed, 3, 2, generator=seeded(1), dtype=torch.float64)
    y, log_det = TRANSFORMERS["affine"].forward(x, h, region)
    t, s = h.chunk(2, 1)
    scale = LEAST_SCALE + (1 - LEAST_SCALE) * torch.sigmoid(s + 2)
    changed = slice(0, 2) if region.changes_first else slice(2, 5)
    expected = x.clone()
    expected[:, changed] = (x[:, changed] + t) * scale
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(log_det, scale.log().sum((1, 2, 3)))
    torch.testing.assert_close(TRANSFORMERS["affine"].inverse(y, h, region), x)


def test_the_levels_add_up_to_the_parts_and_the_parts_to_log_p():
    model = glow((1, 8, 8), levels=3, coupling="affine")
    x = images(model, 4)
    levels, parts = model.log_prob_by_level(x), model.log_prob_parts(x)
    assert levels.prior.shape == levels.log_det.shape == (3, 4)
    torch.testing.assert_close(levels.prior.sum(0), parts["prior"])
    torch.testing.assert_close(levels.log_det.sum(0), parts["log_det"])
    torch.testing.assert_close(parts["prior"] + parts["log_det"], model.log_prob(x))
    assert (levels.log_det.std(1) > 0).all()
    additive = glow((1, 8, 8), levels=3).log_prob_by_level(x)
    assert (additive.log_det == additive.log_det[:, :1]).all()


def test_each_level_has_the_log_determinant_of_its_own_jacobian():
    model = glow((1, 4, 4), levels=2, coupling="affine")
    x = images(model, 1)
    for level, log_det in zip(model.chains(), model.log_prob_by_level(x).log_det, strict=True):
        jacobian = torch.func.jacrev(lambda e, level=level: level(e[None])[0][0].flatten())(x[0])
        torch.testing.assert_close(log_det[0], torch.linalg.slogdet(jacobian.reshape(x.numel(), -1)).logabsdet)
        x = level(x)[0].chunk(2, 1)[0]


def test_curvature_of_the_parts_and_the_route():
    model = glow((1, 4, 4), coupling="affine").eval()
    e = expand(model, at=images(model, 9).mean(0))
    assert e.operator.route == "hvp"
    torch.testing.assert_close(sum(part.hessian() for part in e.parts.values()), e.hessian(), rtol=1e-12, atol=1e-10)
    assert e.parts["log_det"].hessian().abs().max() > 1e-3
    with pytest.raises(RouteError, match="expected an additive coupling, got Affine"):
        model.curvature_layers()


def test_it_keeps_the_contract_of_flows():
    model = glow((1, 2, 2), levels=1, coupling="affine").eval()
    results = check_flow(model, images(model, 24), fast=True, on_fail=None)
    assert {result.name: result.reason for result in results if result.status is Status.FAILED} == {}


def test_bfloat16_autocast_keeps_the_log_determinant_in_float32():
    model = glow((3, 8, 8), levels=2, width=16, coupling="affine").float()
    x = images(model, 8)
    with torch.autocast("cpu", torch.bfloat16):
        z, log_det = model(x)
    assert z.dtype == log_det.dtype == torch.float32


def test_the_description_says_that_the_volume_depends_on_x():
    description = describe(GlowConfig(coupling="affine"))
    assert (description.label, description.name) == ("glow-affine-2x6-w32-silu", "A Glow")
    assert "log|det df/dx| depends on x" in description.facts[1]
    assert "a prior that is learned at every level" in description.limits
