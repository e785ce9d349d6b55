"""What is particular to RealNVP: what each mask lets a coupling see, its levels, and its settings."""

import pytest
import torch

from curvature import Moments, check_flow, expand
from curvature.checks import Status
from curvature.errors import ShapeError, UnknownNameError
from experiments.models.coupling import Coupling
from experiments.models.families.realnvp.config import RealNVPConfig, Stage, describe, dilations, fit, plan
from experiments.models.squeeze import Squeeze
from tests.experiments.models.cases import images, randomise, realnvp

MASKS = ("checkerboard", "channel", "horizontal", "cycle")


def couplings(mask, coupling="affine", shape=(2, 8, 8)):
    """The couplings of the first level, in order, with weights that let everything through."""
    model = randomise(realnvp(shape, mask=mask, coupling=coupling, levels=1, couplings=4, blocks=3, width=8))
    return [layer for layer in model.chains()[0].bijections() if isinstance(layer, Coupling)]


def seen(coupling, shape):
    """By gradients: whether each output [C, H, W] depends on each input [C, H, W] other than itself."""
    x = torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    jacobian = torch.func.jacrev(lambda event: coupling(event[None])[0][0])(x)
    depends = (jacobian != 0).reshape(x.numel(), x.numel())
    return (depends & ~torch.eye(x.numel(), dtype=torch.bool)).reshape(*shape, *shape)


