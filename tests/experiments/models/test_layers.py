"""The layers of a Glow by themselves: the invertible 1x1 convolution, the additive coupling, the squeeze."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.models.coupling import Additive, Coupling
from experiments.models.coupling_network import coupling_network
from experiments.models.coupling_region import ChannelHalves
from experiments.models.invertible_convolution import InvertibleConvolution
from experiments.models.squeeze import Squeeze
from tests.experiments.models.cases import randomise, seeded


@settings(deadline=None, max_examples=25)
@given(channels=st.integers(1, 12), seed=st.integers(0, 10**6))
def test_kernel_inverse_and_log_determinant(channels, seed):
    layer = randomise(InvertibleConvolution(channels, seeded(seed)).double(), seed)
    kernel = layer.kernel()
    torch.testing.assert_close(layer.inverse_kernel() @ kernel, torch.eye(channels, dtype=torch.float64))
    torch.testing.assert_close(layer.log_abs_det(), torch.linalg.slogdet(kernel).logabsdet)


@settings(deadline=None, max_examples=15)
@given(channels=st.integers(1, 24), seed=st.integers(0, 10**6))
def test_kernel_starts_as_a_rotation(channels, seed):
    kernel = InvertibleConvolution(channels, seeded(seed)).kernel()
    torch.testing.assert_close(kernel @ kernel.mT, torch.eye(channels), rtol=0, atol=1e-5)


@pytest.mark.parametrize("channels", [2, 5])
def test_coupling_leaves_the_first_half_alone(channels):
    half = channels // 2
    network = randomise(coupling_network(half, 4, channels - half, "silu", seeded()))
    x = torch.rand(2, channels, 4, 4, generator=seeded())
    y, log_det = Coupling(network, Additive(), ChannelHalves(channels))(x)
    assert torch.equal(y[:, :half], x[:, :half])
    torch.testing.assert_close(y[:, half:], x[:, half:] + network(x[:, :half]))
    assert log_det == 0


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_squeeze_stacks_blocks_and_keeps_the_memory_format(memory_format):
    x = torch.arange(2 * 3 * 4 * 6, dtype=torch.float64).reshape(2, 3, 4, 6).contiguous(memory_format=memory_format)
    y, log_det = Squeeze()(x)
    for channel in range(3):
        for i in range(2):
            for j in range(2):
                assert torch.equal(y[:, 4 * channel + 2 * i + j], x[:, channel, i::2, j::2])
    assert y.is_contiguous(memory_format=memory_format)
    assert torch.equal(Squeeze().inverse(y), x)
    assert log_det == 0
