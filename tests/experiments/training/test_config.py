import dataclasses
import json
import subprocess
import sys

import pytest

from curvature.errors import ConfigError, ToolkitError
from experiments.storage.serialisation import from_plain, to_plain
from experiments.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"steps": 0}, "training setting steps: expected a whole number from 1 to 10.9, got 0"),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"log_every": -1}, "log_every"),
        ({"learning_rate": 0.0}, "learning_rate: expected a number above 0 up to 1,000"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"betas": (0.9, 1.0)}, "betas"),
        ({"warmup_steps": -1}, "warmup_steps"),
        ({"steps": 10, "warmup_steps": 11}, "warmup_steps: expected at most steps = 10, got 11"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"ema_decay": 1.0}, "ema_decay"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"clip_norm": float("inf")}, "clip_norm"),
        ({"optimizer": "sgd"}, "optimizer: expected one of adamax, adam, got 'sgd'"),
        ({"schedule": "step"}, "schedule"),
        ({"precision": "float16"}, "precision"),
        ({"device": "tpu"}, "device"),
        ({"cuda_graphs": True}, "cuda_graphs: expected no, without compile"),
        ({"cuda_graphs": True, "compile": True, "gradient_accumulation": 2}, "expected 1 with cuda_graphs"),
    ],
)
def test_a_setting_out_of_range_is_named(setting, message):
    with pytest.raises(ConfigError, match=message) as caught:
        TrainingConfig(**setting)
    assert isinstance(caught.value, ToolkitError)
    assert "\n" not in str(caught.value)


def test_settings_survive_the_way_through_json():
    config = TrainingConfig(steps=300, clip_norm=None, betas=(0.8, 0.99), precision="bfloat16")
    assert from_plain(TrainingConfig, json.loads(json.dumps(to_plain(config)))) == config


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().steps = 3


def test_the_module_needs_no_torch():
    code = "import sys, experiments.training.config as c; c.TrainingConfig(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
