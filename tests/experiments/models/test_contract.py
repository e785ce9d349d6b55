"""One contract over every flow: shapes, gradients, inverse, log-determinant, transforms, checkpoints, errors."""

import copy

import pytest
import torch
from safetensors.torch import load, save
from torch.func import functional_call, grad, hessian, jvp, vjp, vmap

from curvature.errors import DtypeError, ShapeError
from experiments.models.flow import Flow
from tests.experiments.models.cases import CASES, images, randomise, seeded


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def flow(request) -> Flow:
    return request.param.make()


def test_shapes(flow):
    x = images(flow, 3)
    z, log_det = flow(x)
    assert z.shape == (3, flow.dim)
    assert log_det.shape == flow.log_prob(x).shape == (3,)
    assert flow.inverse(z).shape == x.shape
    assert flow.sample(2, seeded()).shape == (2, *flow.event_shape)


def test_gradients_reach_every_parameter(flow):
    flow.log_prob(images(flow, 4)).sum().backward()
    for name, parameter in flow.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).any(), name


def test_every_entry_of_the_packed_kernels_counts(flow):
    flow.log_prob(images(flow, 8)).sum().backward()
    for name, parameter in flow.named_parameters():
        if name.endswith("lower_upper"):
            assert (parameter.grad != 0).all(), name


def test_log_determinant_is_that_of_the_dense_jacobian(flow):
    x = images(flow, 2)
    jacobian = torch.func.jacrev(lambda event: flow(event[None])[0][0])(x[0]).reshape(flow.dim, flow.dim)
    expected = torch.linalg.slogdet(jacobian).logabsdet
    assert abs(expected) > 0.05, "the test needs a log-determinant away from zero"
    torch.testing.assert_close(flow(x)[1][0], expected, rtol=1e-10, atol=1e-10)


def test_log_determinant_is_the_same_number_for_every_input_if_that_is_promised(flow):
    log_det = torch.cat([flow(images(flow, 4))[1], flow(50 * images(flow, 4, seed=9) - 20)[1]])
    assert bool((log_det == log_det[0]).all()) == flow.is_constant_log_det
    x = images(flow, 2).requires_grad_()
    log_det = flow(x)[1].sum()
    if not log_det.requires_grad:
        assert flow.is_constant_log_det
        return
    (gradient,) = torch.autograd.grad(log_det, x, allow_unused=True)
    assert (gradient is None or bool((gradient == 0).all())) == flow.is_constant_log_det


