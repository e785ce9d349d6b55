"""A row of a benchmark's table: one candidate, with the same columns in every row."""

Row = dict[str, str | float | None]
