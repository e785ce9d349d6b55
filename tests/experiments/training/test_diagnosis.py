import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from curvature.errors import NonFiniteError
from experiments.training.checkpoint import read_checkpoint
from experiments.training.diagnosis import first_non_finite_output, non_finite_gradient
from experiments.training.errors import NonFiniteTrainingError
from experiments.training.log import read_log
from experiments.training.loop import train


class Layer(nn.Module):
    """Returns its output inside a structure, as layers with a log-determinant do."""

    def __init__(self, value=1.0):
        super().__init__()
        self.inner = nn.Identity()
        self.value = value

    def forward(self, x):
        return {"out": (self.inner(x) * self.value, [x.sum()])}


class Stack(nn.Module):
    def __init__(self, *values):
        super().__init__()
        self.layers = nn.ModuleList(Layer(value) for value in values)

    def log_prob(self, x):
        for layer in self.layers:
            x = layer(x)["out"][0]
        return x.sum(1)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ((1.0, math.nan, 1.0), "output of layers.1 (Layer)"),
        ((1.0, math.inf, math.nan), "output of layers.1 (Layer)"),
        ((1.0, 1.0), None),
    ],
)
def test_the_first_broken_module_is_named(values, name):
    model = Stack(*values)
    assert first_non_finite_output(model, partial(model.log_prob, torch.ones(2, 3))) == name
    assert all(not module._forward_hooks for module in model.modules())


def test_a_broken_value_outside_any_module_is_laid_to_a_parameter_or_to_log_prob(tiny_flow):
    model = tiny_flow()
    x = torch.full((2, 1, 4, 4), 0.5)
    assert first_non_finite_output(model, partial(torch.log, torch.tensor(-1.0))) == "log_prob"
    with torch.no_grad():
        model.scale[0, 0, 0] = math.inf
    assert first_non_finite_output(model, partial(model.log_prob, x)) == "parameter scale"


def test_the_last_parameter_with_a_broken_gradient_is_named(tiny_flow):
    model = tiny_flow()
    assert non_finite_gradient(model) is None
    model.scale.grad = torch.full_like(model.scale, math.nan)
    assert non_finite_gradient(model) == "gradient of scale"
    model.shift.grad = torch.full_like(model.shift, math.inf)
    assert non_finite_gradient(model) == "gradient of shift (and of 1 more)"


def test_training_stops_at_a_broken_layer_and_keeps_the_last_checkpoint(tiny_glow, colour_images, short, new_run):
    model, run = tiny_glow(), new_run()
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    name = next(iter(names))

    def break_weights(step, steps, bits_per_dim, images_per_second, seconds_left):
        if step == 7:
            with torch.no_grad():
                model.get_submodule(name).weight.fill_(math.nan)

    with pytest.raises(NonFiniteTrainingError) as caught:
        train(model, colour_images, short, run, progress=break_weights)
    assert caught.value.step == 8
    assert caught.value.layer == f"output of {name} (Conv2d)"
    assert f"training stopped at step 8: output of {name} (Conv2d) is not finite" in str(caught.value)
    assert isinstance(caught.value, NonFiniteError)
    checkpoint = read_checkpoint(run.checkpoint_path)
    assert checkpoint.step == 5
    assert all(bool(torch.isfinite(tensor.float()).all()) for tensor in checkpoint.model.values())
    assert read_log(run.log_path)[-1].step == 7
    assert train(tiny_glow(), colour_images, short, run, resume=True).steps == 12


class RootAtZero(nn.Module):
    """A finite loss whose gradient is infinite: the slope of a root at zero."""

    def __init__(self):
        super().__init__()
        self.good = nn.Parameter(torch.ones(1))
        self.root = nn.Parameter(torch.zeros(1))

    def log_prob(self, x):
        return x.mean((1, 2, 3)) * self.good + self.root.sqrt()


def test_a_broken_gradient_stops_before_the_weights_move(images, short, new_run):
    model, run = RootAtZero(), new_run()
    with pytest.raises(NonFiniteTrainingError, match=r"step 1: gradient of root is not finite"):
        train(model, images, short, run)
    assert float(model.root.detach()) == 0
    assert not run.checkpoint_path.exists()


class Steep(nn.Module):
    """A finite loss whose gradient is finite, but has a square beyond float32."""

    def __init__(self):
        super().__init__()
        self.good = nn.Parameter(torch.ones(1))
        self.steep = nn.Parameter(torch.zeros(2))

    def log_prob(self, x):
        return x.mean((1, 2, 3)) * self.good + 1e25 * self.steep.sum()


def test_clipping_saves_a_step_whose_squared_gradient_is_beyond_float32(images, short, new_run):
    model, run = Steep(), new_run()
    assert train(model, images, replace(short, clip_norm=1.0), run).steps == 12
    expected = 1e25 * math.sqrt(2) / (16 * math.log(2))
    assert all(row.gradient_norm == pytest.approx(expected, rel=1e-5) for row in read_log(run.log_path))
    tensors = read_checkpoint(run.checkpoint_path).optimizer
    assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values())
    # Adamax moves each weight by the learning rate, as a gradient of any size makes it do.
    assert float(model.steep.detach()[0]) > short.learning_rate


def test_without_clipping_such_a_step_is_refused(images, short, new_run):
    with pytest.raises(NonFiniteTrainingError, match=r"step 1: norm of the gradient is not finite"):
        train(Steep(), images, replace(short, clip_norm=None), new_run())
