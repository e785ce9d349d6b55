"""One's own model by name, from a file in the working directory."""

import sys

import pytest
from torch import nn

from curvature.errors import ConfigError, UnknownNameError
from experiments.models.importable import import_model, is_importable

MODULE = """
import torch
from torch import nn

class Flow(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.width = width

    def log_prob(self, x):
        return -x.square().sum(1)

def make(width=5):
    return Flow(width)

def log_prob(x):
    return -x.square().sum(1)

def fails():
    raise OSError("no weights\\nhere")

def number():
    return 3

flow = Flow(7)

class namespace:
    inner = Flow(9)
"""


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "own_flows_of_a_test.py").write_text(MODULE)
    (tmp_path / "own_broken_module.py").write_text("import numpy_of_another_kind")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield "own_flows_of_a_test"
    sys.modules.pop("own_flows_of_a_test", None)


@pytest.mark.parametrize(("name", "width"), [("make", 5), ("Flow", 3), ("flow", 7), ("namespace.inner", 9)])
def test_factories_classes_and_models_give_a_model(own_module, name, width):
    model = import_model(f"{own_module}:{name}")
    assert isinstance(model, nn.Module)
    assert model.width == width


def test_a_function_of_x_is_a_model(own_module):
    model = import_model(f"{own_module}:log_prob")
    assert model.__name__ == "log_prob"


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("own_flows_of_a_test:mke", UnknownNameError, "unknown name in own_flows_of_a_test 'mke'; did you mean 'make'"),
        ("own_flows_of_a_test:fails", ConfigError, "own_flows_of_a_test:fails: OSError: no weights here"),
        ("own_flows_of_a_test:number", ConfigError, "expected a model with log_prob, or a function of x, got int"),
        ("own_flows_of_nobody:make", ConfigError, "own_flows_of_nobody cannot be imported: ModuleNotFoundError"),
        ("own_broken_module:make", ConfigError, "own_broken_module cannot be imported.*numpy_of_another_kind"),
        ("own_flows_of_a_test", ConfigError, "expected package.module:factory"),
    ],
)
def test_mistakes_are_named(own_module, name, error, words):
    with pytest.raises(error, match=words):
        import_model(name)


@pytest.mark.parametrize(
    ("name", "form"), [("a.b:c", True), ("a:b.c", True), ("a", False), ("C:\\runs", False), ("a/b:c", False)]
)
def test_names_of_this_form_are_told_from_others(name, form):
    assert is_importable(name) is form
