"""A variational autoencoder: a bound that is a function of x alone, its error, samples, derivatives, settings."""

import copy

import pytest
import torch
from torch.func import grad

from curvature import expand
from curvature.errors import ConfigError, DtypeError, ShapeError
from experiments.models.families.vae.model import VAE
from experiments.models.registry import build, configuration, describe, size
from tests.experiments.models.held_numbers import numbers_held

LEVELS = (torch.arange(256, dtype=torch.float64) + 0.5) / 256


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def vae(event_shape=(3, 4, 4), seed=0, perturbed=0.1, **config) -> VAE:
    """A small VAE in float64 with weights away from their first values."""
    settings = {"latents": 3, "levels": 1, "width": 4, "components": 2, "draws": 6, **config}
    model = build(configuration("vae", **settings), event_shape, seed).double().eval()
    generator = seeded(seed + 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(perturbed * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return model


def images(model, n=2, seed=1):
    return torch.rand(n, *model.event_shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize("event_shape", [(1, 5, 7), (3, 4, 4), (2, 1, 3)])
@pytest.mark.parametrize("levels", [0, 1, 2])
def test_images_of_any_size_are_encoded_and_decoded(event_shape, levels):
    model = vae(event_shape, levels=levels)
    x = images(model, 3)
    assert model.encode(x).mean.shape == (3, 3)
    assert model.log_prob(x).shape == (3,)
    assert model.sample(2, seeded()).shape == (2, *event_shape)


def test_log_prob_is_the_bound_written_out_with_the_same_draws_for_every_image():
    model = vae()
    x = images(model, 3)
    q = model.encode(x)
    standard = torch.distributions.Normal(torch.zeros(3, dtype=torch.float64), 1)
    log_weights = []
    for draw in model.draws:
        z = q.mean + q.log_scale.exp() * draw
        log_q = torch.distributions.Normal(q.mean, q.log_scale.exp()).log_prob(z).sum(1)
        log_weights.append(model.decode(z).log_mass(x).sum((1, 2)) + standard.log_prob(z).sum(1) - log_q)
    expected = torch.stack(log_weights).exp().mean(0).log()
    torch.testing.assert_close(model.log_prob(x), expected)


def test_log_prob_is_a_function_of_each_image_alone():
    model = vae()
    x = images(model, 300)
    assert torch.equal(model.log_prob(x), model.log_prob(x))
    alone = torch.cat([model.log_prob(event[None]) for event in x[:3]])
    torch.testing.assert_close(model.log_prob(x)[:3], alone)
    other = vae(seed=1)
    assert not torch.equal(other.draws, model.draws)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.log_prob(x), model.log_prob(x))
    assert torch.equal(copy.deepcopy(model).log_prob(x), model.log_prob(x))


def test_the_weights_do_not_depend_on_the_number_of_draws():
    few, many = vae(draws=4, perturbed=0.0), vae(draws=9, perturbed=0.0)
    for name, parameter in few.named_parameters():
        assert torch.equal(parameter, many.get_parameter(name)), name


def test_the_bound_rises_with_the_draws_and_its_error_falls():
    model = vae(perturbed=0.3)
    x = images(model, 1)
    means, deviations = [], []
    for count in (1, 4, 16):
        values = torch.cat([model.bound(x, torch.randn(count, 3, generator=seeded(i)).double()) for i in range(80)])
        means.append(float(values.detach().mean()))
        deviations.append(float(values.detach().std()))
    assert means[0] < means[1] < means[2]
    assert deviations[0] > deviations[1] > deviations[2]


def test_the_standard_error_is_the_spread_over_sets_of_draws():
    model = vae(perturbed=0.3)
    x = images(model, 12)
    told = model.log_prob_standard_error(x)
    sets = torch.randn(60, 6, 3, generator=seeded(7), dtype=torch.float64)
    with torch.no_grad():
        spread = torch.stack([model.bound(x, draws) for draws in sets])
    assert told.shape == (12,)
    assert torch.equal(told, model.log_prob_standard_error(x))
    # A deviation of eight numbers is known to a quarter; all images share the same draws.
    assert float(told.square().mean().sqrt()) == pytest.approx(float(spread.var(0).mean().sqrt()), rel=0.6)
    assert float(vae(perturbed=0.3, draws=96).log_prob_standard_error(x).mean()) < float(told.mean()) / 2


def test_training_maximises_the_bound_with_draws_of_its_own_for_every_image():
    model = vae(training_draws=4)
    assert model.objective_noise == 12
    x, noise = images(model, 3), torch.randn(3, 12, generator=seeded(5), dtype=torch.float64)
    found = model.training_objective(x, noise)
    expected = [model.bound(x[i : i + 1], noise[i].reshape(4, 3)) for i in range(3)]
    torch.testing.assert_close(found, torch.cat(expected))


def test_gradients_reach_every_parameter():
    model = vae()
    model.training_objective(images(model, 4), torch.randn(4, 3, generator=seeded()).double()).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).any(), name


def test_the_masses_of_all_images_of_one_pixel_are_one_on_average_over_the_draws():
    """The bound's exponential is an unbiased estimate of a probability."""
    model = vae((1, 1, 1), levels=0, draws=600, perturbed=0.1)
    with torch.no_grad():
        total = float(model.log_prob(LEVELS[:, None, None, None]).exp().sum())
    assert total == pytest.approx(1, abs=0.04)


def test_samples_are_decoded_latents_of_the_prior():
    model = vae((1, 2, 2), perturbed=0.3)
    x = model.sample(3000, seeded(3))
    cells = 256 * x - 0.5
    assert torch.equal(cells, cells.round())
    assert torch.equal(x, model.sample(3000, seeded(3)))
    varied = torch.zeros(256, 1, 2, 2, dtype=torch.float64)
    varied[:, 0, 1, 0] = LEVELS
    with torch.no_grad():
        z = torch.randn(200, 3, generator=seeded(4)).double()
        masses = torch.stack([model.decode(each[None]).log_mass(varied)[:, 1, 0].exp() for each in z]).mean(0)
    expected = float((masses * LEVELS).sum())
    assert float(x[:, 0, 1, 0].mean()) == pytest.approx(expected, abs=0.03)


def test_gradient_and_hessian_are_finite_differences():
    model = vae((3, 2, 2), perturbed=0.3)
    x = images(model, 1)[0]
    e = expand(model, at=x)
    step, unit = 1e-5, torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)

    def log_prob(x):
        return model.log_prob(x[None])[0]

    with torch.no_grad():
        slopes = (model.log_prob(x + step * unit) - model.log_prob(x - step * unit)) / (2 * step)
    torch.testing.assert_close(e.gradient.flatten(), slopes, rtol=1e-5, atol=1e-5)
    rows = [((grad(log_prob)(x + step * u) - grad(log_prob)(x - step * u)) / (2 * step)).flatten() for u in unit]
    torch.testing.assert_close(e.hessian().reshape(len(unit), -1), torch.stack(rows), rtol=1e-5, atol=1e-4)


