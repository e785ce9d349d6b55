"""`likelihood-curvature claims`: what the tables say of the claims of the paper and its followers."""

import shlex

from analysis.claims_engine.evaluation import evaluate_claims
from analysis.claims_engine.registry import chosen_claims
from analysis.claims_engine.report import findings_table, render
from experiments.command_line.claims_options import ClaimsOptions
from experiments.command_line.claims_view import claims_table
from experiments.command_line.console import table_console
from experiments.storage.directory_lock import held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.study.claim_tables import read_claim_tables

TABLE, REPORT = "claims.csv", "claims.md"


def run(options: ClaimsOptions) -> None:
    """Judge the claims on the tables that are there, print the table, and write ``claims.csv`` and ``claims.md``."""
    claims, console = chosen_claims(options.names), table_console()
    outcomes = evaluate_claims(claims, read_claim_tables(options.results, options.runs))
    out = RunDirectory(options.out)
    with held_directory(out.path):
        out.write_csv(TABLE, findings_table(outcomes))
        out.write_text(REPORT, render(outcomes, options.names, _directories(options)))
    console.print(claims_table(outcomes))
    lines = [f"table: {out.path / TABLE}", f"report: {out.path / REPORT}"]
    console.print("\n".join(lines), soft_wrap=True, highlight=False)


def _directories(options: ClaimsOptions) -> str:
    """Where the tables are and the files go, as on the command line."""
    runs = ["--runs", *map(str, options.runs)] if options.runs else []
    return shlex.join(["--results", str(options.results), *runs, "--out", str(options.out)])
