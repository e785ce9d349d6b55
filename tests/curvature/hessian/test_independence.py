"""Densities whose value for one sample depends on the others are found."""

import pytest
import torch

from curvature import expand
from curvature.errors import BatchMixingError


@pytest.mark.parametrize(
    "log_prob",
    [
        lambda x: -(x - x.mean(0)).square().sum(1),
        lambda x: -x.square().sum(1) / len(x),
        lambda x: -x.square().sum(1).cumsum(0),
    ],
)
def test_densities_that_mix_samples_are_found(log_prob):
    with pytest.raises(BatchMixingError, match="other samples of its batch"):
        expand(log_prob, at=torch.ones(4))


def test_a_point_at_the_edge_of_the_support_is_no_mixing():
    e = expand(lambda x: torch.where((x >= 0).all(1), -x.sum(1), torch.nan), at=torch.zeros(40, dtype=torch.float64))
    assert e.value == 0
