"""Boxes of tyro as one line, whatever characters they are drawn with."""

import pytest

from experiments.command_line.parse_errors import in_one_line

ROUND = """╭─ Unrecognized options ────────────────────────────╮
│ Unrecognized options: --training.stps, 3          │
│ ───────────────────────────────────────────────── │
│ Perhaps you meant:                                │
│     --training.steps INT                          │
│         Number of optimizer steps.                │
│ ───────────────────────────────────────────────── │
│ For full helptext, run likelihood-curvature --help│
╰───────────────────────────────────────────────────╯
"""
PLAIN = """ Value error
 -----------------------------------------
  Error parsing --jobs: expected a whole number from 1 to 1,024, got
  '0'
  ----------------------------------------
  Argument helptext:
      --jobs INT
  ----------------------------------------
"""
BOTH = """╭─ Required options ──────────────────╮
│ Missing from p compare:             │
│     --model STR                     │
│ ─────────────────────────────────── │
│ Unrecognized options:               │
│     --modelx                        │
│     1                               │
╰─────────────────────────────────────╯
"""


@pytest.mark.parametrize(
    ("box", "line"),
    [
        (ROUND, "unrecognized options: --training.stps, 3; did you mean --training.steps? (help: p --help)"),
        (PLAIN, "--jobs: expected a whole number from 1 to 1,024, got '0' (help: p --help)"),
        (BOTH, "unrecognized options: --modelx 1; Missing from p compare: --model STR (help: p --help)"),
        ("anything else.\n", "anything else (help: p --help)"),
        ("", "the arguments cannot be read (help: p --help)"),
    ],
)
def test_what_was_wrong_is_said_in_one_line(box, line):
    assert in_one_line(box, "p") == line
