"""`likelihood-curvature check`: the contract of a flow, put to anyone's model."""

import sys
from collections import Counter

from curvature.checks import Status, run_checks
from curvature.errors import ConfigError
from experiments.command_line.check_options import CheckOptions
from experiments.command_line.check_view import show_results
from experiments.command_line.console import table_console
from experiments.command_line.density_option import open_density
from experiments.command_line.hypothesis_files import without_hypothesis_files
from experiments.command_line.verification_view import ClaimProgress

FAILED_CHECK = 1


def run(options: CheckOptions) -> None:
    """Check the model, print the table and the programs of failures; exit with 1 if a check failed."""
    expected = _expected(options.expect_failure)
    opened = open_density(options.model, options.own, options.inputs)
    console, cases = table_console(), Counter[str]()
    with without_hypothesis_files(), ClaimProgress(console) as progress:

        def on_case(name: str) -> None:
            cases[name] += 1
            progress(name, cases[name])

        results = run_checks(
            opened.model,
            opened.events,
            expected_failed_checks=expected,
            fast=options.fast,
            seed=options.seed,
            origin=opened.origin,
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