def test_the_parts_of_log_prob_add_up(flow):
    x = images(flow, 3)
    parts = flow.log_prob_parts(x)
    assert list(parts) == ["prior", "log_det"]
    torch.testing.assert_close(parts["log_det"], flow(x)[1], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(sum(parts.values()), flow.log_prob(x), rtol=1e-12, atol=1e-12)


def test_inverse_undoes_forward_and_forward_undoes_inverse(flow):
    x = images(flow, 3)
    torch.testing.assert_close(flow.inverse(flow(x)[0]), x, rtol=0, atol=1e-10)
    z = torch.randn(3, flow.dim, generator=seeded(), dtype=torch.float64)
    torch.testing.assert_close(flow(flow.inverse(z))[0], z, rtol=0, atol=1e-10)


def test_log_prob_is_the_change_of_variables_formula(flow):
    x = images(flow, 3)
    z, log_det = flow(x)
    sigma = flow.prior.log_scale.exp()
    expected = torch.distributions.Normal(torch.zeros_like(sigma), sigma).log_prob(z).sum(1) + log_det
    torch.testing.assert_close(flow.log_prob(x), expected, rtol=1e-12, atol=1e-12)


def test_samples_of_a_batch_do_not_mix(flow):
    x = images(flow, 4)
    alone = torch.cat([flow.log_prob(event[None]) for event in x])
    torch.testing.assert_close(flow.log_prob(x), alone, rtol=1e-12, atol=1e-12)


def test_transforms_agree_with_plain_evaluation(flow):
    x, v = images(flow, 3), images(flow, 3, seed=5)
    plain = flow.log_prob(x)
    torch.testing.assert_close(vmap(lambda event: flow.log_prob(event[None])[0])(x), plain)
    value, pullback = vjp(flow.log_prob, x)
    (gradient,) = pullback(torch.ones_like(value))
    torch.testing.assert_close(value, plain)
    reference = x.clone().requires_grad_()
    torch.testing.assert_close(gradient, torch.autograd.grad(flow.log_prob(reference).sum(), reference)[0])
    value, tangent = jvp(flow.log_prob, (x,), (v,))
    torch.testing.assert_close(value, plain)
    torch.testing.assert_close(tangent, (gradient * v).flatten(1).sum(1))
    step = 1e-5
    difference = (flow.log_prob(x + step * v) - flow.log_prob(x - step * v)) / (2 * step)
    torch.testing.assert_close(tangent, difference, rtol=1e-6, atol=1e-6)


def test_functional_call_with_other_weights(flow):
    x = images(flow, 2)
    other = randomise(flow, seed=11)
    weights = dict(other.named_parameters()) | dict(other.named_buffers())
    torch.testing.assert_close(functional_call(flow, weights, (x,))[0], other(x)[0], rtol=0, atol=0)
    weights = {name: weight.detach() for name, weight in weights.items()}
    loss_gradient = grad(lambda w: functional_call(flow, w, (x,))[0].square().sum())(
        {name: weights[name] for name, _ in flow.named_parameters()}
    )
    assert all((value != 0).any() for name, value in loss_gradient.items() if not name.startswith("prior"))


def test_forward_over_reverse_hessian_vector_product(flow):
    event, direction = images(flow, 2)

    def log_prob(x):
        return flow.log_prob(x[None])[0]

    value = jvp(grad(log_prob), (event,), (direction,))[1]
    step = 1e-5
    difference = (grad(log_prob)(event + step * direction) - grad(log_prob)(event - step * direction)) / (2 * step)
    torch.testing.assert_close(value, difference, rtol=1e-5, atol=1e-6)
    batched = vmap(lambda v: jvp(grad(log_prob), (event,), (v,))[1])(torch.stack([direction, event]))
    torch.testing.assert_close(batched[0], value)
    H = hessian(log_prob)(event).reshape(flow.dim, flow.dim)
    torch.testing.assert_close(H, H.mT)


def test_hessian_is_gauss_newton_plus_curvature_of_the_flow_and_of_its_volume(flow):
    """docs/theory.md, eqs. 7 and 8a, each part by its own automatic derivative."""
    event = images(flow, 1)[0]

    def latents(x):
        return flow(x[None])[0][0]

    J = torch.func.jacrev(latents)(event).reshape(flow.dim, flow.dim)
    z = latents(event).detach()
    second = hessian(lambda x: latents(x) @ z)(event).reshape(flow.dim, flow.dim)
    H = hessian(lambda x: flow.log_prob(x[None])[0])(event).reshape(flow.dim, flow.dim)
    volume = hessian(lambda x: flow(x[None])[1][0])(event).reshape(flow.dim, flow.dim)
    torch.testing.assert_close(H, volume - (J.mT @ J + second) / flow.prior.scale**2)


def test_evaluation_mode_equals_training_mode(flow):
    x = images(flow, 3)
    training = flow.train().log_prob(x)
    assert torch.equal(flow.eval().log_prob(x), training)


def test_deepcopy_and_checkpoint_are_bit_exact(flow):
    x = images(flow, 3)
    expected = flow.log_prob(x)
    assert torch.equal(copy.deepcopy(flow).log_prob(x), expected)
    other = randomise(flow, seed=12)
    assert not torch.equal(other.log_prob(x), expected)
    other.load_state_dict(load(save(flow.state_dict())))
    assert torch.equal(other.log_prob(x), expected)


def test_repr_names_the_flow(flow):
    assert repr(flow).startswith(type(flow).__name__)


def test_inputs_are_left_alone(flow):
    x = images(flow, 2)
    before = x.clone()
    flow.log_prob(x)
    z = flow(x)[0].detach()
    latents = z.clone()
    flow.inverse(z)
    assert torch.equal(x, before)
    assert torch.equal(z, latents)


def test_wrong_shapes_are_named(flow):
    x = images(flow, 2)
    for wrong in (x[0], x[..., :-1], x[:, None], x.flatten()):
        with pytest.raises(ShapeError, match="Expected a batch of shape"):
            flow.log_prob(wrong)
    with pytest.raises(ShapeError, match="Expected latents"):
        flow.inverse(torch.zeros(2, flow.dim + 1, dtype=torch.float64))


def test_integers_and_other_precisions_are_named(flow):
    x = images(flow, 2)
    for dtype in (torch.uint8, torch.int64):
        with pytest.raises(DtypeError, match="as floats"):
            flow.log_prob((255 * x).to(dtype))
    with pytest.raises(DtypeError, match="float32"):
        flow.log_prob(x.float())
    with pytest.raises(DtypeError, match="as floats"):
        flow.inverse(torch.zeros(2, flow.dim, dtype=torch.int64))


def test_nan_in_gives_nan_out(flow):
    x = images(flow, 2)
    x[0].view(-1)[0] = torch.nan
    log_prob = flow.log_prob(x)
    assert log_prob[0].isnan()
    assert log_prob[1].isfinite()


def test_samples_are_reproducible_and_cooled_by_temperature(flow):
    assert torch.equal(flow.sample(3, seeded(8)), flow.sample(3, seeded(8)))
    assert not torch.equal(flow.sample(3, seeded(8)), flow.sample(3, seeded(9)))
    z = flow(flow.sample(4000 // flow.dim + 50, seeded(8), temperature=0.5))[0]
    torch.testing.assert_close(z.std(), 0.5 * flow.prior.scale, rtol=0.05, atol=0)
    frozen = flow.sample(2, seeded(8), temperature=0.0)
    torch.testing.assert_close(frozen[0], frozen[1])
