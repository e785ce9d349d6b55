"""`likelihood-curvature verify`: the claims of the theory on random toy flows and by sympy, or on one model."""

import sys
from dataclasses import asdict
from typing import Any

from curvature.claims import given_density, verify
from curvature.errors import ConfigError
from experiments.command_line.console import table_console
from experiments.command_line.density_option import open_density
from experiments.command_line.exits import FAILED_CHECK
from experiments.command_line.hypothesis_files import without_hypothesis_files
from experiments.command_line.verification_view import ClaimProgress, show_verification
from experiments.command_line.verify_options import VerifyOptions
from experiments.storage.atomic_write import write_json
from experiments.storage.environment import environment_record
from experiments.study.verification_record import verification_record


def run(options: VerifyOptions) -> None:
    """Verify, print the table and the counterexamples, write the record; exit with code 1 if a needed claim fails."""
    console, models = table_console(), None
    if options.model is not None:
        opened = open_density(options.model, options.own, options.inputs)
        models = given_density(opened.model, opened.events, opened.origin)
    elif (given := options.own.first_given or (options.inputs and "--inputs")) is not None:
        raise ConfigError(f"{given}: names no model; add --model package.module:factory")
    with without_hypothesis_files(), ClaimProgress(console) as progress:
        verification = verify(options.claims or None, options.examples, options.seed, models, progress)
    show_verification(verification, console, options.model)
    if options.json is not None:
        environment = environment_record(seed=options.seed)
        record = verification_record(verification, environment)
        write_json(options.json, {**_put_to(options), **record})
        console.print(f"record: {options.json}", soft_wrap=True, highlight=False)
    if not verification.is_sound:
        sys.exit(FAILED_CHECK)


def _put_to(options: VerifyOptions) -> dict[str, Any]:
    """What the record says of the model; nothing for toy flows."""
    if options.model is None:
        return {}
    return {"model": options.model, **asdict(options.own), "inputs": options.inputs}