def test_where_memory_is_short_one_draw_after_the_other_is_differentiated(monkeypatch):
    model, decoded = vae((1, 4, 4), draws=20), []
    x, d = images(model, 3), images(model, 3, seed=2)
    whole, apart = (expand(model, at=x[0], memory_budget=budget).operator for budget in (2**28, 2e5))
    assert (whole.route, apart.route) == ("hvp", "mixture (20 components)")

    def watched(decode):
        return lambda self, z: decoded.append(len(z)) or decode(self, z)

    monkeypatch.setattr(VAE, "decode", watched(VAE.decode))
    found = apart.along(x, d)
    assert max(decoded) == len(x)  # of every image one draw
    decoded.clear()
    torch.testing.assert_close(found, whole.along(x, d))
    assert max(decoded) == 20 * len(x)
    torch.testing.assert_close(apart.products(d), whole.products(d))


@pytest.mark.parametrize(("settings", "shape"), [({}, (3, 8, 8)), ({"levels": 1, "components": 5}, (1, 6, 5))])
def test_the_estimated_size_is_that_of_the_model(settings, shape):
    config = configuration("vae", **settings)
    model = build(config, shape)
    assert size(config, shape).parameters == sum(parameter.numel() for parameter in model.parameters())
    assert 0.6 < size(config, shape).activations / numbers_held(model) < 1.5


def test_bfloat16_autocast_keeps_the_masses_in_float32_and_the_direction_of_the_gradient():
    model = vae((3, 8, 8), perturbed=0.0, width=8).float()
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
    model = vae()
    with pytest.raises(ShapeError, match="Expected a batch of shape"):
        model.log_prob(torch.zeros(1, 3, 4, 5, dtype=torch.float64))
    with pytest.raises(DtypeError, match=r"The model is torch\.float64 and the events are torch\.float32"):
        model.log_prob(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ConfigError, match="model setting draws: expected a whole number from 2"):
        configuration("vae", draws=1)


def test_the_description_says_that_log_p_is_a_bound():
    found = describe(configuration("vae"))
    assert found.label == "vae-z32-2-w16-k16-silu"
    assert any("importance-weighted bound with 16 frozen draws" in fact for fact in found.facts)
