"""The colour of every verdict in the terminal."""

from curvature.verdict import Verdict

COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.REFUTED: "red",
    Verdict.CONDITIONAL: "yellow",
    Verdict.UNDECIDED: "bold red",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.NOT_RESOLVED: "cyan",
    Verdict.HOLDS_FOR: "yellow",
    Verdict.NO_DATA: "dim",
}
