"""`likelihood-curvature verify`: test every claim of the theory on random cases and with sympy."""

import sys

from curvature.claims import verify
from experiments.command_line.console import table_console
from experiments.command_line.exits import FAILED_CHECK
from experiments.command_line.hypothesis_files import without_hypothesis_files
from experiments.command_line.options import VerifyOptions
from experiments.command_line.verification_view import ClaimProgress, show_verification
from experiments.storage.atomic_write import write_json
from experiments.storage.environment import environment_record
from experiments.study.verification_record import verification_record


def run(options: VerifyOptions) -> None:
    """Verify, print the table and the counterexamples, write the record; exit with code 1 if a needed claim fails."""
    console = table_console()
    with without_hypothesis_files(), ClaimProgress(console) as progress:
        verification = verify(options.claims or None, options.examples, options.seed, progress=progress)
    show_verification(verification, console)
    if options.json is not None:
        environment = environment_record(seed=options.seed)
        write_json(options.json, verification_record(verification, environment))
        console.print(f"record: {options.json}", soft_wrap=True, highlight=False)
    if not verification.is_sound:
        sys.exit(FAILED_CHECK)
