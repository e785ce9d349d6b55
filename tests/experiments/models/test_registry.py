"""The model families: found by their files, and named in configurations."""

import json
import subprocess
import sys

import pytest
import torch

from curvature.errors import ConfigError, ShapeError, UnknownNameError
from experiments import memory
from experiments.models.config import ModelConfig
from experiments.models.registry import build, configuration, describe, families
from experiments.storage.serialisation import from_plain, to_plain
from experiments.study.configuration import ExperimentConfig


def test_a_flow_is_built_from_its_configuration_and_a_seed():
    config = configuration("glow", levels=1, steps=1, width=4)
    first, again, other = (build(config, (1, 4, 4), seed).state_dict() for seed in (0, 0, 1))
    kernel = "levels.0.layers.1.convolution.lower_upper"
    assert torch.equal(first[kernel], again[kernel])
    assert not torch.equal(first[kernel], other[kernel])
    with pytest.raises(ShapeError, match="divisible by 2"):
        build(config, (1, 5, 5))


def test_unknown_families_are_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="model kind 'glwo'; did you mean 'glow'"):
        configuration("glwo")


def test_a_configuration_names_its_family():
    assert to_plain(ExperimentConfig())["model"]["kind"] == "glow"
    config = ExperimentConfig(model=configuration("glow", width=5))
    assert from_plain(ExperimentConfig, json.loads(json.dumps(to_plain(config)))) == config


def test_a_configuration_of_before_there_were_families_is_a_glow():
    assert from_plain(ExperimentConfig, {"model": {"width": 5}}).model == configuration("glow", width=5)


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"kind": "glwo"}, r"config: unknown model kind 'glwo'; did you mean 'glow'"),
        ({"kind": 3}, r"config: unknown model kind '3'"),
        ({"widht": 5}, r"config: unknown key 'widht'; did you mean 'width'\?"),
        ({"width": "5"}, r"config\.width: expected a whole number, got '5'"),
        ({"width": 0}, r"config: model setting width: expected a whole number from 1 to 65,536, got 0"),
        ([], r"config: expected a mapping of ModelConfig's fields"),
    ],
)
def test_mistakes_in_a_configuration_are_named_with_their_place(plain, words):
    with pytest.raises(ConfigError, match=words):
        from_plain(ModelConfig, plain, "config")


def test_one_more_file_is_one_more_family(scaled):
    assert {"glow", "scaled"} <= set(families())
    config = from_plain(ModelConfig, {"kind": "scaled", "start": 0.5})
    assert describe(config).label == "scaled-0.5"
    x = torch.zeros(2, 1, 2, 2)
    torch.testing.assert_close(build(config, (1, 2, 2)).log_prob(x), torch.full((2,), 4 * (0.5 - 0.918938533)))


def test_configurations_and_descriptions_load_no_torch():
    code = (
        "import sys, experiments.models.registry as r; r.describe(r.configuration()); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_flow_larger_than_the_memory_is_not_built(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000)
    with pytest.raises(ConfigError, match=r"a model of 1,\d+,\d+ weights needs about .* MB of memory, 1.0 MB are free"):
        build(configuration("glow", width=250), (3, 8, 8))
