"""One contract over every adapted model: the library's own numbers, in double precision, and an untouched original."""

import copy

import pytest
import torch
from torch import nn

from curvature import Moments, check_flow, curvature_ladder, expand
from curvature.checks import Status
from experiments.models.adapters import adapt
from experiments.models.adapters.flattened import FlattenedModel
from tests.experiments.models.adapters.cases import (
    CASES,
    DIM,
    Case,
    data,
    normflows_glow,
    own_log_prob,
    pyro_flow,
)


@pytest.fixture(params=CASES, ids=lambda case: case.name, scope="module")
def case(request) -> Case:
    return request.param


@pytest.fixture(scope="module")
def trained(case):
    return case.trained()


@pytest.fixture(scope="module")
def adapted(case, trained):
    return adapt(trained, case.context)


def test_expansion_is_that_of_the_librarys_own_log_prob(case, trained, adapted):
    x0 = data(400).mean(0)
    log_prob = case.reference(trained)
    e = expand(adapted, at=x0)
    expected = torch.func.hessian(lambda x: log_prob(x[None])[0])(x0)
    assert e.value == pytest.approx(float(log_prob(x0[None])), rel=1e-13)
    torch.testing.assert_close(e.gradient, torch.func.grad(lambda x: log_prob(x[None])[0])(x0), rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(e.hessian(), expected, rtol=1e-10, atol=1e-10)
    p = Moments.from_samples(data(50))
    assert float(e.trace(p)) == pytest.approx(float((expected * p.covariance()).sum()), rel=1e-9)


def test_ladder_measures_the_librarys_gap(case, trained, adapted):
    x, y = data(12), 0.5 + 0.5 * (data(12, seed=1) - 0.5)
    log_prob = case.reference(trained)
    with torch.no_grad():
        gap = float(log_prob(y).mean() - log_prob(x).mean())
    ladder = curvature_ladder(adapted, q=y, p=x, rungs=("taylor2", "path-3"))
    assert ladder.measured.nats == pytest.approx(gap, rel=1e-11)


def test_latents_inverse_and_log_determinant(case, adapted):
    if not case.has_latents:
        pytest.skip(f"{case.name} has no latents")
    model, x = copy.deepcopy(adapted).double(), data(3)
    z, log_det = model(x)
    assert z.dtype == log_det.dtype == torch.float64
    assert z.shape == x.shape
    assert log_det.shape == (3,)
    torch.testing.assert_close(model.inverse(z), x, rtol=1e-6, atol=1e-6)
    J = torch.autograd.functional.jacobian(lambda event: model(event[None])[0][0], x[0])
    torch.testing.assert_close(log_det[0], torch.linalg.slogdet(J).logabsdet, rtol=1e-7, atol=1e-7)


KINKS = {"smoothness": "ReLU couplings, by default"}
CONTRACTS = {
    "zuko NICE": KINKS,
    "zuko additive NICE": {},
    "nflows RealNVP": KINKS,
    "normflows RealNVP": KINKS,
    "FrEIA sequence": {},
    "FrEIA graph": {},
}
CHECKED = [case for case in CASES if case.name in CONTRACTS]


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: case.name, indirect=True)
def test_trained_flow_passes_every_check(case, adapted):
    results = {
        result.name: result.status
        for result in check_flow(adapted, data(64), expected_failed_checks=CONTRACTS[case.name], fast=True)
    }
    assert {name for name, status in results.items() if status is Status.EXPECTED_FAILURE} == set(CONTRACTS[case.name])
    # Without what an adapter adds these would be skipped.
    for name in ("inverse-round-trip", "log-determinant", "stein", "entropy-bound", "works-under-vmap"):
        assert results[name] is Status.PASSED, name


def test_parts_of_log_p_are_those_of_the_librarys_prior_and_volume(case, adapted):
    e = expand(adapted, at=data(400).mean(0))
    assert list(e.parts) == (["prior", "log_det"] if case.has_latents else [])
    if case.has_latents:
        assert e.parts["log_det"].value == pytest.approx(float(e.log_prob.module(e.at[None])[1]), rel=1e-12, abs=1e-12)
        torch.testing.assert_close(sum(part.hessian() for part in e.parts.values()), e.hessian(), rtol=1e-9, atol=1e-9)


def test_samples_come_from_the_generator_alone(adapted):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, second = (adapted.sample(4, torch.Generator().manual_seed(seed)) for seed in (3, 3))
    assert first.shape == (4, DIM)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(first, adapted.sample(4, torch.Generator().manual_seed(4)))


def test_adapted_model_is_a_frozen_copy(case, trained):
    before = copy.deepcopy(trained.state_dict())
    model = adapt(trained.train(), case.context).double()
    trained.eval()
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    for name, value in trained.state_dict().items():
        assert torch.equal(value, before[name]), name
        assert value.dtype == before[name].dtype, name


def test_deepcopy_and_state_dict_round_trips(case, trained, adapted):
    x = data(3).float()
    twin = copy.deepcopy(adapted)
    for value in twin.state_dict().values():
        value.copy_(value + 1) if value.is_floating_point() else None
    assert torch.equal(adapted.log_prob(x), adapt(trained, case.context).log_prob(x))
    twin.load_state_dict(adapted.state_dict())
    assert torch.equal(twin.log_prob(x), adapted.log_prob(x))


