"""The tables that claims read: the file of each, the columns that it must have, and the command that writes it."""

from dataclasses import dataclass

PROGRAM = "likelihood-curvature"


@dataclass(frozen=True)
class TableKind:
    """One kind of table.

    Attributes
    ----------
    file
        Name of the file.
    in_results
        Whether it lies in the directory of results; otherwise it is one of every run.
    columns
        Columns of any type that it must have.
    numbers
        Columns that must hold numbers.
    command
        The command that writes it.
    """

    file: str
    in_results: bool
    columns: tuple[str, ...]
    numbers: tuple[str, ...]
    command: str


SOURCE = ("run", "model", "family", "train_set", "input_set")
COMPARED = ("predicted", "predicted_se", "measured", "measured_se", "bpd", "bpd_se", "error_se")
GAP_NUMBERS = ("bpd", "bpd_se", "gap_to_train", "gap_to_train_se")
FAMILY_TEXT = ("preset", "family", "model", "train_set", "input_set")
FAMILY_ESTIMATES = ("bpd", "measured", "auroc", "taylor2", "path_3", "volume_share", "waic_gap")
FAMILY_NUMBERS = tuple(f"{name}{error}" for name in FAMILY_ESTIMATES for error in ("", "_se"))
COMPARE, TRAJECTORY = f"{PROGRAM} compare --model RUN", f"{PROGRAM} trajectory --model RUN"

TABLE_KINDS = {
    "gaps": TableKind("gaps.csv", True, ("model", "train_set", "input_set"), GAP_NUMBERS, f"{PROGRAM} gaps"),
    "ladder": TableKind("ladder.csv", True, (*SOURCE, "rung"), COMPARED, f"{PROGRAM} gaps"),
    "families": TableKind("families.csv", True, FAMILY_TEXT, FAMILY_NUMBERS, f"{PROGRAM} families"),
    "comparison": TableKind("comparison.csv", False, (*SOURCE, "rung"), COMPARED, COMPARE),
    "measurements": TableKind(
        "measurements.csv", False, SOURCE, ("measured", "measured_se", "auroc", "auroc_se"), COMPARE
    ),
    "split": TableKind("split.csv", False, (*SOURCE, "part"), ("gap", "gap_se"), f"{COMPARE} --rungs taylor2 gaussian"),
    "waic": TableKind("waic.csv", False, SOURCE, ("gap", "gap_se"), COMPARE),
    "trajectory": TableKind(
        "trajectory.csv", False, (*SOURCE, "rung"), ("step", "predicted", "measured", "measured_se"), TRAJECTORY
    ),
    "hessians": TableKind(
        "trajectory_hessian.csv", False, SOURCE, ("step", "highest_eigenvalue", "highest_residual"), TRAJECTORY
    ),
    "attribution": TableKind(
        "attribution.csv", False, ("input_set", "part"), ("nats",), f"{PROGRAM} explain --model RUN"
    ),
}
