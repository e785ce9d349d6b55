"""Rounding to TensorFloat-32 against arithmetic with powers of two, and which convolutions are rounded."""

import math

import pytest
import torch

from benchmarks.tf32_rounding import ROUNDED, RoundedConvolutions, to_tf32


def test_rounding_keeps_ten_bits():
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 1e3
    mantissa, exponent = torch.frexp(x.double())
    expected = torch.ldexp((mantissa * 2**11).round(), exponent - 11)
    assert torch.equal(to_tf32(x).double(), expected)


@pytest.mark.parametrize(("steps", "expected"), [(0.5, 0), (1.5, 2), (2.5, 2), (0.75, 1)])
def test_ties_go_to_the_even_neighbour(steps, expected):
    assert float(to_tf32(torch.tensor(1 + steps * 2.0**-10))) == 1 + expected * 2.0**-10


@pytest.mark.parametrize(
    ("rounded", "mixing", "network"),
    [
        ("none", False, False),
        ("all", True, True),
        ("mixing of channels", True, False),
        ("coupling networks", False, True),
    ],
)
def test_the_chosen_convolutions_are_rounded(rounded, mixing, network):
    x = torch.full((1, 2, 4, 4), math.pi)
    for weight, expected in ((torch.eye(2)[:, :, None, None], mixing), (torch.ones(3, 2, 3, 3), network)):
        exact = torch.nn.functional.conv2d(x, weight)
        with RoundedConvolutions(ROUNDED[rounded]):
            found = torch.nn.functional.conv2d(x, weight)
        assert torch.equal(found, exact) != expected
