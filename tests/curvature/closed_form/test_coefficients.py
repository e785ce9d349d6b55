import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import hessian

from curvature.closed_form.channel_mixing import Mixing, from_kernels
from curvature.closed_form.coefficients import (
    correlated_coefficients,
    exact_coefficients,
    published_coefficients,
)
from curvature.closed_form.gap import predict_from_variances
from curvature.errors import NonFiniteError, OptionError, ShapeError
from tests.curvature.closed_form.linear_flows import linear_flow
from tests.curvature.densities import randn
from tests.curvature.toy_flows import MixingFlow

seeds = st.integers(0, 2**31 - 1)


sizes = st.tuples(st.integers(1, 4), st.integers(1, 4))


properties = settings(deadline=None, max_examples=25)


def orthogonal(*shape: int, seed: int) -> Tensor:
    """Random orthogonal matrices of the Haar measure: signs of R's diagonal put into Q."""
    Q, R = torch.linalg.qr(randn(*shape, seed=seed))
    return Q * R.diagonal(dim1=-2, dim2=-1).sign()[..., None, :]


def dense_hessian(model, at: Tensor) -> Tensor:
    H = hessian(lambda x: model.log_prob(x[None])[0])(at)
    return H.detach().reshape(at.numel(), at.numel())


FLOWS = [((3, 2, 2), 1), ((3, 4, 4), 1), ((1, 4, 8), 2), ((3, 4, 4), 2), ((1, 8, 8), 3)]


@pytest.mark.parametrize(("event_shape", "levels"), FLOWS)
def test_exact_coefficients_are_the_diagonal_of_a_linear_flow(event_shape, levels):
    model = linear_flow(event_shape, levels)
    H = dense_hessian(model, torch.rand(event_shape, dtype=torch.float64))
    coefficients = exact_coefficients(model.channel_mixings(), event_shape[0], prior_scale=1.7)
    assert coefficients.side == 2**levels
    torch.testing.assert_close(coefficients.weights(event_shape).reshape(-1), H.diagonal() / 2, rtol=1e-9, atol=0)


