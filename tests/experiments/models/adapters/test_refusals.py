"""What `adapt` refuses, in one line that says what to write instead; and that it imports no library by itself."""

import copy
import functools
import subprocess
import sys

import pytest
import torch
from torch import nn

from curvature.errors import OptionError, UninitialisedError
from experiments.models.adapters import adapt
from experiments.models.adapters.adapting import adapters
from tests.experiments.models.adapters.cases import DIM, freia_conditional, nflows_spline, normflows_real_nvp, zuko_flow


def test_no_library_is_imported_before_a_model_of_it_comes():
    code = (
        "import sys; from experiments.models.adapters import adapt; from experiments.models.adapters.adapting import "
        "adapters; adapters(); print({'zuko', 'nflows', 'normflows', 'FrEIA', 'pyro'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_every_library_names_the_command_that_installs_it():
    commands = {adapter.library: adapter.install_command for adapter in adapters() if adapter.library}
    assert commands["zuko"] == "pip install -e '.[zuko]'"
    assert set(commands) == {"zuko", "nflows", "normflows", "FrEIA", "pyro"}


class Wrapper(nn.Module):
    def __init__(self, flow):
        super().__init__()
        self.flow = flow


class Density(nn.Module):
    def log_prob(self, x):
        return -0.5 * x.square().sum(1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda x: x, "a function of x needs no adapting: pass it to expand itself"),
        (Density, "expected a module or a distribution, got the class Density"),
        (Wrapper(Density()), "pass model.flow"),
        (nn.Linear(2, 2), "Linear has no method log_prob"),
        (
            torch.distributions.Normal(torch.zeros(3), torch.ones(3)),
            r"torch.distributions.Independent\(distribution, 1\)",
        ),
        (torch.distributions.Poisson(torch.tensor(1.0)), "Poisson is discrete"),
    ],
    ids=["function", "class", "wrapper", "no log_prob", "batch shape", "discrete"],
)
def test_what_is_no_density(model, message):
    with pytest.raises(OptionError, match=message):
        adapt(model)


def test_what_a_flow_of_zuko_returns():
    pytest.importorskip("zuko")
    with pytest.raises(OptionError, match=r"pass the flow itself, adapt\(flow\)"):
        adapt(zuko_flow("NICE")()())


def test_conditional_models_ask_for_their_context():
    pytest.importorskip("zuko")
    with pytest.raises(OptionError, match=r"needs adapt\(flow, context=c\)"):
        adapt(zuko_flow("MAF", 2)())
    pytest.importorskip("FrEIA")
    with pytest.raises(OptionError, match="takes 1 conditions, got 0"):
        adapt(freia_conditional())
    normflows = pytest.importorskip("normflows")
    prior = normflows.distributions.ClassCondDiagGaussian(DIM, 3)
    with pytest.raises(OptionError, match=r"context=3\) for class 3"):
        adapt(normflows.ClassCondFlow(prior, []))
    with pytest.raises(OptionError, match="takes no context"):
        adapt(torch.distributions.Independent(torch.distributions.Normal(torch.zeros(3), torch.ones(3)), 1), context=1)


@pytest.mark.parametrize(("library", "make"), [("nflows", nflows_spline), ("normflows", normflows_real_nvp)])
def test_activation_normalisation_that_waits_for_its_first_batch(library, make):
    pytest.importorskip(library)
    with pytest.raises(UninitialisedError, match=r"ActNorm .* is not initialised; pass one batch"):
        adapt(make())


def test_module_with_a_second_argument():
    class Conditional(nn.Module):
        def log_prob(self, x, c):
            return -0.5 * (x - c).square().sum(1)

    adapted = adapt(Conditional().eval(), context=torch.ones(3))
    assert torch.equal(adapted.log_prob(torch.zeros(2, 3)), torch.full((2,), -1.5))


class Conditional(nn.Module):
    def log_prob(self, x, c, shift=0.0):
        return -0.5 * (x - c - shift).square().sum(1)


def test_partial_method_takes_its_arguments_along_to_double_precision():
    held = functools.partial(Conditional().eval().log_prob, c=torch.tensor([0.1, 0.7]), shift=1.0)
    adapted = adapt(held)
    x = torch.zeros(2, 2)
    torch.testing.assert_close(adapted.log_prob(x), held(x))
    double = copy.deepcopy(adapted).double()
    assert double.log_prob(x.double()).dtype == torch.float64
    assert double.keywords["c"].dtype == torch.float64
    assert held.keywords["c"].dtype == torch.float32
    flat = adapt(held, event_shape=(1, 1, 2))
    torch.testing.assert_close(flat.log_prob(x.reshape(2, 1, 1, 2)), held(x))
    with pytest.raises(OptionError, match="takes no context"):
        adapt(held, context=1.0)


def test_another_method_than_log_prob_is_a_density():
    class Callable(nn.Module):
        def forward(self, x):
            return -x.square().sum(1)

    adapted = adapt(Callable().forward)
    assert torch.equal(adapted.log_prob(torch.ones(2, 3)), torch.full((2,), -3.0))
    assert not adapted.training
