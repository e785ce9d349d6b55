"""The discretised logistic mixture: masses sum to one, far tails, samples, derivatives."""

import math

import mpmath
import pytest
import torch
from torch.func import grad, jvp, vmap

from experiments.models.discretised_logistic import Logistic, LogisticMixture, first_bias
from experiments.models.mixture_parameters import parameters_per_pixel

LEVELS = (torch.arange(256, dtype=torch.float64) + 0.5) / 256


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def mixture(channels, components=3, height=1, width=1, batch=1, spread=2.0):
    shape = (batch, parameters_per_pixel(channels, components), height, width)
    return LogisticMixture.of(spread * torch.randn(shape, generator=seeded(), dtype=torch.float64), channels)


@pytest.mark.parametrize("mean", [-3.0, -1.0, 0.1, 0.999, 4.0])
@pytest.mark.parametrize("log_scale", [-7.0, -3.0, 0.0, 5.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_masses_are_those_of_a_truncated_logistic_in_any_tail(mean, log_scale, dtype):
    y = torch.tensor([-255 / 256, -1 / 256, 99 / 256, 255 / 256], dtype=dtype)
    parameters = (torch.tensor(value, dtype=dtype) for value in (mean, log_scale))
    found = Logistic(*parameters).log_mass(y)
    with mpmath.workdps(3000 if log_scale < -6 else 200):
        scale, centre = mpmath.exp(mpmath.mpf(log_scale)), mpmath.mpf(float(torch.tensor(mean, dtype=dtype)))

        def cdf(value):
            return 1 / (1 + mpmath.exp(-(value - centre) / scale))

        half = mpmath.mpf(1) / 256
        inside = cdf(mpmath.mpf(1)) - cdf(mpmath.mpf(-1))
        expected = [float(mpmath.log((cdf(v + half) - cdf(v - half)) / inside)) for v in map(mpmath.mpf, y.tolist())]
    # The round-off of distances that are divided by the scale.
    error = 8 * torch.finfo(dtype).eps * max(1.0, 5 * math.exp(-log_scale))
    torch.testing.assert_close(found.double(), torch.tensor(expected, dtype=torch.float64), rtol=4 * error, atol=error)


@pytest.mark.parametrize("mean", [-50.0, -1.0, 0.3, 7.0])
@pytest.mark.parametrize("log_scale", [-7.0, -2.0, 3.0])
def test_the_masses_of_the_256_cells_sum_to_one(mean, log_scale):
    logistic = Logistic(torch.tensor(mean, dtype=torch.float64), torch.tensor(log_scale, dtype=torch.float64))
    assert float(logistic.log_mass(2 * LEVELS - 1).exp().sum()) == pytest.approx(1, abs=1e-11)


def test_the_masses_of_a_mixture_sum_to_one_channel_by_channel():
    three = mixture(3)
    x = torch.tensor([0.2, 0.7, 0.4], dtype=torch.float64)[None, :, None, None].repeat(256, 1, 1, 1)
    for channel in range(3):
        varied = x.clone()
        varied[:, channel, 0, 0] = LEVELS
        masses = three.conditional_log_masses(varied)[:, channel].exp()
        assert float(masses.sum()) == pytest.approx(1, abs=1e-11)
    torch.testing.assert_close(three.conditional_log_masses(x).sum(1), three.log_mass(x))


def test_the_mean_of_a_channel_follows_the_earlier_ones():
    parameters = torch.zeros(1, parameters_per_pixel(3, 1), 1, 1, dtype=torch.float64)
    parameters[0, 4:7] = -2  # scales
    parameters[0, 7:] = torch.atanh(torch.tensor([0.5, -0.25, 0.75], dtype=torch.float64))[:, None, None]
    three = LogisticMixture.of(parameters, 3)
    red, green = 0.8, -0.4
    y = torch.tensor([red, green, -0.25 * red + 0.75 * green], dtype=torch.float64)
    x = ((y + 1) / 2)[None, :, None, None]
    blue = grad(lambda x: three.conditional_log_masses(x)[0, 2, 0, 0])(x)[0, 2]
    torch.testing.assert_close(blue, torch.zeros_like(blue), atol=0.2, rtol=0)  # its mean, but for the truncation
    moved = x.clone()
    moved[0, 0] += 0.1
    gradient = grad(lambda x: three.conditional_log_masses(x)[0, 2, 0, 0])(moved)[0, 2]
    assert float(gradient) < -10  # the mean has moved down, by a quarter of 0.2


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_samples_have_the_masses_as_frequencies(channels):
    n = 60_000
    one = mixture(channels)
    many = LogisticMixture(*(part.expand(n, *part.shape[1:]) for part in vars(one).values()))
    x = many.sample(seeded(3))
    assert x.shape == (n, channels, 1, 1)
    cells = 256 * x - 0.5
    assert torch.equal(cells, cells.round())
    assert 0 <= cells.min() <= cells.max() <= 255
    # Red against its masses, green by its mean log mass against its entropy given red.
    counts = torch.bincount(cells[:, 0, 0, 0].long(), minlength=256) / n
    first = torch.zeros(256, channels, 1, 1, dtype=torch.float64)
    first[:, 0, 0, 0] = LEVELS
    p = one.conditional_log_masses(first)[:, 0, 0, 0].exp()
    assert float(((counts - p).square() / (p / n + 1e-9)).mean()) < 1.5
    if channels > 1:
        log_p = one.conditional_log_masses(x[:2000])[:, 1, 0, 0]
        varied = x[:2000].repeat_interleave(256, 0)
        varied[:, 1, 0, 0] = LEVELS.repeat(2000)
        green = one.conditional_log_masses(varied)[:, 1, 0, 0].reshape(2000, 256)
        entropy = -(green.exp() * green).sum(1)
        excess = -log_p - entropy
        assert abs(float(excess.mean())) < 5 * float(excess.std()) / 2000**0.5


def test_quantiles_undo_the_distribution_function_in_both_tails():
    mean = torch.tensor([-40.0, -0.5, 0.0, 60.0], dtype=torch.float64)[:, None]
    logistic = Logistic(mean, torch.tensor(-1.0, dtype=torch.float64))
    u = torch.linspace(0.01, 0.99, 9, dtype=torch.float64)
    y = logistic.quantile(u)
    assert (y.diff(dim=1) > 0).all()
    assert (y.abs() < 1).all()
    # Below y lies the share that [-1, y] has of [-1, 1]: cells of the width (y + 1) instead of 2/256.
    mass = logistic._log_difference(torch.tensor(-1.0, dtype=torch.float64), (y + 1) / 2) - logistic._log_difference(
        torch.tensor(-1.0, dtype=torch.float64), 1.0
    )
    torch.testing.assert_close(mass.exp(), u.expand_as(mass), rtol=1e-9, atol=1e-12)


def test_training_begins_with_means_spread_over_the_scale():
    start = LogisticMixture.of(first_bias(3, 4)[None, :, None, None], 3)
    torch.testing.assert_close(start.means[0, :, 0, 0, 0], torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(start.log_weights.exp(), torch.full((1, 4, 1, 1), 0.25))
    torch.testing.assert_close(start.log_scales, torch.full((1, 4, 3, 1, 1), -2.0), atol=0.01, rtol=0)


def test_scales_have_a_smooth_lower_bound():
    raw = torch.zeros(1, parameters_per_pixel(1, 1), 1, 1)
    raw[0, 2] = -1e4
    assert float(LogisticMixture.of(raw, 1).log_scales.min()) == -7.0


def test_second_derivatives_are_finite_differences_of_first_ones():
    three = mixture(3, height=2, width=2)
    x = torch.rand(1, 3, 2, 2, generator=seeded(1), dtype=torch.float64)
    v = torch.randn(5, 1, 3, 2, 2, generator=seeded(2), dtype=torch.float64)

    def log_mass(x):
        return three.log_mass(x).sum()

    Hv = vmap(lambda v: jvp(grad(log_mass), (x,), (v,))[1])(v)
    step = 1e-6
    difference = torch.stack([(grad(log_mass)(x + step * u) - grad(log_mass)(x - step * u)) / (2 * step) for u in v])
    torch.testing.assert_close(Hv, difference, rtol=1e-6, atol=1e-5)