@pytest.mark.parametrize(("event_shape", "levels"), FLOWS)
def test_correlated_coefficients_are_the_trace_if_colours_move_as_one(event_shape, levels):
    model = linear_flow(event_shape, levels)
    H = dense_hessian(model, torch.rand(event_shape, dtype=torch.float64))
    C, height, width = event_shape
    s2 = torch.rand(height * width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    Sigma = torch.kron(torch.ones(C, C, dtype=torch.float64), torch.diag(s2))
    coefficients = correlated_coefficients(model.channel_mixings(), C, prior_scale=1.7)
    variance = s2.reshape(1, height, width).repeat(C, 1, 1)
    prediction = predict_from_variances(coefficients, variance, torch.zeros_like(variance))
    assert prediction.nats == pytest.approx(float((H * Sigma).sum()) / 2, rel=1e-9)


def test_a_flow_of_mixings_has_the_formulas_of_one_pixel():
    model = MixingFlow.random((3, 2, 3), 4, torch.Generator().manual_seed(2), prior_scale=0.6)
    U, mixings = model.product().detach(), model.channel_mixings()
    exact = exact_coefficients(mixings, 3, 0.6)
    torch.testing.assert_close(exact.values[:, 0, 0], U.square().sum(0))
    torch.testing.assert_close(exact.weights((3, 2, 3)).reshape(-1), model.hessian().detach().diagonal() / 2)
    assert float(correlated_coefficients(mixings, 3).values.sum()) == pytest.approx(float(U.sum(1).square().sum()))
    alpha = model.kernels.detach().sum(2).prod(0)
    torch.testing.assert_close(published_coefficients(mixings, 3).values[:, 0, 0], alpha**2)


def test_actnorm_is_folded_in_or_left_out():
    kernel, scale = randn(3, 3, seed=1), randn(3, seed=2).exp()
    mixings = from_kernels([kernel], [scale])
    torch.testing.assert_close(published_coefficients(mixings, 3).values[:, 0, 0], (kernel @ scale) ** 2)
    letter = published_coefficients(mixings, 3, actnorm=False).values[:, 0, 0]
    torch.testing.assert_close(letter, kernel.sum(1) ** 2)


def test_published_coefficients_follow_channels_through_squeeze_and_levels():
    model = linear_flow((2, 8, 8), levels=3)
    mixings = model.channel_mixings()
    alpha = [torch.stack([(m.kernel * m.scale).sum(1) for m in mixings if m.level == n]).prod(0) for n in range(3)]
    values = published_coefficients(mixings, 2).values
    for c in range(2):
        for i in range(8):
            for j in range(8):
                row, expected = c, 1.0
                for level in range(3):
                    row = 4 * row + 2 * (i >> level & 1) + (j >> level & 1)
                    expected *= float(alpha[level][row]) ** 2
                    if row >= len(alpha[level]) // 2:
                        break
                assert float(values[c, i, j]) == pytest.approx(expected)


def test_first_level_alone_is_a_smaller_flow():
    mixings = [m for m in linear_flow((3, 8, 8), levels=2).channel_mixings() if m.level == 0]
    published = published_coefficients(mixings, 3).values
    alpha = torch.stack([(m.kernel * m.scale).sum(1) for m in mixings]).prod(0)
    torch.testing.assert_close(published.reshape(12), alpha**2)
    assert exact_coefficients(mixings, 3).values.shape == (3, 2, 2)


def test_diagonal_kernels_make_all_three_agree_on_their_diagonal_terms():
    mixings = from_kernels([torch.diag(randn(3, seed=n)) for n in range(3)])
    published, exact, correlated = (
        f(mixings, 3).values for f in (published_coefficients, exact_coefficients, correlated_coefficients)
    )
    torch.testing.assert_close(published, exact)
    torch.testing.assert_close(correlated.sum(), exact.sum())


@pytest.mark.parametrize(("steps", "low", "high"), [(1, 0.65, 0.85), (3, 0.10, 0.16), (24, 2e-10, 3e-9)])
def test_published_coefficients_of_orthogonal_kernels_vanish_with_depth(steps, low, high):
    kernels = orthogonal(1500, steps, 3, 3, seed=steps)
    published, exact = [], []
    for stack in kernels:
        mixings = from_kernels(stack)
        published.append(published_coefficients(mixings, 3).values)
        exact.append(exact_coefficients(mixings, 3).values)
    torch.testing.assert_close(torch.stack(exact), torch.ones(1500, 3, 1, 1, dtype=torch.float64))
    assert low < float(torch.stack(published).median()) < high


@properties
@given(sizes=sizes, seed=seeds)
def test_relabelling_channels_relabels_coefficients(sizes, seed):
    K, C = sizes
    kernels, order = randn(K, C, C, seed=seed), torch.randperm(C, generator=torch.Generator().manual_seed(seed))
    relabelled = kernels[:, order][:, :, order]
    for coefficients in (published_coefficients, exact_coefficients):
        torch.testing.assert_close(
            coefficients(from_kernels(relabelled), C).values, coefficients(from_kernels(kernels), C).values[order]
        )


@properties
@given(sizes=sizes, seed=seeds, factor=st.floats(-3, 3))
def test_scaling_a_kernel_scales_by_the_square(sizes, seed, factor):
    K, C = sizes
    kernels = randn(K, C, C, seed=seed)
    scaled = torch.cat([factor * kernels[:1], kernels[1:]])
    for coefficients in (published_coefficients, exact_coefficients, correlated_coefficients):
        before, after = (coefficients(from_kernels(k), C).values for k in (kernels, scaled))
        torch.testing.assert_close(after, factor**2 * before)


@properties
@given(sizes=sizes, seed=seeds)
def test_signed_permutations_and_order_of_steps(sizes, seed):
    K, C = sizes
    generator = torch.Generator().manual_seed(seed)
    kernels = torch.stack([torch.eye(C, dtype=torch.float64)[torch.randperm(C, generator=generator)] for _ in range(K)])
    signs = 2.0 * torch.randint(2, (K, C, 1), generator=generator) - 1
    mixings = from_kernels(kernels * signs)
    ones = torch.ones(C, 1, 1, dtype=torch.float64)
    torch.testing.assert_close(published_coefficients(mixings, C).values, ones)
    torch.testing.assert_close(exact_coefficients(mixings[::-1], C).values, ones)


def test_one_squeeze_needs_no_halving_and_an_odd_level_cannot_go_on():
    nine = [Mixing(0, 0, torch.eye(9), torch.ones(9))]
    assert exact_coefficients(nine, 1).values.shape == (1, 3, 3)
    with pytest.raises(ShapeError, match="9 channels cannot be halved"):
        exact_coefficients([*nine, Mixing(1, 0, torch.eye(16), torch.ones(16))], 1)


def test_bad_input_is_named():
    eye, ones = torch.eye(3), torch.ones(3)
    for mixings, message in (
        ([], "levels 0, 1"),
        ([Mixing(1, 0, eye, ones)], "got levels"),
        ([Mixing(0, 0, eye, ones), Mixing(0, 1, torch.eye(12), torch.ones(12))], r"sizes \[3, 12\]"),
        ([Mixing(0, 0, torch.eye(2), torch.ones(2))], "cannot follow 3 channels"),
        ([Mixing(0, 0, torch.ones(3, 2), ones)], "expected a kernel"),
        ([Mixing(0, 0, eye, torch.ones(2))], "expected a kernel"),
    ):
        with pytest.raises(ShapeError, match=message):
            exact_coefficients(mixings, 3)
    with pytest.raises(NonFiniteError, match="kernel of level 0, step 0"):
        published_coefficients(from_kernels([eye * math.nan]), 3)
    with pytest.raises(OptionError, match="prior_scale"):
        published_coefficients(from_kernels([eye]), 3, prior_scale=0.0)
    glow = exact_coefficients(from_kernels([torch.eye(12)]), 3)
    for shape, message in (((3, 4), "expected images"), ((1, 4, 4), "3 channels"), ((3, 5, 4), "2x2 blocks")):
        with pytest.raises(ShapeError, match=message):
            glow.weights(shape)
    with pytest.raises(ShapeError, match="divisor"):
        glow.coarsen(3)
