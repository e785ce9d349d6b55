"""The gap from coefficients and channel variances: the published example, and every way to give the variances."""

import doctest
import math

import pytest
import torch

import curvature.closed_form.gap
from curvature import Moments
from curvature.closed_form.channel_mixing import from_kernels
from curvature.closed_form.coefficients import exact_coefficients
from curvature.closed_form.gap import channel_sums, predict_from_sums, predict_from_variances
from curvature.errors import DtypeError, OptionError, ShapeError
from tests.curvature.closed_form.linear_flows import linear_flow
from tests.curvature.densities import randn


def test_numeric_example_of_the_paper():
    assert doctest.testmod(curvature.closed_form.gap).failed == 0
    alpha2 = torch.tensor([0.3, 2.0, 1.1], dtype=torch.float64)
    prediction = predict_from_sums(alpha2, [49.6, 52.7, 53.6], [61.9, 59.2, 68.1], dim=3072, prior_scale=0.5)
    assert prediction.nats == pytest.approx((12.3 * 0.3 + 6.5 * 2.0 + 14.5 * 1.1) / (2 * 0.25))
    assert prediction.bits_per_dim == pytest.approx(-prediction.nats / (3072 * math.log(2)))
    assert sum(prediction.by_channel) == pytest.approx(prediction.nats)


def test_variances_sums_weights_and_samples_tell_the_same():
    mixings = linear_flow((3, 8, 12), levels=2).channel_mixings()
    coefficients = exact_coefficients(mixings, 3, prior_scale=1.7)
    q, p = 0.5 * randn(9, 3, 8, 12, seed=1), randn(7, 3, 8, 12, seed=2)
    q_variance, p_variance = (Moments.from_samples(x).variance() for x in (q, p))
    prediction = predict_from_variances(coefficients, q_variance, p_variance)
    from_sums = predict_from_sums(
        coefficients.values, channel_sums(q_variance, 4), channel_sums(p_variance, 4), 288, 1.7, "exact"
    )
    assert from_sums.nats == pytest.approx(prediction.nats)
    w = coefficients.weights((3, 8, 12))
    shares = [(w * (x - x.mean(0)).square()).sum((1, 2, 3)).mean() for x in (q, p)]
    assert float(shares[0] - shares[1]) == pytest.approx(prediction.nats)
    assert prediction.nats > 0
    assert "more likely" in str(prediction)


def test_coarse_variances_suffice_if_offsets_share_them():
    coefficients = exact_coefficients(linear_flow((3, 8, 8), levels=2).channel_mixings(), 3)
    torch.testing.assert_close(coefficients.coarsen(4).values, coefficients.values)
    colours = torch.rand(3, 1, 1, dtype=torch.float64)
    first_level = torch.rand(3, 2, 2, dtype=torch.float64)
    for side, pattern in ((1, colours), (2, first_level)):
        variance = pattern.repeat(1, 8 // side, 8 // side)
        full = predict_from_variances(coefficients, variance, 0 * variance)
        coarse = predict_from_sums(
            coefficients.coarsen(side).values, channel_sums(variance, side), 0 * pattern, 192, kind="exact"
        )
        assert coarse.nats == pytest.approx(full.nats)
    uneven = torch.rand(3, 8, 8, dtype=torch.float64)
    full = predict_from_variances(coefficients, uneven, 0 * uneven)
    coarse = predict_from_variances(coefficients.coarsen(1), uneven, 0 * uneven)
    assert coarse.nats != pytest.approx(full.nats, rel=1e-6)


def test_bad_variances_are_named():
    glow = exact_coefficients(from_kernels([torch.eye(12)]), 3)
    with pytest.raises(ShapeError, match="variances of q"):
        predict_from_variances(glow, torch.ones(3, 2, 2), torch.ones(3, 4, 4))
    with pytest.raises(DtypeError, match="variances of p"):
        predict_from_variances(glow, torch.ones(3, 2, 2), torch.ones(3, 2, 2, dtype=torch.int64))
    with pytest.raises(ShapeError, match="do not divide"):
        channel_sums(torch.ones(3, 5, 4), 2)
    with pytest.raises(ShapeError, match="q_sums"):
        predict_from_sums([1.0], [1.0, 2.0], [1.0], 3)
    with pytest.raises(ShapeError, match="p_sums"):
        predict_from_sums([1.0], [1.0], [1.0, 2.0], 3)
    with pytest.raises(OptionError, match="dim"):
        predict_from_sums([1.0], [1.0], [1.0], 0)
