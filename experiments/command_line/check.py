"""`likelihood-curvature check`: the contract of a flow, put to anyone's model."""

import sys
from collections import Counter
from typing import Any

import torch
from torch import Tensor

from curvature.checks import Status, run_checks
from curvature.errors import ConfigError
from experiments.command_line.check_options import CheckOptions
from experiments.command_line.check_view import show_results
from experiments.command_line.console import table_console
from experiments.command_line.hypothesis_files import without_hypothesis_files
from experiments.command_line.model_option import open_model
from experiments.command_line.verification_view import ClaimProgress
from experiments.data.own_arrays import read_own_events
from experiments.models.importable import import_model, is_importable, model_source

FAILED_CHECK = 1
TRAINING_IMAGES = 64
LOADING = "from experiments.paper.reference_models.loading import load_model"


def run(options: CheckOptions) -> None:
    """Check the model, print the table and the programs of failures; exit with 1 if a check failed."""
    expected = _expected(options.expect_failure)
    flow, x, origin = _model_and_events(options)
    console, cases = table_console(), Counter[str]()
    with without_hypothesis_files(), ClaimProgress(console) as progress:

        def on_case(name: str) -> None:
            cases[name] += 1
            progress(name, cases[name])

        results = run_checks(
            flow,
            x,
            expected_failed_checks=expected,
            fast=options.fast,
            seed=options.seed,
            origin=origin,
            on_case=on_case,
        )
    show_results(results, options.model, console)
    if any(result.status is Status.FAILED for result in results):
        sys.exit(FAILED_CHECK)


def _expected(pairs: tuple[str, ...]) -> dict[str, str]:
    """Reasons by name, of ``NAME=REASON``."""
    expected = {}
    for pair in pairs:
        name, _, reason = pair.partition("=")
        if not reason:
            raise ConfigError(f"--expect-failure: expected NAME=REASON, got {pair!r}")
        expected[name] = reason
    return expected


def _model_and_events(options: CheckOptions) -> tuple[Any, Tensor, str]:
    """The model, the events to check it on, and the lines of Python that make both."""
    if is_importable(options.model):
        if options.inputs is None:
            raise ConfigError("--inputs: your own model needs events to be checked on: FILE.npy, FILE.npz:KEY")
        x = read_own_events(options.inputs)
        return import_model(options.model), x, _source(model_source(options.model), options.inputs)
    trained = open_model(options.model)
    lines = f"{LOADING}\n\ntrained = load_model({options.model!r})\nflow = trained.model\n"
    if options.inputs is not None:
        return trained.model, read_own_events(options.inputs), _source(lines, options.inputs)
    x = trained.representation(trained.train_images.head(TRAINING_IMAGES), torch.Generator().manual_seed(0))
    images = f"trained.train_images.head({TRAINING_IMAGES})"
    events = f"x = trained.representation({images}, torch.Generator().manual_seed(0))\n"
    return trained.model, x, f"import torch\n{lines}{events}"


def _source(model: str, inputs: str) -> str:
    return f"from experiments.data.own_arrays import read_own_events\n{model}x = read_own_events({inputs!r})\n"
