"""The report on families, in Markdown; nothing in it is written by hand."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.resolution import contradicts, order_of
from experiments.paper.families.config import PREFIX, FamiliesConfig
from experiments.paper.pairs import Pair

NOTES = (
    "Gaps in bits/dim against the training images, negative = more likely; ± one standard error over the images, of "
    "one training run each: how much a gap moves with the seed was not measured. Every model had about two minutes of "
    "one CPU thread (`experiments/paper/preset_settings`), so BPD compare families at an equal budget, not at their "
    "best. "
    "BPD of `embedding` are bits per feature and compare with nothing else. AUROC: the probability that a training "
    "image has the larger log p, so below 0.5 where the other set is likelier. Volume: the share of the gap that "
    "log|det df/dx| makes; 0 for constant volume. `!`: the sign is wrong, where both numbers lie two standard errors "
    "from zero."
)


def render(table: pd.DataFrame, pairs: Sequence[Pair], config: FamiliesConfig, command: str, record: Any) -> str:
    """Write the whole text.

    Parameters
    ----------
    table
        From `families_table`.
    pairs
        Training set and other set, in order.
    config
        Settings of the study.
    command
        The command line that makes it again.
    record
        Environment of this evaluation.
    """
    sections = [
        "# Likelihood gaps of every family of models",
        f"Made by the command below; {config.n_images} images of each set.\n\n    {command}",
        NOTES,
        *(_section(table, pair) for pair in pairs),
        f"Code version {record['package']['git_commit']}, torch {record['torch']}. Table: `families.csv`; settings, "
        "machine and checksums: `families.json`.",
    ]
    return "\n\n".join(sections) + "\n"


def _section(table: pd.DataFrame, pair: Pair) -> str:
    """The table of one pair: a row for each model."""
    rows = table[table["train_set"] == pair.train_set]
    own, other = (rows[rows["input_set"] == f"{name}/test"] for name in (pair.train_set, pair.other_set))
    lines = [
        f"## {pair.train_set} -> {pair.other_set}",
        "",
        "| model | BPD, own test | gap of the other set | order | taylor2 | path-3 | volume | AUROC | contrast 0.5 "
        "| constant 128 | route |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    own, other = own.set_index("preset"), other.set_index("preset")
    grayed, constant = (
        rows[rows["input_set"] == name].set_index("preset")
        for name in (f"{pair.train_set}/test:contrast=0.5", "constant=128")
    )
    for preset in own.index:
        each = other.loc[preset]
        cells = [
            preset.removeprefix(PREFIX),
            _number(own.loc[preset], "bpd", "{:.3f}"),
            _number(each, "measured"),
            str(order_of(each["measured"], each["measured_se"])),
            _number(each, "taylor2") + (" !" if _sign_is_wrong(each) else ""),
            _number(each, "path_3"),
            "–" if pd.isna(each["volume_share"]) else _number(each, "volume_share", "{:.0%}"),
            _number(each, "auroc", "{:.2f}"),
            _number(grayed.loc[preset], "measured"),
            _number(constant.loc[preset], "measured"),
            str(each["route"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines + _waic_lines(other))


def _waic_lines(other: pd.DataFrame) -> list[str]:
    """What WAIC says of the other set, for the models that have it."""
    found = other[other["waic_gap"].notna()]
    return [
        f"\nWAIC of {str(preset).removeprefix(PREFIX)}: gap {_number(row, 'waic_gap')} bits/dim, where log p has "
        f"{_number(row, 'measured')}."
        for preset, row in found.iterrows()
    ]


def _number(row: "pd.Series[Any]", name: str, form: str = "{:+.3f}") -> str:
    """A number with its standard error, with fewer digits where it is large."""
    value = float(row[name]) + 0.0  # no negative zero
    if form == "{:+.3f}" and abs(value) >= 100:
        form = "{:+.0f}"
    return f"{form.format(value)} ± {form.replace('+', '').format(float(row[f'{name}_se']))}".replace("-", "−")


def _sign_is_wrong(row: "pd.Series[Any]") -> bool:
    return contradicts(row["taylor2"], row["taylor2_se"], row["measured"], row["measured_se"])
