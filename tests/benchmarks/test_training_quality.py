"""The benchmark of bits/dim after equally many steps: paired differences, and what training it compares."""

from dataclasses import replace

import pytest
import torch

from benchmarks import training_quality
from benchmarks.training_quality import CANDIDATES, HALF, REFERENCE, compare, paired_difference
from experiments.data.image_set import ImageSet
from experiments.models.registry import configuration
from experiments.training.config import TrainingConfig


def test_what_images_have_in_common_cancels():
    generator = torch.Generator().manual_seed(0)
    common = 5 * torch.randn(400, generator=generator, dtype=torch.float64)
    own = 0.01 * torch.randn(400, generator=generator, dtype=torch.float64)
    difference = paired_difference(common + own + 0.5, common)
    assert difference.mean == pytest.approx(0.5 + float(own.mean()))
    assert difference.standard_error == pytest.approx(float(own.std()) / 20)


def test_a_paired_difference_changes_sign_with_its_order():
    these, those = torch.rand(2, 10, generator=torch.Generator().manual_seed(0))
    forth, back = paired_difference(these, those), paired_difference(those, these)
    assert forth.mean == -back.mean
    assert forth.standard_error == back.standard_error


def test_candidates_are_trained_alike_and_compared_with_ours_in_float32(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (8, 1, 4, 4), generator=generator).byte()
    test = torch.rand(6, 1, 4, 4, generator=generator)
    monkeypatch.setattr(training_quality, "SHAPE", (1, 4, 4))
    monkeypatch.setattr(
        training_quality,
        "PRESET",
        replace(training_quality.PRESET, colour=configuration("glow", levels=1, steps=1, width=2)),
    )
    monkeypatch.setattr(training_quality, "STEPS", 3)
    monkeypatch.setattr(training_quality, "WARM_UP_STEPS", 1)
    ours = {name: candidate for name, candidate in CANDIDATES.items() if candidate.activation is not None}
    monkeypatch.setattr(training_quality, "CANDIDATES", ours)
    images = ImageSet("made", "train", pixels, "made here", "none", "none")
    rows = {row["candidate"]: row for row in compare(images, test, TrainingConfig(batch_size=4))}
    assert list(rows) == list(ours)
    assert rows[REFERENCE]["over_f32"] is None
    assert rows[HALF]["over_f32"] == pytest.approx(rows[HALF]["bpd"] - rows[REFERENCE]["bpd"])
    assert abs(rows[HALF]["over_f32"]) < 0.02
