"""Every model that ships with the package: small, whole, and described by its own record."""

import shlex

import pytest

from experiments.command_line.commands import read_options
from experiments.data.registry import DESCRIPTIONS
from experiments.models.registry import build
from experiments.paper.pairs import PAPER_SETS
from experiments.paper.reference_models.record import read_record
from experiments.paper.reference_models.shipped import CARD, PACKAGE, WEIGHTS
from experiments.paper.reference_models.weights import LARGEST_FILE, load_reference_weights

MODELS = sorted(path.parent for path in PACKAGE.glob(f"[!.]*/{WEIGHTS}"))
ALL_TOGETHER = 30_000_000

each_model = pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)


def test_all_together_are_small_enough():
    assert sum(file.stat().st_size for model in MODELS for file in model.iterdir()) <= ALL_TOGETHER


@each_model
def test_a_model_is_small_and_its_weights_fit_its_configuration(path):
    assert (path / WEIGHTS).stat().st_size <= LARGEST_FILE
    record = read_record(path)
    model = build(record.config.model, DESCRIPTIONS[path.name].event_shape)
    load_reference_weights(model, path / WEIGHTS)
    assert model.is_initialised
    assert sum(parameter.numel() for parameter in model.parameters()) == record.environment["weights"]["parameters"]


@each_model
def test_a_model_is_named_after_the_set_it_was_trained_on(path):
    record = read_record(path)
    assert path.name in PAPER_SETS
    assert record.config.data.train_set == path.name
    assert record.environment["train_images"]["label"] == f"{path.name}/train"
    assert record.environment["data"] == {f"{path.name}/train": record.train_checksum}
    assert record.environment["training"]["steps"] == record.config.training.steps


@each_model
def test_the_card_s_numbers_are_the_table_s(path):
    card, table = (path / CARD).read_text(), read_record(path).likelihoods
    lines = [line for line in card.splitlines() if line.count("|") == 5][2:]
    assert lines == [
        f"| {row.input_set} | {row.bpd:.4f} | {row.bpd_se:.4f} | {row.n_images} |"
        for row in table.itertuples(index=False)
    ]
    assert {f"{path.name}/train", f"{path.name}/test"} <= set(table["input_set"])


@each_model
def test_the_card_s_command_trains_with_its_configuration(path):
    lines = (path / CARD).read_text().splitlines()
    (command,) = (line for line in lines if line.startswith("    likelihood-curvature train"))
    arguments = shlex.split(command)[1:]
    assert read_options(arguments).config == read_record(path).config