def expected(mask, index, shape):
    """Pixels that coupling number `index` reads and changes, [C, H, W] each, written down apart from the model."""
    channels, rows, columns = torch.meshgrid(*(torch.arange(n) for n in shape), indexing="ij")
    C, H, W = shape
    if mask == "cycle":
        quarters = [(0, 0), (0, 1), (1, 1), (1, 0)]
        inside = [(rows // (H // 2) == r) & (columns // (W // 2) == c) for r, c in quarters]
        return inside[index % 4], inside[(index + 1) % 4]
    first = {
        "checkerboard": (rows + columns) % 2 == 1,
        "channel": channels < C // 2,
        "horizontal": rows >= H // 2,
    }[mask]
    return (first, ~first) if index % 2 == 0 else (~first, first)


@pytest.mark.parametrize("coupling", ["affine", "additive"])
@pytest.mark.parametrize("mask", MASKS)
def test_a_coupling_sees_what_its_mask_says(mask, coupling):
    shape = (8, 4, 4) if mask == "channel" else (2, 8, 8)
    for index, layer in enumerate(couplings(mask, coupling)):
        source, target = expected(mask, index, shape)
        depends = seen(layer, shape)
        reads = depends.flatten(0, 2).any(0)
        changes = depends.flatten(3).any(3)
        assert torch.equal(reads, source)
        assert torch.equal(changes, target)


@pytest.mark.parametrize("mask", ["horizontal", "cycle"])
def test_far_masks_let_every_changed_pixel_see_all_that_is_read(mask):
    shape = (2, 8, 8)
    layer = couplings(mask)[0]
    source, target = expected(mask, 0, shape)
    assert seen(layer, shape)[target][:, source].all()


def test_near_masks_see_a_neighbourhood():
    shape = (2, 8, 8)
    corner = seen(couplings("checkerboard")[0], shape)[0, 0, 0]
    reach = 2 + 3
    assert corner[:, : reach + 1, : reach + 1].any()
    assert not corner[:, reach + 1 :].any()
    assert not corner[:, :, reach + 1 :].any()


def test_the_plan_of_the_published_model_is_checkerboards_then_channels():
    levels = plan(RealNVPConfig(levels=3), (3, 32, 32))
    assert [[stage.mask for stage in level] for level in levels] == [
        ["checkerboard", None, "channel"],
        ["checkerboard", None, "channel"],
        ["checkerboard"],
    ]
    assert [stage.shape for stage in levels[2]] == [(12, 8, 8)]
    for mask in ("horizontal", "cycle", "checkerboard"):
        assert [[stage.mask for stage in level] for level in plan(RealNVPConfig(mask=mask), (1, 8, 8))] == [
            [mask, None],
            [mask],
        ]
    channel = plan(RealNVPConfig(mask="channel"), (1, 8, 8))
    assert [[stage.mask for stage in level] for level in channel] == [[None, "channel"]] * 2


def test_the_layers_are_those_of_the_plan():
    model = realnvp((1, 8, 8), couplings=3)
    kinds = [[type(layer).__name__ for layer in chain.bijections()] for chain in model.chains()]
    three = ["ActNorm", "Coupling"] * 3
    assert kinds == [[*three, "Squeeze", *three], three]
    assert model.latent_shapes() == [(2, 4, 4), (2, 4, 4)]
    assert sum(isinstance(layer, Squeeze) for chain in model.chains() for layer in chain.bijections()) == 1


@pytest.mark.parametrize("extent", [4, 8, 16, 32, 64])
def test_dilations_reach_across_the_image(extent):
    far = dilations(RealNVPConfig(blocks=1), Stage("cycle", (1, extent, extent)))
    assert 2 + sum(far) >= extent - 1
    assert far == tuple(2**k for k in range(len(far)))
    assert dilations(RealNVPConfig(blocks=3), Stage("channel", (4, extent, extent))) == (1, 1, 1)
    assert len(dilations(RealNVPConfig(blocks=9), Stage("cycle", (1, extent, extent)))) == 9


@pytest.mark.parametrize(("coupling", "is_constant"), [("additive", True), ("affine", False)])
@pytest.mark.parametrize("mask", ["realnvp", *MASKS])
def test_additive_couplings_keep_the_volume(mask, coupling, is_constant):
    model = realnvp((2, 4, 4), mask=mask, coupling=coupling)
    assert model.is_constant_log_det is is_constant
    log_det = model(images(model, 5))[1]
    assert (len(log_det.unique()) == 1) is is_constant


def test_additive_couplings_take_the_route_of_tapped_activations():
    model = realnvp((1, 4, 4), coupling="additive", mask="cycle").eval()
    moments = Moments.from_samples(images(model, 6))
    e = expand(model, at=moments.mean)
    assert e.operator.route == "tapped"
    assert float(e.trace(moments)) == pytest.approx(float(e.trace(moments, "hvp")), rel=1e-9)
    affine = expand(realnvp((1, 4, 4), mask="cycle").eval(), at=moments.mean)
    assert affine.operator.route == "hvp"


def test_it_keeps_the_contract_of_flows():
    model = realnvp((1, 2, 2), levels=1).eval()
    results = check_flow(model, images(model, 24), fast=True, on_fail=None)
    assert {result.name: result.reason for result in results if result.status is Status.FAILED} == {}


def test_masks_that_do_not_exist_are_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="mask 'horizontl'; did you mean 'horizontal'"):
        RealNVPConfig(mask="horizontl")  # type: ignore[arg-type]


def test_images_that_cannot_be_halved_are_refused():
    assert fit(RealNVPConfig(levels=3), (1, 28, 28)).levels == 2
    with pytest.raises(ShapeError, match="a RealNVP halves height and width"):
        fit(RealNVPConfig(), (3, 7, 8))
    with pytest.raises(ShapeError, match="divisible by 4, got 6x8"):
        plan(RealNVPConfig(), (3, 6, 8))


def test_the_description_names_mask_and_volume():
    assert describe(RealNVPConfig(mask="cycle")).label == "realnvp-cycle-affine-2x4-w32-silu"
    assert describe(RealNVPConfig(coupling="additive")).name == "A constant-volume RealNVP"
    assert "depends on x" in describe(RealNVPConfig()).facts[1]
    assert "2006.08545" in describe(RealNVPConfig(mask="horizontal")).citation
