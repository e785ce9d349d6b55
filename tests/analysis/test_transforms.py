"""Every transform of images: what it does to pixels, and what it says of the moments."""

import pytest
import torch

from analysis.inputs import apply_transform, generate, parse_input_set, transforms
from analysis.transforms.transform import to_pixels
from curvature.errors import DtypeError, PixelRangeError, ShapeError, UnknownNameError
from curvature.moments import Moments

VALUES = {"contrast": 0.5, "contrast_own": 0.5, "blur": 0.8, "downup": 2, "add_noise": 3.0}
"""A value for every transform that takes one."""
DETERMINISTIC = ("contrast", "contrast_own", "luminance", "blur", "downup", "gaussian")
STOCHASTIC = ("add_noise", "permute_pixels", "shuffle", "phase_scramble")
SHAPE = (3, 4, 6)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def correlated(count, seed=0, spread=12.0):
    """Images with correlated pixels and a mean that differs between places, far from the ends of the range."""
    dim = SHAPE[0] * SHAPE[1] * SHAPE[2]
    mixing = torch.randn(dim, dim, generator=seeded(99), dtype=torch.float64) / dim**0.5
    mean = 127.5 + 15 * torch.randn(dim, generator=seeded(98), dtype=torch.float64)
    draws = torch.randn(count, dim, generator=seeded(seed), dtype=torch.float64)
    return to_pixels((mean + spread * draws @ mixing).reshape(count, *SHAPE))


def moments_of(images):
    return Moments.from_samples(images.double())


def test_every_transform_is_tested_here():
    assert set(transforms()) == {*DETERMINISTIC, *STOCHASTIC}
    assert {name for name, each in transforms().items() if each.placeholder} == set(VALUES)


@pytest.mark.parametrize("name", [*DETERMINISTIC, *STOCHASTIC])
def test_images_stay_images_and_the_same_images_give_the_same_result(name):
    x = correlated(20)
    before, transform = x.clone(), transforms()[name]
    found = transform.apply(x, VALUES.get(name))
    assert found.dtype == torch.uint8
    assert found.shape == x.shape
    assert torch.equal(x, before)
    assert torch.equal(found, transform.apply(x, VALUES.get(name)))
    with pytest.raises(DtypeError, match="uint8"):
        transform.apply(x.double(), VALUES.get(name))


@pytest.mark.parametrize("name", [*DETERMINISTIC, *STOCHASTIC])
def test_the_moments_are_those_of_the_new_images(name):
    x = correlated(4000)
    transform, before = transforms()[name], moments_of(x)
    assert transform.moments is not None
    predicted, found = transform.moments(before, VALUES.get(name)), moments_of(transform.apply(x, VALUES.get(name)))
    # Rounding adds at most the variance 1/12 and nothing to the mean; sampling adds the rest.
    spread = before.variance().max().sqrt() + 10
    torch.testing.assert_close(found.mean, predicted.mean, rtol=0, atol=float(5 * spread / 4000**0.5))
    error = (found.covariance() - predicted.covariance()).abs().max()
    assert error < 6 * float(spread) ** 2 / 4000**0.5
    assert found.total_variance == pytest.approx(predicted.total_variance, rel=0.02)
    if name in ("contrast", "contrast_own", "luminance", "blur", "downup"):
        # No sampling in these: rounding alone, 1/12 for each variance.
        assert error < 0.35


def test_own_contrast_keeps_the_mean_colour_of_every_image():
    x = correlated(5)
    found = apply_transform(parse_input_set("china:contrast_own=0"), x)
    torch.testing.assert_close(found.double().mean((2, 3)), x.double().mean((2, 3)), rtol=0, atol=0.5)
    assert (found == found[:, :, :1, :1]).all()


def test_blur_is_that_of_scipy():
    from scipy.ndimage import gaussian_filter

    x = correlated(2)
    expected = gaussian_filter(x.double().numpy(), (0, 0, 1.3, 1.3), mode="nearest", truncate=4.0)
    found = apply_transform(parse_input_set("china:blur=1.3"), x).double()
    torch.testing.assert_close(found, torch.from_numpy(expected), rtol=0, atol=0.51)


def test_downup_repeats_the_means_of_blocks():
    x = correlated(2)
    found = apply_transform(parse_input_set("china:downup=2"), x).double()
    torch.testing.assert_close(found[0, 1, 2:4, 4:6], x[0, 1, 2:4, 4:6].double().mean().round().expand(2, 2))
    with pytest.raises(ShapeError, match="no whole blocks of 4 x 4"):
        apply_transform(parse_input_set("china:downup=4"), x)


def test_shuffling_keeps_every_images_colours():
    x = correlated(3)
    found = apply_transform(parse_input_set("china:shuffle"), x)
    for before, after in zip(x.flatten(2).mT, found.flatten(2).mT, strict=True):
        assert sorted(before.tolist()) == sorted(after.tolist())
    assert not torch.equal(found, x)


def test_permuting_pixels_keeps_every_pixels_values():
    x = correlated(30)
    found = apply_transform(parse_input_set("china:permute_pixels"), x)
    assert torch.equal(found.sort(0).values, x.sort(0).values)
    assert not torch.equal(found, x)


def test_scrambling_phases_keeps_power_and_cross_spectra_of_every_image():
    x = to_pixels(127.5 + 2 * (correlated(3).double() - 127.5))
    found = apply_transform(parse_input_set("china:phase_scramble"), x)
    F, G = torch.fft.fft2(x.double()), torch.fft.fft2(found.double())
    rounding = 4 * (24 / 12) ** 0.5
    assert (F.abs() - G.abs()).abs().max() < rounding
    cross, kept = F[:, 0] * F[:, 1].conj(), G[:, 0] * G[:, 1].conj()
    torch.testing.assert_close(kept, cross, rtol=0.05, atol=rounding * float(F.abs()[..., 1:].max()))


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("china:blur=0", PixelRangeError, "above 0"),
        ("china:downup=1.5", PixelRangeError, "whole number of pixels"),
        ("china:add_noise=-1", PixelRangeError, "must not be negative"),
        ("colour=1,2", UnknownNameError, "three whole numbers"),
        ("colour=1,2,256", PixelRangeError, "0 to 255"),
        ("noise=gauss", UnknownNameError, "did you mean 'gaussian'"),
    ],
)
def test_values_that_make_no_sense_are_refused(name, error, message):
    with pytest.raises(error, match=message):
        parse_input_set(name)


def test_colours_and_gaussian_noise():
    colour = generate(parse_input_set("colour=255,0,7"), 2, SHAPE, seeded())
    assert [channel.unique().tolist() for channel in colour[1]] == [[255], [0], [7]]
    assert str(parse_input_set("colour=255,0,07")) == "colour=255,0,7"
    with pytest.raises(ShapeError, match="use constant=VALUE"):
        generate(parse_input_set("colour=255,0,7"), 2, (1, 4, 4), seeded())
    noise = generate(parse_input_set("noise=gaussian"), 1000, SHAPE, seeded()).double()
    assert noise.mean().item() == pytest.approx(127.5, abs=1)
    assert noise.std().item() == pytest.approx(62.5, abs=1.5)
