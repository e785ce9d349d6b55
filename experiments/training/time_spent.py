"""The time that training takes. The log alone keeps it: equal runs then have equal checkpoints, byte for byte."""

from dataclasses import dataclass


@dataclass
class TimeSpent:
    """Time spent in steps; evaluation, writing and interruptions are left out.

    A resumed run counts on from the last row of its log. What it had spent on steps after that row is not known.
    """

    seconds: float = 0.0
    """Since the run began."""
    row_seconds: float = 0.0
    """Since the last row of the log, or since the run was resumed."""
    row_steps: int = 0
    """The steps that took `row_seconds`."""

    def add(self, seconds: float) -> None:
        """Count one step."""
        self.seconds += seconds
        self.row_seconds += seconds
        self.row_steps += 1

    def start_row(self) -> None:
        """Begin the next row of the log."""
        self.row_seconds, self.row_steps = 0.0, 0