def test_a_flattened_model_has_the_parts_of_the_model_of_vectors():
    case = next(case for case in CASES if case.has_latents)
    vectors = adapt(case.trained(), case.context)
    images = FlattenedModel(vectors, (1, 2, 3)).double()
    x = data(3)
    for name, part in images.log_prob_parts(x.reshape(3, 1, 2, 3)).items():
        torch.testing.assert_close(part, copy.deepcopy(vectors).double().log_prob_parts(x)[name])
    without = next(case for case in CASES if not case.has_latents)
    assert FlattenedModel(adapt(without.trained(), without.context), (1, 2, 3)).log_prob_parts(x.float()) == {}


@pytest.mark.parametrize("name", ["affine_coupling", "affine_autoregressive", "spline_coupling"])
def test_flow_of_pyro_in_double_precision(name):
    case = Case(f"pyro {name}", "pyro", pyro_flow(name), own_log_prob)
    flow, x0 = case.trained(), data(400).mean(0)
    model = adapt(flow)
    e = expand(model, at=x0)
    with torch.no_grad():
        assert e.value == pytest.approx(float(flow.log_prob(x0.float()[None])), rel=1e-5)
    assert all(
        p.dtype == torch.float32 for each in flow.transforms if isinstance(each, nn.Module) for p in each.parameters()
    )
    double = copy.deepcopy(model).double()
    torch.testing.assert_close(
        e.hessian(),
        torch.autograd.functional.hessian(lambda x: double.log_prob(x[None])[0], x0),
        rtol=1e-10,
        atol=1e-10,
    )
    z, log_det = double(x0[None])
    J = torch.autograd.functional.jacobian(lambda x: double(x[None])[0][0], x0)
    torch.testing.assert_close(double.inverse(z), x0[None])
    torch.testing.assert_close(log_det[0], torch.linalg.slogdet(J).logabsdet)


def test_distributions_of_torch():
    loc, scale = torch.randn(DIM, requires_grad=True), torch.rand(DIM).add(0.5)
    normal = torch.distributions.Independent(torch.distributions.Normal(2 * loc, scale), 1)
    e = expand(adapt(normal), at=data(10).mean(0))
    torch.testing.assert_close(e.hessian(), torch.diag(-(scale.double() ** -2)), rtol=1e-12, atol=1e-12)

    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(3)),
        torch.distributions.Independent(torch.distributions.Normal(torch.randn(3, DIM), torch.ones(3, DIM)), 1),
    )
    x0 = data(10).mean(0)
    double = adapt(mixture).double()
    expected = torch.func.hessian(lambda x: double.log_prob(x[None])[0])(x0)
    torch.testing.assert_close(expand(adapt(mixture), at=x0).hessian(), expected)


def test_multiscale_glow_of_normflows_holds_its_class_fixed():
    normflows = pytest.importorskip("normflows")
    torch.manual_seed(0)
    model = normflows_glow()
    x = torch.rand(32, 1, 4, 4)
    classes = torch.full((32,), 2)
    model.log_prob(x, classes)  # its ActNorm takes the first batch
    with torch.no_grad():
        model.q0[0].loc.add_(torch.randn_like(model.q0[0].loc))
    assert isinstance(model, normflows.MultiscaleFlow)
    adapted, double = adapt(model, context=2), copy.deepcopy(model).eval().double()
    x0 = x.double().mean(0)
    e = expand(adapted, at=x0)
    expected = torch.func.hessian(lambda y: double.log_prob(y[None], classes[:1])[0])(x0).reshape(16, 16)
    torch.testing.assert_close(e.hessian(), expected, rtol=1e-9, atol=1e-9)
    assert e.value != pytest.approx(expand(adapt(model, context=1), at=x0).value)
    z, _ = adapted.double()(x[:2].double())
    assert z.shape == (2, 16)
    torch.testing.assert_close(adapted.inverse(z), x[:2].double(), rtol=1e-6, atol=1e-6)
    J = torch.autograd.functional.jacobian(lambda y: adapted(y[None])[0][0], x0).reshape(16, 16)
    torch.testing.assert_close(adapted(x0[None])[1][0], torch.linalg.slogdet(J).logabsdet, rtol=1e-9, atol=1e-9)
    assert adapted.sample(5, torch.Generator().manual_seed(0)).shape == (5, 1, 4, 4)


def test_model_of_vectors_takes_images():
    case = next(case for case in CASES if case.name == "zuko additive NICE")
    flow = case.trained()
    adapted = adapt(flow, event_shape=(1, 2, 3))
    images = data(5).reshape(5, 1, 2, 3)
    x0 = images.mean(0)
    e, flat = expand(adapted, at=x0), expand(adapt(flow), at=x0.flatten())
    assert e.operator.route == flat.operator.route == "adjoint"
    torch.testing.assert_close(e.hessian(), flat.hessian(), rtol=1e-12, atol=1e-12)
    assert adapted.sample(4).shape == (4, 1, 2, 3)
    double = adapted.double()
    torch.testing.assert_close(double.inverse(double(images)[0]), images)
