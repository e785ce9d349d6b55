"""The report of `results/`, in Markdown: what came out for every pair, on every rung, and from what."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.comparison import explains
from analysis.paper_pairs import Pair
from analysis.resolution import Order, is_resolved, sign_is_wrong
from analysis.table_notes import NOT_CONVERGED, has_not_converged
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.reference_models.record import ReferenceRecord

ADAPTIVE = "path"
RELATIVE, ABSOLUTE = 0.10, 0.02
CLAIM_WORDS = {"none": "", "more likely": "more likely", "less likely": "less likely"}


@dataclass(frozen=True, eq=False)
class Report:
    """What the report is made from."""

    gaps: pd.DataFrame
    """Columns `experiments.paper.gaps.tables.GAP_COLUMNS`."""
    ladder: pd.DataFrame
    """Columns `analysis.comparison.COLUMNS`."""
    pairs: tuple[Pair, ...]
    """Pairs measured."""
    left_out: tuple[Pair, ...]
    """Pairs whose model is missing."""
    records: tuple[ReferenceRecord, ...]
    """Record of each model."""
    environment: dict[str, Any]
    """Code version, machine and data of this evaluation."""
    config: GapsConfig
    """Numbers of images, rungs, seed."""
    command: str
    """The command line that makes it all again."""


def render_report(report: Report) -> str:
    """The whole text."""
    sections = [
        "# Measured and predicted likelihood gaps of the reference models",
        _introduction(report),
        "## Is the other set more likely than the training images?",
        _pairs_table(report),
        "## What each rung of the ladder predicts",
        _ladder_tables(report),
        "## Bits per dimension of all inputs, beside the published ones",
        _likelihood_tables(report),
        "## From what",
        _provenance(report),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _introduction(report: Report) -> str:
    config = report.config
    lines = [
        "Made by the command below; nothing here is written by hand. Gaps in bits/dim, negative = more likely than the "
        f"images compared with; ± one standard error. Likelihoods are means over up to {config.n_bpd:,} images in "
        f"float32; the ladder is evaluated on up to {config.n_images} images of each set and of the training set in "
        "float64. Tables: `gaps.csv`, `ladder.csv`; figure: `figures/likelihood_gaps.png`.",
        f"    {report.command}" if report.command else "",
        "![Measured and predicted gaps](figures/likelihood_gaps.png)",
    ]
    if any("svhn" in (pair.train_set, pair.other_set) for pair in report.pairs):
        lines.append(
            "SVHN's digits are crops of photographs, and crops of one photograph overlap. Standard errors take images "
            "as independent, so those of SVHN are too small."
        )
    if report.left_out:
        lines.append("Not measured, for there is no model yet: " + "; ".join(map(str, report.left_out)) + ".")
    return "\n\n".join(filter(None, lines))


def _pairs_table(report: Report) -> str:
    gaps = {(row["train_set"], row["input_set"]): row for row in report.gaps.to_dict("records")}
    rows = []
    for pair in report.pairs:
        row = gaps[pair.train_set, f"{pair.other_set}/test"]
        own = gaps[pair.train_set, f"{pair.train_set}/test"]
        rows.append(
            (
                pair.train_set,
                pair.other_set,
                f"{row['bpd']:.3f}",
                f"{own['bpd']:.3f}",
                _with_error(row["gap_to_train"], row["gap_to_train_se"]),
                _with_error(row["gap_to_test"], row["gap_to_test_se"]),
                row["outcome"],
                CLAIM_WORDS[pair.claim],
                _agreement(row["outcome"], pair),
            )
        )
    header = ("trained on", "shown", "BPD", "BPD own test", "gap to training images", "gap to own test images")
    return _table((*header, "measured", "the paper", "agrees"), rows)


def _agreement(outcome: str, pair: Pair) -> str:
    if pair.claim == "none":
        return ""
    if outcome == Order.NOT_RESOLVED:
        return Order.NOT_RESOLVED
    return "yes" if outcome == pair.claim else "NO"


def _ladder_tables(report: Report) -> str:
    ladder = report.ladder
    rungs = list(dict.fromkeys(ladder["rung"]))
    parts = [
        "Measured on the same images as predicted. **Bold**: within "
        f"{RELATIVE:.0%} of the measured gap or {ABSOLUTE} bits/dim of it. `!`: the wrong sign, both numbers two "
        f"standard errors from zero. `{NOT_CONVERGED}`: the quadrature did not converge. The path rungs explain with "
        "the samples themselves, all others predict from means, covariances and the model. Unexplained: measured minus "
        "`path`, with its paired standard error."
    ]
    for train_set, rows in ladder.groupby("train_set", sort=False):
        body = []
        for input_set, each in rows.groupby("input_set", sort=False):
            first, by_rung = each.iloc[0], each.set_index("rung")
            cells = [_prediction(by_rung.loc[[rung]]) if rung in by_rung.index else "" for rung in rungs]
            measured = _with_error(first["measured"], first["measured_se"])
            body.append((str(input_set), measured, *cells, _unexplained(by_rung)))
        header = ("input set", "measured", *rungs, "unexplained")
        parts += [f"### Trained on {train_set}", _table(header, body)]
    parts.append(_explained(ladder))
    return "\n\n".join(parts)


def _prediction(found: pd.DataFrame) -> str:
    """The cell of one rung, from its one row."""
    row = found.iloc[0]
    text = _with_error(row["predicted"], row["predicted_se"])
    if has_not_converged(row):
        text = f"{text} {NOT_CONVERGED}"
    if sign_is_wrong(row):
        return f"{text} !"
    return f"**{text}**" if explains(found, RELATIVE, ABSOLUTE).all() else text


def _unexplained(by_rung: pd.DataFrame) -> str:
    """What the adaptive path leaves of the measured gap of one input set."""
    if ADAPTIVE not in by_rung.index:
        return ""
    path = by_rung.loc[[ADAPTIVE]].iloc[0]
    return _with_error(float(path["unexplained"]), float(path["unexplained_se"]))


def _explained(ladder: pd.DataFrame) -> str:
    """How many gaps each rung explains, over all models."""
    rows = []
    for rung, each in ladder.groupby("rung", sort=False):
        right = sum(
            row["sign_agrees"] or not is_resolved(row["measured"], row["measured_se"])
            for row in each.to_dict("records")
        )
        ratio = each["ratio"].median()
        hits = int(explains(each, RELATIVE, ABSOLUTE).sum())
        rows.append((str(rung), f"{right} of {len(each)}", f"{hits} of {len(each)}", f"{ratio:.3g}"))
    header = ("rung", "sign right, or gap unresolved", f"within {RELATIVE:.0%} or {ABSOLUTE}", "median ratio")
    return "### All models together\n\n" + _table(header, rows)


def _likelihood_tables(report: Report) -> str:
    parts = [
        "Published numbers are of wider Glows with affine couplings, trained for far more steps; tinyimagenet32 stands "
        "in for ImageNet at 32 x 32. Compare orders and signs, not sizes."
    ]
    for model, rows in report.gaps.groupby("model", sort=False):
        body = []
        for row in rows.to_dict("records"):
            published = "" if math.isnan(row["published_bpd"]) else f"{row['published_bpd']:.3f}"
            if published and row["published_uncertainty"]:
                published += f" ± {row['published_uncertainty']:.2f}"
            body.append(
                (
                    row["input_set"],
                    _with_error(row["bpd"], row["bpd_se"], signed=False),
                    str(row["n_images"]),
                    _with_error(row["gap_to_train"], row["gap_to_train_se"]),
                    published,
                    row["published_source"],
                )
            )
        header = ("input set", "BPD", "images", "gap to training images", "published BPD", "source")
        parts += [f"### Trained on {model}", _table(header, body)]
    return "\n\n".join(parts)


def _provenance(report: Report) -> str:
    rows = []
    for record in report.records:
        environment, training = record.environment, record.environment["training"]
        hardware = environment["processor"] if environment["device"] == "cpu" else environment["device"]
        minutes = f"{training['seconds'] / 60:.0f} min"
        commit = _commit(environment["package"])
        rows.append((record.name, f"`{environment['weights']['sha256']}`", commit, hardware, minutes))
    data = [(label, f"`{checksum}`") for label, checksum in sorted(report.environment["data"].items())]
    here = report.environment
    lines = [
        _table(("model", "sha256 of the weights", "trained by", "trained on", "in"), rows),
        _table(("images", "sha256 of shape and pixels"), data),
        f"Evaluated by {_commit(here['package'])}, torch {here['torch']}, Python {here['python']}, on "
        f"{here['processor']}, seed {here['seed']}.",
    ]
    return "\n\n".join(lines)


def _commit(package: dict[str, Any]) -> str:
    commit, changed = package.get("git_commit"), package.get("git_dirty")
    version = f"{package['name']} {package['version']}"
    return version + (f" (commit {commit[:12]}{', with changes' if changed else ''})" if commit else "")


def _with_error(value: float, error: float, signed: bool = True) -> str:
    decimals = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    number = f"{value:{'+' if signed else ''}.{decimals}f} ± {error:.{decimals}f}"
    return number.replace("-", "−")


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = [header, ["---"] * len(header), *map(list, rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
