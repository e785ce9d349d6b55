"""Rival explanations as terminal tables: what each explains of log p, and how well it detects each input set."""

from math import isnan

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

CIRCULAR = "*"
COLUMNS = {
    "r2": "R²",
    "r2_added": "+ taylor2",
    "r2_images": "R² of images",
    "r2_images_added": "+ taylor2",
    "rank_correlation": "rank",
}
EXPLAINED_LEGEND = (
    "R²: share of the variance of log p over all input sets together that a line in the score explains; + taylor2: in "
    "the score and the second-order prediction; of images: without constants, noise and other sets that are made here. "
    "Rank: Spearman's correlation of the sets' means with those of log p. In brackets: 95 % bootstrap intervals. *: "
    "made from log p, so no explanation; left out of all."
)
DETECTORS_LEGEND = (
    "AUROC: the probability that a training image lies further to the side where the source expects training images; "
    "below 0.5 the detector is wrong way round. R²: what the score explains of log p within the set. In brackets: 95 % "
    "bootstrap intervals."
)


def explained_table(explained: pd.DataFrame) -> Table:
    """Lay out what every score explains; `explained` as `analysis.rival_comparison.compare_rivals` makes it."""
    title = f"Trained on {explained['train_set'].iloc[0]}: what explains log p"
    table = _table(title, EXPLAINED_LEGEND)
    table.add_column("score", no_wrap=True)
    for column in COLUMNS.values():
        table.add_column(column, justify="right", no_wrap=True)
    for _, row in explained.iterrows():
        mark = CIRCULAR if row["is_circular"] else ""
        cells = [_with_interval(row, name, "\n") for name in COLUMNS]
        table.add_row(Text(row["score"] + mark), *cells)
    return table


def score_remarks(explained: pd.DataFrame) -> list[str]:
    """A line for each score of which something else must be known, or which has no numbers."""
    return [f"{row['score']}: {told}" for _, row in explained.iterrows() if (told := _remark(row))]


def _remark(row: pd.Series) -> str:
    """The remark, and the error of a score that is an estimate."""
    error = row["standard_error"]
    told = "" if pd.isna(error) else f"standard error of each image's number: {error:.3g} {row['units']}"
    return "; ".join(filter(None, ("" if pd.isna(row["remark"]) else row["remark"], told)))


def detectors_table(detectors: pd.DataFrame) -> Table:
    """Lay out the AUROC of every score: a row for each input set and score."""
    table = _table("Scores as detectors", DETECTORS_LEGEND)
    table.add_column("input set", no_wrap=True)
    table.add_column("score", no_wrap=True)
    for column in ("AUROC", "R²"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, rows in detectors.groupby("input_set", sort=False):
        for index, (_, row) in enumerate(rows.iterrows()):
            cells = [_with_interval(row, each, " ") for each in ("auroc", "r2")]
            table.add_row(Text(str(name) if index == 0 else ""), Text(row["score"]), *cells)
    return table


def _table(title: str, legend: str) -> Table:
    table = Table(
        title=Text(title, style="table.title"),
        caption=Text(legend, style="table.caption"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.title_justify = table.caption_justify = "left"
    return table


def _with_interval(row: pd.Series, name: str, between: str) -> Text:
    """A number and the ends of its interval, beside or beneath it; nothing where there is none."""
    value, low, high = (float(row[f"{name}{end}"]) if f"{name}{end}" in row else float("nan") for end in _ENDS)
    if isnan(value):
        return Text("")
    text = Text(f"{value:.3f}".replace("-", "−"))
    text.append(f"{between}[{low:.3f}, {high:.3f}]".replace("-", "−"), style="dim")
    return text


_ENDS = ("", "_low", "_high")
