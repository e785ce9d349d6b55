"""How a model becomes a density in double precision, and which are refused."""

import functools
import math

import pytest
import torch
from torch import nn

from curvature import expand
from curvature.errors import (
    DtypeError,
    NonFiniteError,
    OptionError,
    ShapeError,
    TrainingModeError,
    UninitialisedError,
)
from tests.curvature.densities import CouplingFlow


def test_the_model_stays_as_it_is_and_is_seen_in_double_precision():
    model = CouplingFlow((4,))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    e = expand(model.log_prob, at=torch.zeros(4))
    assert e.at.dtype == e.gradient.dtype == e.hessian().dtype == torch.float64
    assert not e.gradient.requires_grad
    assert not e.hessian().requires_grad
    for k, v in model.state_dict().items():
        assert v.dtype == torch.float32
        torch.testing.assert_close(v, before[k], rtol=0, atol=0)
    assert all(parameter.requires_grad for parameter in model.parameters())
    with torch.no_grad():
        model.mixings[0].zero_()
    assert e.log_prob(torch.zeros(1, 4, dtype=torch.float64)).item() == pytest.approx(e.value)


def test_every_way_to_name_a_density_is_the_same():
    class Conditional(CouplingFlow):
        def log_prob_given(self, context, x, shift=0.0):
            return self.log_prob(x - context - shift)

    model = Conditional((4,))
    context, x0 = torch.ones(4), torch.full((4,), 1.5)
    double = Conditional((4,)).double()
    expected = expand(model, at=x0 - context)
    for log_prob in (
        functools.partial(model.log_prob_given, context),
        functools.partial(functools.partial(model.log_prob_given, shift=context), torch.zeros(4)),
        lambda x: double.log_prob(x - 1),
    ):
        e = expand(log_prob, at=x0.numpy())
        torch.testing.assert_close(e.gradient, expected.gradient)
        torch.testing.assert_close(e.hessian(), expected.hessian())
        assert not e.gradient.requires_grad
    assert expand(functools.partial(model), at=x0).value == expand(model, at=x0).value
    assert "Expansion(event_shape=(4,)" in repr(expected)


def test_single_precision_when_asked():
    e = expand(CouplingFlow((4,)), at=torch.zeros(4), dtype=torch.float32)
    assert e.hessian().dtype == torch.float32
    assert expand(CouplingFlow((4,)).log_prob, at=torch.zeros(4)).value == pytest.approx(e.value, rel=1e-5)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("initialised", torch.tensor(False))


def test_models_that_are_not_ready():
    x0 = torch.zeros(4)
    model = CouplingFlow((4,))
    model.activation.train()
    with pytest.raises(TrainingModeError, match="activation"):
        expand(model.log_prob, at=x0)
    with pytest.raises(TrainingModeError, match="CouplingFlow is in training mode"):
        expand(model.train(), at=x0)
    model.layer = Layer()
    with pytest.raises(UninitialisedError, match="layer"):
        expand(model.eval(), at=x0)
    model.layer.initialised.fill_(True)
    assert math.isfinite(expand(model, at=x0).value)


def broken(x):
    raise RuntimeError("the sea is calm")


@pytest.mark.parametrize(
    ("log_prob", "error", "words"),
    [
        (3.0, DtypeError, "got float"),
        (nn.Linear(4, 1).eval(), OptionError, "no method log_prob"),
        (lambda x: x.float().sum(1), DtypeError, r"model.double\(\)"),
        (lambda x: nn.functional.linear(x, torch.ones(1, 4)).sum(1), DtypeError, "failed on float64"),
        (lambda x: x.sum(), ShapeError, "one number a sample"),
        (lambda x: x, ShapeError, r"shape \(1,\), got shape \(1, 4\)"),
        (lambda x: (x.sum(1), 0), ShapeError, "got tuple"),
        (lambda x: x.detach().sum(1), OptionError, "no gradient"),
        (lambda x: x.sum(1) / 0, NonFiniteError, "log p at the expansion point"),
        (lambda x: (x - 1).abs().sqrt().sum(1), NonFiniteError, "gradient"),
        (broken, OptionError, "fails on a batch of shape .*RuntimeError: the sea is calm"),
    ],
)
def test_bad_densities(log_prob, error, words):
    with pytest.raises(error, match=words):
        expand(log_prob, at=torch.ones(4))
