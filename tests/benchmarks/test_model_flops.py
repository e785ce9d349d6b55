"""Operations and bytes of a training step against counts by hand."""

import pytest
import torch

from benchmarks.model_flops import StepBytes, training_bytes, training_flops
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


def bytes_by_hand(event_shape, config, number):
    """A convolution of i to o channels moves 3 i + 2 o numbers a pixel, and its kernel three times, its bias twice."""
    channels, height, width = event_shape
    maps = kernels = weights = 0
    for level in range(config.levels):
        channels, height, width = 4 * channels, height // 2, width // 2
        into, out, hidden = channels // 2, channels - channels // 2, config.width
        shapes = [(into, hidden, 9), (hidden, hidden, 1), (hidden, out, 9)]
        of_maps = sum(3 * i + 2 * o for i, o, _ in shapes)
        of_kernels, of_biases = sum(i * o * k for i, o, k in shapes), sum(o for _, o, _ in shapes)
        maps += config.steps * height * width * (number * of_maps + 4 * 5 * channels)  # the mixing is in float32
        maps -= 4 * height * width * channels if level == 0 else 0  # the image has no gradient
        kernels += config.steps * (number * (3 * of_kernels + 2 * of_biases) + 4 * (3 * channels**2 + 2 * channels))
        weights += config.steps * (of_kernels + of_biases + channels**2 + 2 * channels)
        channels //= 2
    return StepBytes(maps, kernels + 36 * weights)


@pytest.mark.parametrize(("arithmetic", "number"), [(torch.float32, 4), (torch.bfloat16, 2)])
def test_the_bytes_of_a_step_are_counted(arithmetic, number):
    event_shape, config = (3, 8, 8), configuration("glow", levels=2, steps=2, width=5)
    found = training_bytes(build(config, event_shape), event_shape, arithmetic)
    assert found == bytes_by_hand(event_shape, config, number)
