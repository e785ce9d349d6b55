"""Every score against a closed form or another algorithm."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from analysis.representation import Representation
from analysis.rivals.evaluation import scores
from analysis.rivals.intrinsic_dimension import dimension_of
from analysis.rivals.score import ScoredImages, ScoreUnavailableError
from tests.analysis.rivals.worlds import (
    DIM,
    REFERENCE,
    SHAPE,
    events,
    fitted_normal,
    gaussian_log_prob,
    generator,
    pixels,
    scored,
    setting,
    smooth_pixels,
)

IMAGES = scored("images", pixels(30, 0))


def score(name):
    return next(each for each in scores() if each.name == name)


def values(name, where=None, images=IMAGES):
    where = where or setting()
    return score(name).evaluate(score(name).prepare(where), images)


def test_every_score_says_what_it_is():
    names = [each.name for each in scores()]
    assert len(set(names)) == len(names) >= 12
    assert all(each.units and each.higher_means and each.source and each.needs for each in scores())


@pytest.mark.parametrize("name", ["gaussian", "taylor2"])
def test_the_gaussian_and_the_second_order_are_exact_where_log_p_is_that_gaussian(name):
    torch.testing.assert_close(values(name).values, IMAGES.log_p, rtol=1e-9, atol=1e-9)


def test_a_singular_covariance_gets_the_variance_of_the_dequantisation_and_that_is_said():
    few = REFERENCE[:10]
    fitted = score("gaussian").prepare(setting(reference=few))
    assert "10 images for 16 dimensions" in score("gaussian").remark(fitted)
    e = few.flatten(1) - few.flatten(1).mean(0)
    expected = e.T @ e / 9 + torch.eye(DIM) / (12 * 256**2)
    torch.testing.assert_close(fitted.cholesky @ fitted.cholesky.T, expected)
    assert score("gaussian").remark(score("gaussian").prepare(setting())) == ""


@pytest.mark.parametrize("name", ["gaussian", "pixel-gaussian"])
def test_singular_moments_of_features_are_refused(name):
    constant = torch.zeros(30, *SHAPE, dtype=torch.float64)
    features = replace(setting(), reference=constant, representation=Representation(embed=lambda x: x))
    with pytest.raises(ScoreUnavailableError, match=r"singular|the same in all"):
        score(name).prepare(features)


def test_the_pixel_gaussian_is_a_product_of_normals():
    expected = Normal(REFERENCE.mean(0), REFERENCE.std(0)).log_prob(IMAGES.events).flatten(1).sum(1)
    torch.testing.assert_close(values("pixel-gaussian").values, expected)


def test_a_constant_pixel_has_the_variance_of_the_dequantisation():
    reference = REFERENCE.clone()
    reference[:, 0, 0, 0] = 0.5
    fitted = score("pixel-gaussian").prepare(setting(reference=reference))
    assert fitted.variance[0, 0, 0] == 1 / (12 * 256**2)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_local_gaussian_is_a_normalised_density_of_the_whole_image(channels):
    x = torch.rand(200, channels, 3, 3, generator=generator(), dtype=torch.float64).cumsum(2)
    local = score("local-gaussian")
    fitted = local.prepare(replace(setting(), reference=x))

    def log_density(flat):
        image = flat.reshape(1, channels, 3, 3)
        return local.evaluate(fitted, ScoredImages("one", image, flat[:1])).values[0]

    # It is Gaussian, so its Hessian and its mode give it completely, with its volume.
    zero = torch.zeros(9 * channels, dtype=torch.float64)
    precision = -torch.autograd.functional.hessian(log_density, zero)
    mode = torch.linalg.solve(precision, torch.autograd.functional.jacobian(log_density, zero))
    normal = torch.distributions.MultivariateNormal(mode, precision_matrix=(precision + precision.T) / 2)
    torch.testing.assert_close(
        local.evaluate(fitted, ScoredImages("x", x[:5], x[:5, 0, 0, 0])).values, normal.log_prob(x[:5].flatten(1))
    )


def test_the_local_gaussian_finds_the_weights_that_made_the_images():
    x = torch.zeros(300, 1, 6, 6, dtype=torch.float64)
    noise = torch.randn(x.shape, generator=generator(), dtype=torch.float64)
    for row in range(6):
        for column in range(6):
            left = x[:, 0, row, column - 1] if column else 0
            above = x[:, 0, row - 1, column] if row else 0
            x[:, 0, row, column] = 0.5 * left + 0.3 * above + 0.1 * noise[:, 0, row, column]
    fitted = score("local-gaussian").prepare(replace(setting(), reference=x))
    expected = torch.tensor([0, 0.3, 0, 0.5, 0], dtype=torch.float64)
    torch.testing.assert_close(fitted.weights[0], expected, atol=0.04, rtol=0)
    assert fitted.variances[0] == pytest.approx(0.01, rel=0.05)


def test_the_local_gaussian_needs_images():
    flat = replace(setting(), reference=REFERENCE.flatten(1))
    with pytest.raises(ScoreUnavailableError, match=r"events of shape \[16\]"):
        score("local-gaussian").prepare(flat)


@pytest.mark.parametrize("name", ["png", "webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_noise_cannot_be_compressed_and_a_constant_can(name, channels):
    shape = (channels, 32, 32)
    noise, constant = pixels(2, 0, shape=shape), torch.full((2, *shape), 77, dtype=torch.uint8)
    found = [values(name, images=ScoredImages("x", events(x), torch.zeros(2), x)).values for x in (noise, constant)]
    assert (found[0] >= 8).all()
    assert (found[0] < 9.5).all()
    assert (found[1] < 0.9).all()


@pytest.mark.parametrize("name", ["png", "webp", "complexity"])
def test_sizes_without_images_are_refused_with_the_reason(name):
    none = replace(IMAGES, pixels=None, no_pixels="made by the model")
    with pytest.raises(ScoreUnavailableError, match="images: made by the model"):
        values(name, images=none)
    two = replace(IMAGES, pixels=pixels(30, 0, shape=(2, 4, 4)))
    with pytest.raises(ScoreUnavailableError, match="1 or 3 channels"):
        values(name, images=two)


def test_complexity_is_a_log_likelihood_ratio_in_bits():
    bpd = 8 - IMAGES.log_p / (DIM * math.log(2))
    torch.testing.assert_close(values("complexity").values, values("png").values - bpd)


def test_typicality_is_the_distance_from_the_mean_of_the_training_images():
    where = setting()
    expected = (IMAGES.log_p - where.train.log_p.mean()).abs()
    torch.testing.assert_close(values("typicality", where).values, expected)


class Linear(nn.Module):
    def forward(self, x):
        return 3 * x.flatten(1), torch.zeros(len(x))

    def inverse(self, z):
        return z / 3


def test_the_latent_norm_of_a_linear_flow():
    expected = 9 * IMAGES.events.flatten(1).square().sum(1)
    torch.testing.assert_close(values("latent-norm", setting(model=Linear())).values, expected)


def test_a_model_without_latents_has_no_latent_norm():
    with pytest.raises(ScoreUnavailableError, match="only a flow"):
        values("latent-norm", setting(model=nn.Identity()))


def test_gradient_and_curvature_of_a_gaussian():
    precision = fitted_normal().precision_matrix
    gradient = (IMAGES.events.flatten(1) - fitted_normal().loc) @ precision
    torch.testing.assert_close(values("score-norm").values, gradient.norm(dim=1))
    found = values("hessian-trace", setting(probes=40))
    distance = (found.values + precision.trace()) / found.standard_errors
    assert distance.abs().max() < 4.5  # the largest of 30
    assert distance.abs().max() > 0.01  # an estimate: exact only where H is diagonal
    assert abs(distance.mean()) < 3 / math.sqrt(30)


def test_the_dimension_from_distances_that_grow_as_in_d_dimensions():
    j = torch.arange(1, 21, dtype=torch.float64)
    for d in (1, 4, 9):
        expected = d * 18 / float((20 / j[:-1]).log().sum())
        assert float(dimension_of((j / 20)[None] ** (1 / d))) == pytest.approx(expected)


@pytest.mark.parametrize("d", [1, 3])
def test_the_dimension_of_a_torus_in_sixteen_dimensions(d):
    # A flat torus is a manifold without border.
    angles = 2 * math.pi * torch.rand(3000, d, generator=generator(), dtype=torch.float64)
    x = torch.cat([angles.cos(), angles.sin(), torch.zeros(3000, DIM - 2 * d)], 1).reshape(-1, *SHAPE)
    where = replace(setting(neighbours=15), reference=x[:2700])
    found = values("intrinsic-dimension", where, ScoredImages("x", x[2700:], torch.zeros(300))).values
    assert float(found.mean()) == pytest.approx(d, rel=0.06)


def test_the_dimension_needs_more_images_than_neighbours():
    with pytest.raises(ScoreUnavailableError, match="20 neighbours and 12"):
        score("intrinsic-dimension").prepare(setting(reference=REFERENCE[:12]))


def test_smooth_images_follow_from_their_neighbours_better_than_noise():
    smooth, noise = (scored("x", x, gaussian_log_prob) for x in (smooth_pixels(30, 8), pixels(30, 8)))
    where = setting()
    assert values("local-gaussian", where, smooth).values.min() > values("local-gaussian", where, noise).values.max()


class Broken(Linear):
    def forward(self, x):
        raise RuntimeError("Forward method cannot be called.")


class Half(Linear):
    def forward(self, x):
        return x.flatten(1)[:, :8], torch.zeros(len(x))


@pytest.mark.parametrize(("model", "reason"), [(Broken(), "Forward method"), (Half(), "as large as x")])
def test_a_forward_that_gives_no_latents_is_refused(model, reason):
    with pytest.raises(ScoreUnavailableError, match=reason):
        score("latent-norm").prepare(setting(model=model))
