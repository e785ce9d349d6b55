"""Inputs that need a model: its own samples, decoded latents, and contrast towards the training mean."""

import pytest
import torch

from analysis.event_setting import EventSetting
from analysis.inputs import apply_event_transforms, apply_transform, event_sets, event_transforms, make_events
from analysis.inputs import parse_input_set as parse
from curvature.errors import OptionError, PixelRangeError, UnknownNameError
from curvature.moments import Moments
from tests.curvature.toy_flows import CouplingFlow


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def flow():
    return CouplingFlow.random((1, 2, 4), 5, seeded(3), prior_scale=0.7)


@pytest.fixture
def setting(flow):
    return EventSetting(flow, lambda: torch.full((1, 2, 4), 0.4, dtype=torch.float64))


def events(n=7):
    return torch.rand(n, 1, 2, 4, generator=seeded(1), dtype=torch.float64)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 1.5])
def test_decoding_scaled_latents_changes_log_p_by_an_exact_number(flow, setting, factor):
    x = events()
    found = apply_event_transforms(parse(f"china:decode={factor}"), x, setting)
    z = flow(x)[0].flatten(1)
    gain = (1 - factor**2) * z.square().sum(1) / (2 * flow.prior_scale**2)
    torch.testing.assert_close(flow.log_prob(found), flow.log_prob(x) + gain, rtol=1e-9, atol=1e-9)
    if factor == 1:
        torch.testing.assert_close(found, x, rtol=1e-9, atol=1e-9)


def test_contrast_towards_the_training_mean_and_its_moments(setting):
    x, name = events(), parse("china:contrast_training=0.25")
    found = apply_event_transforms(name, x, setting)
    torch.testing.assert_close(found, 0.4 + 0.25 * (x - 0.4))
    predicted = event_transforms()["contrast_training"].moments(Moments.from_samples(x), 0.25, setting)
    expected = Moments.from_samples(found)
    torch.testing.assert_close(predicted.mean, expected.mean)
    torch.testing.assert_close(predicted.covariance(), expected.covariance())


def test_samples_are_the_models_own_and_the_temperature_scales_their_latents(flow, setting):
    samples = make_events(parse("samples=1"), 5, setting, seeded())
    torch.testing.assert_close(samples, flow.sample(5, seeded()))
    cold = make_events(parse("samples=0.5"), 5, setting, seeded())
    torch.testing.assert_close(flow(cold)[0], 0.5 * flow(samples)[0], rtol=1e-9, atol=1e-9)


def test_transforms_of_pixels_leave_those_of_events_alone_and_come_first(setting):
    name = parse("china:contrast=0.5:decode=0.5")
    assert name.needs_model
    assert str(name) == "china/test:contrast=0.5:decode=0.5"
    pixels = torch.full((1, 1, 2, 4), 200, dtype=torch.uint8)
    assert apply_transform(name, pixels).unique().tolist() == [164]
    with pytest.raises(UnknownNameError, match="put it behind the transforms of pixels"):
        parse("china:decode=0.5:contrast=0.5")


def test_names_of_sets_and_transforms_do_not_need_a_model_to_be_read():
    assert set(event_sets()) == {"samples"}
    assert parse("samples=1").is_generated
    assert not parse("china:blur=1").needs_model
    with pytest.raises(PixelRangeError, match="must not be negative"):
        parse("china:decode=-1")


def test_a_missing_model_and_one_without_an_inverse_are_told(setting):
    with pytest.raises(OptionError, match=r"china/test:decode=0.5': needs a trained model"):
        apply_event_transforms(parse("china:decode=0.5"), events(), None)
    plain = EventSetting(torch.nn.Linear(1, 1), setting.training_mean)
    with pytest.raises(OptionError, match=r"decode=0\.5: Linear has no method inverse"):
        apply_event_transforms(parse("china:decode=0.5"), events(), plain)
    with pytest.raises(OptionError, match=r"samples=1.*no method sample"):
        make_events(parse("samples=1"), 2, plain, seeded())
