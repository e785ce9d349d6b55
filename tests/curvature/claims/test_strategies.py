import math

import pytest
import torch
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from curvature import expand
from curvature.claims import Coupling, Covariance, FlowNumbers, Level, Step, ToyFlow
from curvature.claims.engine.drawing.covariance_strategies import STRUCTURES
from curvature.claims.engine.drawing.flow_strategies import KERNELS, SMALLEST
from curvature.claims.strategies import (
    covariances,
    curved_flows,
    eighths,
    flows,
    gentle_flows,
    kernels,
    linear_flows,
    matrices,
    ordered_covariances,
    points,
    vectors,
)

FEW = settings(
    max_examples=20, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
SQUEEZED = FlowNumbers(
    event_shape=(1, 2, 2),
    levels=(
        Level(
            (
                Step(
                    ((1.0, 0.5, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 2.0, 0.0), (0.0, 0.0, 0.0, 1.0)), (0.0,) * 4
                ),
            ),
            True,
        ),
        Level((Step(((0.5, 1.0), (0.0, 1.0)), (0.5, -1.0), Coupling("tanh", ((1.0,),), (0.0,), ((2.0,),))),)),
    ),
    prior_scale=0.5,
)


def events(flow, n=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, *flow.event_shape, generator=generator, dtype=torch.float64)


@FEW
@given(flows())
def test_log_det_is_that_of_the_dense_jacobian(flow):
    x = events(flow)
    z, log_det = flow(x)
    for event, value in zip(x, log_det, strict=True):
        J = torch.autograd.functional.jacobian(lambda e: flow(e[None])[0][0], event).reshape(flow.dim, flow.dim)
        torch.testing.assert_close(torch.linalg.slogdet(J).logabsdet, value)
    torch.testing.assert_close(flow.inverse(z), x)
    sigma = flow.numbers.prior_scale
    normal = torch.distributions.Normal(0, sigma).log_prob(z).sum(1)
    torch.testing.assert_close(flow.log_prob(x), normal + log_det)


@FEW
@given(flows())
def test_every_route_applies_to_a_toy_flow(flow):
    expansion = expand(flow.log_prob, events(flow, 1)[0])
    assert expansion.operator.route == "adjoint"
    torch.testing.assert_close(expansion.operator.log_prob(events(flow)), flow.log_prob(events(flow)))
    assert len(flow.channel_mixings()) == sum(len(level.steps) for level in flow.numbers.levels)


@FEW
@given(flows())
def test_repr_is_code_that_makes_the_same_flow(flow):
    again = eval(repr(flow))
    assert again.numbers == flow.numbers
    assert torch.equal(again.log_prob(events(flow)), flow.log_prob(events(flow)))


def test_two_levels_factor_half_of_the_channels_out():
    flow = ToyFlow(SQUEEZED)
    x = events(flow, 5)
    z, log_det = flow(x)
    assert z.shape == (5, 4)
    torch.testing.assert_close(flow.inverse(z), x)
    assert float(log_det[0]) == pytest.approx(math.log(2) + math.log(0.5))
    assert flow.sample(3, torch.Generator().manual_seed(0)).shape == (3, 1, 2, 2)


QUIET = settings(database=None, deadline=None, derandomize=True, max_examples=50)


@pytest.mark.slow
def test_shrinking_ends_at_the_smallest_flow():
    assert find(linear_flows(**SMALLEST), lambda flow: flow.dim > 1, settings=QUIET).event_shape == (2, 1, 1)


def test_shrinking_ends_at_readable_numbers():
    assert find(eighths(), lambda v: v > 0.3, settings=QUIET) == 1.0
    assert find(eighths(positive=True), lambda v: v < 1, settings=QUIET) == 0.5
    assert find(vectors(2), lambda v: v[0] < 0, settings=QUIET) == (-1.0, 0.0)
    assert find(matrices(1, 2, eighths(nonzero=True)), lambda m: True, settings=QUIET) == ((1.0, 1.0),)


@pytest.mark.parametrize("kind", KERNELS)
def test_kernels_are_of_their_kind_and_well_conditioned(kind):
    @FEW
    @given(st.integers(1, 4).flatmap(lambda channels: kernels(channels, kind)))
    def check(rows):
        U = torch.tensor(rows, dtype=torch.float64)
        identity = torch.eye(len(U), dtype=torch.float64)
        assert float(torch.linalg.svdvals(U)[-1]) > 1e-4
        if kind in {"orthogonal", "permutation"}:
            torch.testing.assert_close(U @ U.T, identity)
        if kind == "permutation":
            assert set(U.abs().flatten().tolist()) <= {0.0, 1.0}
        if kind == "diagonal":
            assert torch.equal(U, torch.diag(U.diagonal()))

    check()


@FEW
@given(linear_flows(sides=(1, 2)))
def test_linear_flows_are_linear(flow):
    x = events(flow)
    z = flow(torch.stack([x[0], x[1], x[0] + x[1], torch.zeros_like(x[0])]))[0]
    torch.testing.assert_close(z[2] + z[3], z[0] + z[1])


def activations(flow):
    steps = [step for level in flow.numbers.levels for step in level.steps]
    return {step.coupling.activation for step in steps if step.coupling}


@FEW
@given(curved_flows(sides=(1, 2)), gentle_flows(sides=(1, 2)))
def test_curved_flows_are_smooth_and_gentle_ones_short(curved, gentle):
    assert "relu" not in activations(curved)
    (level,) = gentle.numbers.levels
    assert len(level.steps) <= 2
    assert min(curved.event_shape[0], gentle.event_shape[0]) > 1


@FEW
@given(points((2, 2, 1)))
def test_points_are_small_numbers(x0):
    assert len(x0) == 4
    assert all(abs(x) <= 4 and (8 * x).is_integer() for x in x0)


@FEW
@given(flows(**SMALLEST))
def test_the_smallest_flows_are_one_step_of_one_pixel(flow):
    assert flow.dim <= 2
    (level,) = flow.numbers.levels
    assert len(level.steps) == 1
    assert (level.steps[0].coupling is not None) == (flow.dim == 2)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_covariances_have_their_structure(structure):
    shape = (2, 2, 1)

    @FEW
    @given(covariances(shape, (structure,)))
    def check(covariance):
        moments = covariance.moments(torch.zeros(shape, dtype=torch.float64))
        Sigma = moments.covariance()
        assert Sigma.shape == (4, 4)
        if structure == "zero":
            assert moments.rank == 0
        if structure in {"diagonal", "one entry"}:
            assert torch.equal(Sigma, torch.diag(Sigma.diagonal()))
        if structure == "channel-correlated":
            # Entries are (channel, pixel): both channels of a pixel are the same variable.
            torch.testing.assert_close(Sigma[:2, :2], Sigma[2:, :2])
        if structure == "low rank":
            assert moments.rank <= 2

    check()


@FEW
@given(ordered_covariances((3,)))
def test_ordered_covariances_are_ordered(pair):
    zero = torch.zeros(3, dtype=torch.float64)
    difference = pair.p.moments(zero).covariance() - pair.q.moments(zero).covariance()
    assert float(torch.linalg.eigvalsh(difference)[0]) > -1e-12
    assert isinstance(pair.p, Covariance)
