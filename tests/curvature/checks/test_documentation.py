"""docs/checks.md says what every check does, and its examples run."""

import re
from pathlib import Path

from curvature.checks import checks

DOCUMENT = (Path(__file__).parents[3] / "docs" / "checks.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
ROWS = re.findall(r"^\| `([a-z0-9-]+)` \|", DOCUMENT, re.MULTILINE)


def test_the_table_lists_every_check_in_its_order():
    assert [check.name for check in checks()] == ROWS


def test_the_examples_run(capsys):
    variables = {"__name__": "docs"}
    for program in PROGRAMS:
        exec(compile(program, "docs/checks.md", "exec"), variables)
    printed = capsys.readouterr().out
    assert "smoothness: expected failure: ReLU couplings (" in printed
    assert "stein: skipped: the model has no sample(n)" in printed
    assert "change-of-variables: passed" in printed
    assert printed.endswith("refuted\n")
    (mark,) = variables["test_my_flow"].pytestmark
    assert [parameter.id for parameter in mark.args[1]] == ROWS
