"""What is particular to the constant-volume Glow: actnorm, levels, prior, seeds, precision."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import nn

from curvature.errors import NonFiniteError, RouteError, ShapeError
from experiments.models.actnorm import MINIMUM_STD, ActNorm
from experiments.models.coupling import Coupling
from experiments.models.coupling_region import ChannelHalves
from experiments.models.families.glow.config import GlowConfig
from experiments.models.families.glow.flow import Glow
from experiments.models.families.glow.step import FlowStep
from tests.experiments.models.cases import glow, images, randomise, seeded


@settings(deadline=None, max_examples=25)
@given(
    channels=st.integers(1, 3),
    levels=st.integers(1, 3),
    height=st.integers(1, 2),
    width=st.integers(1, 2),
    seed=st.integers(0, 10**6),
)
def test_every_divisible_size_works(channels, levels, height, width, seed):
    shape = (channels, height * 2**levels, width * 2**levels)
    model = glow(shape, seed, levels=levels, steps=1, width=4)
    x = images(model, 2, seed)
    z, _ = model(x)
    assert sum(c * h * w for c, h, w in model.latent_shapes()) == model.dim == z.shape[1]
    torch.testing.assert_close(model.inverse(z), x, rtol=0, atol=1e-10)


def test_mnist_size_with_two_levels():
    model = Glow((1, 28, 28), GlowConfig(levels=2, steps=2, width=4))
    model.initialise(images(model, 4))
    assert model.log_prob(images(model, 2)).shape == (2,)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 12, 8), (3, 8, 10)])
def test_other_sizes_are_refused_with_the_sizes_that_work(shape):
    with pytest.raises(ShapeError, match=r"divisible by 8, got \d+x\d+"):
        Glow(shape, GlowConfig(levels=3))


@pytest.mark.parametrize("shape", [(28, 28), (0, 8, 8), (1, 3, 8, 8)])
def test_what_is_no_image_shape_is_refused(shape):
    with pytest.raises(ShapeError, match=r"\(C, H, W\)"):
        Glow(shape, GlowConfig())


def test_latents_are_the_halves_given_away_and_then_the_rest():
    model = glow((1, 8, 8), levels=2)
    x = images(model, 2)
    first, second = model.chains()
    y, _ = first(x)
    rest, _ = second(y[:, :2])
    expected = torch.cat([y[:, 2:].flatten(1), rest.flatten(1)], dim=1)
    torch.testing.assert_close(model(x)[0], expected, rtol=0, atol=0)
    assert model.latent_shapes() == [(2, 4, 4), (8, 2, 2)]


def test_initialisation_gives_every_step_zero_mean_and_unit_variance():
    model = Glow((3, 8, 8), GlowConfig(levels=2, steps=3, width=8)).double()
    model = randomise(model)  # couplings that do something
    assert not model.is_initialised
    x = 0.2 * images(model, 60) ** 3 + 0.1
    outputs = []
    for module in model.modules():
        if isinstance(module, FlowStep):
            # The step folds actnorm away, so its output is computed here from the step's input.
            module.register_forward_pre_hook(lambda step, args: outputs.append(step.actnorm(args[0])[0]))
    model.initialise(x)
    assert model.is_initialised
    outputs.clear()
    model(x)
    assert len(outputs) == 6
    for output in outputs:
        std, mean = torch.std_mean(output, dim=(0, 2, 3), correction=0)
        torch.testing.assert_close(mean, torch.zeros_like(mean), rtol=0, atol=1e-10)
        torch.testing.assert_close(std, torch.ones_like(std), rtol=1e-10, atol=0)


def test_constant_channels_stay_finite():
    model = Glow((1, 8, 8), GlowConfig(levels=2, steps=2, width=4))
    x = torch.zeros(20, 1, 8, 8)
    x[:, :, 2:6:2, 2:6] = images(model, 20)[:, :, :2, :4]  # every second row and the border are constant
    model.initialise(x)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert model.log_prob(x).isfinite().all()
    layer = ActNorm(2)
    output = layer.initialise(torch.full((5, 2, 3, 3), 0.7))
    torch.testing.assert_close(layer.log_scale.exp(), torch.full((2,), 1 / MINIMUM_STD))
    torch.testing.assert_close(output, torch.zeros_like(output), rtol=0, atol=1e-2)


def test_a_loaded_model_is_never_initialised_again():
    model = glow((1, 4, 4))
    fresh = Glow((1, 4, 4), model.config, seed=5).double()
    assert not fresh.is_initialised
    fresh.load_state_dict(load(save(model.state_dict())))
    assert fresh.is_initialised
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    fresh.train()
    fresh.log_prob(10 * images(fresh, 5)).sum().backward()
    assert before.keys() == fresh.state_dict().keys()
    assert all(torch.equal(value, before[name]) for name, value in fresh.state_dict().items())


def test_forward_does_not_look_at_the_flag():
    model = Glow((1, 4, 4), GlowConfig(steps=1, width=4))
    x = images(model, 2)
    expected = model.log_prob(x)
    for name, flag in model.named_buffers():
        if name.endswith("initialised"):
            flag.fill_(True)
    assert torch.equal(model.log_prob(x), expected)


def test_initialising_from_non_finite_images_changes_nothing():
    model = Glow((1, 4, 4), GlowConfig(steps=1, width=4))
    before = copy.deepcopy(model.state_dict())
    x = images(model, 4)
    x[1, 0, 2, 2] = torch.inf
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        model.initialise(x)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_seed_decides_the_weights_and_the_global_state_is_left_alone():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, again, other = (Glow((3, 4, 4), GlowConfig(), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_a_new_flow_is_linear_and_rotates():
    """Couplings start at zero, kernels as rotations and actnorm as the identity."""
    model = Glow((3, 4, 4), GlowConfig()).double()
    x = images(model, 3)
    z, log_det = model(x)
    torch.testing.assert_close(z.square().sum(1), x.square().flatten(1).sum(1), rtol=1e-6, atol=0)
    torch.testing.assert_close(log_det, torch.zeros(3, dtype=torch.float64), rtol=0, atol=1e-5)


def test_folded_step_is_actnorm_then_convolution_then_coupling():
    step = glow((2, 4, 4)).chains()[0].bijections()[1]
    assert isinstance(step, FlowStep)
    x = torch.rand(3, 8, 2, 2, generator=seeded(), dtype=torch.float64)
    y, log_det = step(x)
    expected, expected_log_det = x, 0.0
    for layer in (step.actnorm, step.convolution, step.coupling):
        expected, layer_log_det = layer(expected)
        expected_log_det = expected_log_det + layer_log_det
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(log_det, expected_log_det)


def test_channel_mixings_are_the_linear_part_of_every_step():
    model = glow((1, 4, 4), levels=2)
    mixings = model.channel_mixings()
    assert [(mixing.level, mixing.step) for mixing in mixings] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [len(mixing.kernel) for mixing in mixings] == [4, 4, 8, 8]
    assert not any(mixing.kernel.requires_grad or mixing.scale.requires_grad for mixing in mixings)
    total = sum(
        torch.linalg.slogdet(mixing.kernel * mixing.scale).logabsdet * pixels
        for mixing, pixels in zip(mixings, (4, 4, 1, 1), strict=True)
    )
    torch.testing.assert_close(model(images(model, 1))[1][0], total)
    step = model.chains()[0].bijections()[1]
    torch.testing.assert_close(mixings[0].kernel * mixings[0].scale, step.folded().weight)


def test_every_layer_carries_its_promise():
    model = Glow((1, 4, 4), GlowConfig(steps=1, width=4))
    assert model.is_constant_log_det
    model.chains()[1].bijections()[1].coupling = Coupling(nn.Identity(), _Scale(), ChannelHalves(8))
    assert not model.chains()[1].is_constant_log_det
    assert not model.is_constant_log_det


class _Scale:
    """A transformer whose log-determinant depends on x, to prove that the rest of the flow passes it on."""

    numbers_per_channel = 1
    is_constant_log_det = False

    def forward(self, x, h, region):
        return x * region.embed(h).exp(), h.sum((1, 2, 3))

    def inverse(self, y, h, region):
        return y * (-region.embed(h)).exp()


def test_a_log_determinant_that_depends_on_x_is_passed_on_exactly():
    model = glow((1, 4, 4), levels=2, steps=1)
    model.chains()[0].bijections()[1].coupling = Coupling(nn.Identity(), _Scale(), ChannelHalves(4))
    x = images(model, 3)
    log_det = model(x)[1]
    assert len(log_det.unique()) == 3
    for event, value in zip(x, log_det, strict=True):
        jacobian = torch.func.jacrev(lambda e: model(e[None])[0][0])(event).reshape(16, 16)
        torch.testing.assert_close(value, torch.linalg.slogdet(jacobian).logabsdet)
    torch.testing.assert_close(model.inverse(model(x)[0]), x)
    with pytest.raises(RouteError, match=r"levels\.0\.layers\.1\.coupling: expected an additive coupling, got _Scale"):
        model.curvature_layers()


def test_a_layer_that_does_not_describe_itself_is_named():
    model = glow((1, 4, 4), levels=1, steps=1)
    model.chains()[0].layers[1] = ActNorm(4)
    with pytest.raises(RouteError, match=r"levels\.0\.layers\.1: ActNorm does not describe its layers"):
        model.curvature_layers()


def test_learned_prior_has_one_scale_so_that_its_volume_is_constant():
    model = glow((1, 8, 8), levels=2, learn_prior_scale=True)
    assert isinstance(model.prior.log_scale, nn.Parameter)
    assert model.prior.log_scale.shape == ()
    assert float(model.prior.scale.detach()) != 1
    x = torch.cat([images(model, 3), 30 * images(model, 3, seed=8)])
    z, _ = model(x)
    volume = model.log_prob(x) + 0.5 * z.square().sum(1) / model.prior.scale**2
    torch.testing.assert_close(volume, volume[:1].expand(6), rtol=1e-12, atol=1e-7)


def test_fixed_prior_is_standard_and_not_learned():
    model = Glow((1, 4, 4), GlowConfig())
    assert "prior.log_scale" not in dict(model.named_parameters())
    assert "prior.log_scale" in model.state_dict()
    assert float(model.prior.scale) == 1


def test_float32_agrees_with_float64():
    double = glow((3, 8, 8), levels=2)
    single = copy.deepcopy(double).float()
    x = images(double, 3)
    torch.testing.assert_close(single.log_prob(x.float()).double(), double.log_prob(x), rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(single.inverse(single(x.float())[0]), x.float(), rtol=0, atol=1e-4)


def test_bfloat16_autocast_keeps_latents_and_density_in_float32_and_the_gradient_direction():
    model = glow((3, 16, 16), levels=2, width=16).float().to(memory_format=torch.channels_last)
    x = images(model, 16)

    def gradient(enabled):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            log_prob = model.log_prob(x.contiguous(memory_format=torch.channels_last))
            latents = model(x)[0]
        assert log_prob.dtype == latents.dtype == torch.float32
        return torch.cat([g.flatten() for g in torch.autograd.grad(log_prob.mean(), list(model.parameters()))])

    assert nn.functional.cosine_similarity(gradient(True), gradient(False), dim=0) > 0.999
    network = model.chains()[0].bijections()[1].coupling.network
    with torch.autocast("cpu", torch.bfloat16):
        assert network(torch.zeros(1, 6, 4, 4)).dtype == torch.bfloat16


def test_memory_format_changes_no_result():
    model = glow((3, 8, 8), levels=2)
    x = images(model, 3)
    expected = model.log_prob(x)
    model.to(memory_format=torch.channels_last)
    torch.testing.assert_close(model.log_prob(x.contiguous(memory_format=torch.channels_last)), expected)


def test_activations_are_modules_of_their_own():
    model = Glow((1, 4, 4), GlowConfig(levels=2, steps=3, activation="softplus"))
    activations = [module for module in model.modules() if isinstance(module, nn.Softplus)]
    assert len(activations) == 2 * 3 * 2
