import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.inputs import (
    InputSet,
    NamedTransform,
    apply_transform,
    fit_event_shape,
    generate,
    parse_input_set,
)
from analysis.transforms.contrast import TRANSFORM as CONTRAST
from analysis.transforms.luminance import TRANSFORM as LUMINANCE
from curvature.errors import DtypeError, PixelRangeError, ShapeError, UnknownNameError


def images(*shape, seed=0):
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("svhn", InputSet("svhn", "test")),
        ("cifar10/train", InputSet("cifar10", "train")),
        ("cifar10:contrast=0.5", InputSet("cifar10", "test", (NamedTransform("contrast", 0.5),))),
        ("cifar10/train:luminance", InputSet("cifar10", "train", (NamedTransform("luminance"),))),
        (
            "cifar10:luminance:contrast=0.5",
            InputSet("cifar10", "test", (NamedTransform("luminance"), NamedTransform("contrast", 0.5))),
        ),
        ("constant=128", InputSet("constant", value=128)),
        ("noise=uniform", InputSet("noise", value="uniform")),
    ],
)
def test_names_are_read_and_written_back(name, expected):
    parsed = parse_input_set(name)
    assert parsed == expected
    assert parse_input_set(str(parsed)) == parsed


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a:b",
        "svhn:contrast",
        "svhn:contrast=dark",
        "svhn:contrast=nan",
        "svhn:luminance=1",
        "noise=gauss",
        "constant",
        "noise",
        "a/b/c",
        "a::b",
        "a=5",
    ],
)
def test_other_names_are_refused_with_the_syntax(name):
    with pytest.raises(UnknownNameError, match="input set"):
        parse_input_set(name)


@pytest.mark.parametrize("name", ["constant=-1", "constant=256", "constant=1.5", "svhn:contrast=-1"])
def test_values_out_of_range_are_refused(name):
    with pytest.raises(PixelRangeError, match="input set"):
        parse_input_set(name)


@given(factor=st.floats(0, 1), seed=st.integers(0, 100))
@settings(deadline=None, max_examples=25)
def test_contrast_scales_the_distance_to_gray_up_to_rounding(factor, seed):
    x = images(4, 3, 5, 5, seed=seed)
    expected = 127.5 + factor * (x.numpy().astype(float) - 127.5)
    assert np.abs(CONTRAST.apply(x, factor).numpy() - expected).max() <= 0.5 + 1e-9


def test_contrast_one_is_the_identity_and_zero_is_constant():
    x = images(4, 3, 5, 5)
    assert torch.equal(CONTRAST.apply(x, 1.0), x)
    assert CONTRAST.apply(x, 0.0).unique().tolist() == [128]


def test_contrast_above_one_clips():
    x = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    assert CONTRAST.apply(x, 2.0).flatten().tolist() == [0, 255]


def test_luminance_matches_pillow_and_fills_every_channel():
    from PIL import Image

    x = images(1, 3, 6, 6)
    gray = LUMINANCE.apply(x)
    reference = np.array(Image.fromarray(x[0].permute(1, 2, 0).numpy()).convert("L")).astype(int)
    for channel in range(3):
        assert np.abs(gray[0, channel].numpy().astype(int) - reference).max() <= 1


def test_luminance_of_gray_images_is_the_image_and_of_two_channels_an_error():
    gray = images(2, 1, 4, 4)
    assert torch.equal(LUMINANCE.apply(gray), gray)
    with pytest.raises(ShapeError, match="1 or 3 channels"):
        LUMINANCE.apply(images(2, 2, 4, 4))


def test_small_gray_images_are_padded_and_coloured():
    x = images(2, 1, 4, 5)
    fitted = fit_event_shape(x, (3, 8, 8))
    assert fitted.shape == (2, 3, 8, 8)
    assert torch.equal(fitted[:, 2, 2:6, 1:6], x[:, 0])
    assert fitted.double().sum() == 3 * x.double().sum()


@pytest.mark.parametrize("shape", [(2, 3, 9, 8), (2, 2, 8, 8)])
def test_images_that_do_not_fit_are_refused(shape):
    with pytest.raises(ShapeError, match="do not fit"):
        fit_event_shape(images(*shape), (3, 8, 8))


def test_colour_images_do_not_fit_a_gray_model():
    with pytest.raises(ShapeError, match="do not fit"):
        fit_event_shape(images(2, 3, 8, 8), (1, 8, 8))


def test_float_images_are_refused():
    with pytest.raises(DtypeError, match="uint8"):
        CONTRAST.apply(torch.zeros(1, 3, 2, 2), 0.5)


def test_generated_inputs():
    generator = torch.Generator().manual_seed(0)
    constant = generate(parse_input_set("constant=7"), 3, (1, 2, 2), generator)
    assert constant.unique().tolist() == [7]
    noise = generate(parse_input_set("noise=uniform"), 2000, (1, 4, 4), generator).double()
    assert noise.mean().item() == pytest.approx(127.5, abs=4 * 73.9 / (2000 * 16) ** 0.5)
    assert (noise.min(), noise.max()) == (0, 255)


def test_a_set_without_a_transform_stays_as_it_is():
    x = images(2, 3, 4, 4)
    assert apply_transform(parse_input_set("china"), x) is x
    assert torch.equal(apply_transform(parse_input_set("china:contrast=0.5"), x), CONTRAST.apply(x, 0.5))
    assert torch.equal(apply_transform(parse_input_set("china:luminance"), x), LUMINANCE.apply(x))


def test_transforms_are_applied_from_left_to_right():
    x = images(2, 3, 4, 4)
    first_gray = apply_transform(parse_input_set("china:luminance:contrast=2"), x)
    first_contrast = apply_transform(parse_input_set("china:contrast=2:luminance"), x)
    assert torch.equal(first_gray, CONTRAST.apply(LUMINANCE.apply(x), 2.0))
    assert torch.equal(first_contrast, LUMINANCE.apply(CONTRAST.apply(x, 2.0)))
    assert not torch.equal(first_gray, first_contrast)


def test_an_unknown_transform_is_told_with_those_that_exist():
    with pytest.raises(UnknownNameError, match=r"unknown transform 'sharpen'; expected .*contrast=LAMBDA.*luminance"):
        parse_input_set("china:sharpen")


@pytest.mark.parametrize(
    ("name", "message"), [("china:contrast", "contrast=LAMBDA"), ("china:luminance=1", "no value")]
)
def test_a_value_where_none_belongs_and_none_where_one_does_are_told(name, message):
    with pytest.raises(UnknownNameError, match=message):
        parse_input_set(name)
