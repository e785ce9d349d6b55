"""Operations of a training step against a count by hand, and peaks by the device's name."""

import pytest
import torch

from benchmarks.model_flops import peak_flops, training_flops
from experiments.models.registry import build, configuration


def operations_by_hand(event_shape, config):
    """Each convolution is done three times (output, gradients of weights and inputs), but for the image's gradient."""
    channels, height, width = event_shape
    forward = image_gradient = 0
    for level in range(config.levels):
        channels, height, width = 4 * channels, height // 2, width // 2
        into, out = channels // 2, channels - channels // 2
        network = 9 * into * config.width + config.width**2 + 9 * config.width * out
        forward += config.steps * 2 * height * width * (channels**2 + network)
        if level == 0:
            image_gradient = 2 * height * width * channels**2
        channels //= 2
    return 3 * forward - image_gradient


@pytest.mark.parametrize(
    ("event_shape", "config"),
    [
        ((1, 8, 8), configuration("glow", levels=2, steps=3, width=5)),
        ((3, 8, 4), configuration("glow", levels=1, steps=2, width=7)),
    ],
)
def test_the_convolutions_of_a_step_are_counted(event_shape, config):
    model = build(config, event_shape)
    assert training_flops(model, event_shape) == operations_by_hand(event_shape, config)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_counting_leaves_the_weights_alone():
    config = configuration("glow", levels=1, steps=1, width=2)
    model, untouched = build(config, (1, 4, 4)), build(config, (1, 4, 4))
    training_flops(model, (1, 4, 4))
    assert all(torch.equal(value, untouched.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("name", "teraflops"),
    [
        ("NVIDIA H200", 989.5),
        ("NVIDIA H200 NVL", 835.5),
        ("NVIDIA H100 80GB HBM3", 989.5),
        ("NVIDIA H100 PCIe", 756.5),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA L4", 121.0),
    ],
)
def test_peak_of_a_known_device(name, teraflops):
    assert peak_flops(name) == teraflops * 1e12


@pytest.mark.parametrize("name", ["cpu", "NVIDIA L40", "NVIDIA GeForce RTX 3090"])
def test_the_peak_of_other_devices_is_unknown(name):
    assert peak_flops(name) is None
