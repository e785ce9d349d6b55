import math

import pytest

from experiments.training.config import TrainingConfig
from experiments.training.schedule import learning_rate


def rates(schedule, warmup=4, steps=12):
    config = TrainingConfig(steps=steps, warmup_steps=warmup, schedule=schedule, learning_rate=0.4)
    return [learning_rate(step, config) for step in range(steps)]


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_the_warm_up_is_a_line_from_one_step_s_share_to_the_highest_rate(schedule):
    assert rates(schedule)[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4])


def test_values_after_the_warm_up():
    assert rates("constant")[4:] == [0.4] * 8
    assert rates("linear")[4:] == pytest.approx([0.4 * (1 - i / 8) for i in range(8)])
    assert rates("cosine")[4:] == pytest.approx([0.2 * (1 + math.cos(math.pi * i / 8)) for i in range(8)])


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 12])
def test_no_step_has_a_zero_rate(schedule, warmup):
    assert min(rates(schedule, warmup)) > 0
