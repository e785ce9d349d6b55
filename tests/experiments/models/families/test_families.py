"""What every family keeps, whoever adds it: a new one is tested here without another line."""

import copy
import dataclasses
import json
from importlib import import_module

import pytest
import torch

from curvature.errors import ConfigError, UnknownNameError
from experiments.models.config import ModelConfig
from experiments.models.flow import Flow
from experiments.models.registry import build, configuration, describe, families, fit, size
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import from_plain, to_plain
from experiments.study.configuration import DataConfig, EvaluationConfig, ExperimentConfig
from experiments.study.trained_model import load_run
from experiments.study.training import train_run
from experiments.training.config import TrainingConfig
from tests.experiments.models.cases import CASES
from tests.experiments.models.held_numbers import numbers_held

KINDS = sorted(families())
SHAPE = (1, 8, 8)


@pytest.fixture(params=KINDS)
def config(request):
    return fit(configuration(request.param), SHAPE)


def test_settings_survive_a_file(config):
    assert from_plain(ModelConfig, json.loads(json.dumps(to_plain(config)))) == config


def test_the_description_is_for_people(config):
    description = describe(config)
    assert description.label.split("-")[0] in config.kind
    assert not any(mark in description.label for mark in " ,/")
    assert description.name.startswith(("A ", "An "))
    assert all(fact.endswith(".") for fact in (*description.facts, description.limits))
    assert description.citation


def test_choices_that_do_not_exist_are_told_with_the_nearest(config):
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, str) and field.name != "kind":
            with pytest.raises(UnknownNameError, match=f"did you mean '{value}'"):
                dataclasses.replace(config, **{field.name: f"{value}x"})
        elif isinstance(value, int) and not isinstance(value, bool):
            with pytest.raises(ConfigError, match=f"model setting {field.name}: expected"):
                dataclasses.replace(config, **{field.name: 10**12})


def test_it_is_built_from_a_seed_and_leaves_the_global_one_alone(config):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, again, other = (build(config, SHAPE, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    pairs = list(zip(first.parameters(), again.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_the_estimated_size_is_that_of_the_model(config):
    estimated = size(config, SHAPE)
    if estimated.parameters == 0:
        pytest.skip("the family does not estimate its size")
    model = build(config, SHAPE)
    assert estimated.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert 0.5 < estimated.activations / numbers_held(model) < 2


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    """A model of the family's default settings after a few steps of training, as it is loaded from its run."""
    experiment = ExperimentConfig(
        DataConfig("digits"),
        fit(configuration(request.param), SHAPE),
        TrainingConfig(steps=4, batch_size=16, warmup_steps=1, log_every=1, device="cpu"),
        EvaluationConfig(per_decade=0),
    )
    run = RunDirectory.create(tmp_path_factory.mktemp("runs") / request.param, experiment)
    train_run(run)
    return load_run(run.path)


def test_it_trains_and_is_loaded(trained):
    events = trained.representation(trained.train_images.images[:8], torch.Generator().manual_seed(0))
    log_p = trained.model.log_prob(events)
    assert log_p.shape == (8,)
    assert log_p.isfinite().all()


def test_a_trained_flow_has_an_exact_inverse_in_float64(trained):
    if not isinstance(trained.model, Flow):
        pytest.skip("no flow")
    model, images = copy.deepcopy(trained.model).double(), trained.train_images.images[:8]
    x = trained.representation(images, torch.Generator().manual_seed(0), torch.float64)
    z, log_det = model(x)
    torch.testing.assert_close(model.inverse(z), x, rtol=0, atol=1e-10)
    jacobian = torch.func.jacrev(lambda event: model(event[None])[0][0])(x[0]).reshape(model.dim, model.dim)
    torch.testing.assert_close(log_det[0], torch.linalg.slogdet(jacobian).logabsdet, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_every_flow_is_under_the_contract_of_flows(kind):
    module, _, name = families()[kind].builder.partition(":")
    made = getattr(import_module(module), name)
    if isinstance(made, type) and issubclass(made, Flow):
        assert any(isinstance(case.make(), made) for case in CASES), f"add {name} to tests/experiments/models/cases.py"
