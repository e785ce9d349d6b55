"""A gated PixelCNN: causality, masses that sum to one, samples, derivatives, settings."""

import copy

import pytest
import torch
from torch.func import grad, jacrev

from curvature import Moments, expand
from curvature.errors import ConfigError, DtypeError, ShapeError, UnknownNameError
from experiments.models.families.pixelcnn.config import PixelCNNConfig
from experiments.models.families.pixelcnn.model import PixelCNN
from experiments.models.registry import build, configuration, describe, size
from tests.experiments.models.held_numbers import numbers_held

LEVELS = (torch.arange(256, dtype=torch.float64) + 0.5) / 256


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pixelcnn(event_shape=(3, 4, 4), seed=0, perturbed=0.2, **config) -> PixelCNN:
    """A small PixelCNN in float64 with weights away from their first values."""
    settings = {"layers": 4, "width": 6, "components": 3, "first_kernel": 3, **config}
    model = build(configuration("pixelcnn", **settings), event_shape, seed).double().eval()
    generator = seeded(seed + 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(perturbed * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return model


def images(model, n=2, seed=1):
    return torch.rand(n, *model.event_shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("event_shape", "settings"),
    [
        ((3, 4, 4), {}),
        ((1, 5, 6), {"layers": 6}),
        ((2, 3, 5), {"first_kernel": 5, "kernel": 5}),
        ((1, 4, 4), {"activation": "relu", "layers": 5}),
        ((3, 1, 4), {}),
        ((3, 4, 1), {}),
    ],
)
def test_every_conditional_depends_on_all_earlier_values_and_on_no_later_one(event_shape, settings):
    """The Jacobian of log P(x_i | x_<i) in raster order is triangular without a zero: there is no blind spot."""
    model = pixelcnn(event_shape, **settings)

    def in_raster_order(x):
        return x.permute(1, 2, 0).flatten()

    def conditionals(flat):
        channels, height, width = event_shape
        x = flat.reshape(height, width, channels).permute(2, 0, 1)
        return in_raster_order(model.conditional_log_probs(x[None])[0])

    J = jacrev(conditionals)(in_raster_order(images(model)[0]))
    assert torch.equal(J != 0, torch.ones_like(J).tril().bool())


def test_log_prob_is_the_sum_of_the_conditionals():
    model = pixelcnn()
    x = images(model)
    torch.testing.assert_close(model.log_prob(x), model.conditional_log_probs(x).sum((1, 2, 3)))


@pytest.mark.parametrize(
    ("event_shape", "place"), [((3, 3, 3), (2, 1, 1)), ((1, 4, 4), (0, 0, 0)), ((1, 4, 4), (0, 3, 3))]
)
def test_the_256_masses_of_a_pixel_given_its_context_sum_to_one(event_shape, place):
    model = pixelcnn(event_shape)
    x = images(model, 1).repeat(256, 1, 1, 1)
    x[(slice(None), *place)] = LEVELS
    with torch.no_grad():
        masses = model.conditional_log_probs(x)[(slice(None), *place)].exp()
    assert float(masses.sum()) == pytest.approx(1, abs=1e-11)
    assert float(masses.std()) > 1e-4


@pytest.mark.parametrize("event_shape", [(1, 1, 2), (1, 2, 1), (2, 1, 1)])
def test_all_images_of_two_values_have_a_total_probability_of_one(event_shape):
    model = pixelcnn(event_shape, layers=2, width=4, perturbed=0.4)
    x = torch.cartesian_prod(LEVELS, LEVELS).reshape(-1, *event_shape)
    with torch.no_grad():
        total = sum(float(model.log_prob(part).exp().sum()) for part in x.split(2**14))
    assert total == pytest.approx(1, abs=1e-10)


def test_samples_are_the_pixels_drawn_one_after_the_other():
    """The masses of samples average to what the model says of them: E log P = minus the entropy of each conditional."""
    model = pixelcnn((2, 2, 3), perturbed=0.3)
    x = model.sample(100, seeded(3))
    assert torch.equal((256 * x - 0.5), (256 * x - 0.5).round())
    assert torch.equal(x, model.sample(100, seeded(3)))
    for place in [(1, 0, 2), (0, 1, 1)]:
        varied = x.repeat_interleave(256, 0)
        varied[(slice(None), *place)] = LEVELS.repeat(len(x))
        with torch.no_grad():
            at = (slice(None), *place)
            log_p = torch.cat([model.conditional_log_probs(part)[at] for part in varied.split(2**14)]).reshape(-1, 256)
            excess = model.conditional_log_probs(x)[at] - (log_p.exp() * log_p).sum(1)
        assert abs(float(excess.mean())) < 5 * float(excess.std()) / len(x) ** 0.5


def test_gradient_and_hessian_are_finite_differences():
    model = pixelcnn((3, 2, 3))
    x = images(model, 1)[0]
    e = expand(model, at=x)
    H = e.hessian().reshape(e.gradient.numel(), -1)
    step, unit = 1e-5, torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)

    def log_prob(x):
        return model.log_prob(x[None])[0]

    with torch.no_grad():
        slopes = (model.log_prob(x + step * unit) - model.log_prob(x - step * unit)) / (2 * step)
    torch.testing.assert_close(e.gradient.flatten(), slopes, rtol=1e-5, atol=1e-4)
    rows = [((grad(log_prob)(x + step * u) - grad(log_prob)(x - step * u)) / (2 * step)).flatten() for u in unit]
    torch.testing.assert_close(H, torch.stack(rows), rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(H, H.mT)


def test_an_expansion_predicts_with_it():
    model = pixelcnn((1, 3, 3), perturbed=0.1)
    x = 0.5 + 0.01 * images(model, 200)
    p, q = Moments.from_samples(x), Moments.from_samples(x[:100] * 0.99)
    with torch.no_grad():
        measured = float(model.log_prob(x[:100] * 0.99).mean() - model.log_prob(x).mean())
    assert expand(model, at=p.mean).predict(q, versus=p).total == pytest.approx(measured, rel=0.02)


def test_gradients_reach_every_parameter():
    model = pixelcnn()
    model.log_prob(images(model, 4)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).any(), name


def test_single_precision_agrees_with_double_precision():
    model = pixelcnn((3, 8, 8), perturbed=0.1)
    x = images(model, 4).float()
    torch.testing.assert_close(
        copy.deepcopy(model).float().log_prob(x).double(), model.log_prob(x.double()), rtol=1e-5, atol=1e-3
    )


def test_a_seed_gives_the_weights_and_leaves_the_global_state_alone():
    state = torch.get_rng_state()
    first, again, other = (build(PixelCNNConfig(), (1, 4, 4), seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    kernel = "network.layers.1.vertical.weight"
    assert torch.equal(first[kernel], again[kernel])
    assert not torch.equal(first[kernel], other[kernel])


@pytest.mark.parametrize(
    ("settings", "shape"), [({}, (3, 8, 8)), ({"layers": 2, "width": 12, "components": 10, "kernel": 5}, (1, 6, 4))]
)
def test_the_estimated_size_is_that_of_the_model(settings, shape):
    config = configuration("pixelcnn", **settings)
    model = build(config, shape)
    assert size(config, shape).parameters == sum(parameter.numel() for parameter in model.parameters())
    assert 0.6 < size(config, shape).activations / numbers_held(model) < 1.5


def test_bfloat16_autocast_keeps_the_masses_in_float32_and_the_direction_of_the_gradient():
    model = pixelcnn((3, 8, 8), perturbed=0.1, width=16).float()
    x = images(model, 16).float()
    noise = torch.zeros(16, model.objective_noise)
    found = []
    for enabled in (True, False):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            objective = model.training_objective(x, noise)
        assert objective.dtype == torch.float32
        found.append(torch.cat([g.flatten() for g in torch.autograd.grad(objective.mean(), list(model.parameters()))]))
    assert torch.nn.functional.cosine_similarity(*found, dim=0) > 0.995


def test_mistakes_are_named():
    model = pixelcnn()
    with pytest.raises(ShapeError, match="Expected a batch of shape"):
        model.log_prob(torch.zeros(1, 3, 4, 5, dtype=torch.float64))
    with pytest.raises(DtypeError, match="as floats"):
        model.log_prob(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))
    with pytest.raises(ConfigError, match="model setting kernel: expected an odd size, got 4"):
        configuration("pixelcnn", kernel=4)
    with pytest.raises(ConfigError, match="model setting width"):
        configuration("pixelcnn", width=0)
    with pytest.raises(UnknownNameError, match="silu"):
        configuration("pixelcnn", activation="sliu")


def test_the_description_says_that_no_8_bits_are_added():
    found = describe(configuration("pixelcnn"))
    assert found.label == "pixelcnn-4-w24-m5-silu"
    assert any("no 8 bits/dim are added" in fact for fact in found.facts)
