"""Findings about the parts that a gap is split into: second order, higher orders, beyond two moments (eq. 86)."""

from analysis.claims_engine.claim import Finding, Tables
from analysis.claims_engine.measured import subject
from analysis.claims_engine.region import Region

TABLES = ("split",)
RELATIVE, ABSOLUTE = 0.1, 0.02
"""A part is small below this share of the measured gap, or this many bits/dim, as in `analysis.comparison.explains`."""


def small_part_findings(tables: Tables, part: str) -> list[Finding]:
    """The size of one part of every gap, of which a claim says that it is small."""
    rows = tables["split"].rename(columns={"run": "label"}).drop_duplicates(["label", "train_set", "input_set", "part"])
    keys = ["label", "train_set", "input_set"]
    measured = rows[rows["part"] == "measured"].set_index(keys)["gap"].to_dict()
    findings = []
    for _, row in rows[rows["part"] == part].iterrows():
        bound = max(ABSOLUTE, RELATIVE * abs(measured.get(tuple(row[keys]), 0.0)))
        findings.append(Finding(subject(row), row["gap"], row["gap_se"], Region(-bound, bound)))
    return findings
