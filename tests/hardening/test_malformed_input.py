"""Every malformed input ends with exit code 2 and one line, soon, and leaves nothing behind.

Of the cases that are made from the options one in three is run, and all that were written by hand; `MALFORMED_SHARE=1`
in the environment runs them all.
"""

import itertools
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.command_line import commands, main
from experiments.command_line.commands import COMMANDS
from tests.hardening.cases import (
    BY_HAND,
    Case,
    input_cases,
    number_cases,
    option_cases,
    path_cases,
    text_cases,
)
from tests.hardening.options import all_options

SECONDS = 20
MADE = itertools.chain(number_cases(), path_cases(), text_cases(), option_cases(), input_cases(), BY_HAND)
CASES = list(dict.fromkeys(MADE))
SHARE = int(os.environ.get("MALFORMED_SHARE", "3"))
TRIED = list(dict.fromkeys([*CASES[::SHARE], *BY_HAND]))
IN_PROCESSES = [case for case in CASES if not case.is_good][:: len(CASES) // 12]


@contextmanager
def an_end_within(seconds: int):
    """Fail where the block does not end in time."""

    def fail(*_: object) -> None:
        pytest.fail(f"did not end within {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def tree(*roots: Path) -> dict[str, int]:
    """Every file below some directories, with its size."""
    paths = (Path(parent) / name for root in roots for parent, below, files in os.walk(root) for name in below + files)
    return {str(path): path.lstat().st_size for path in paths}


def filled_in(case: Case, places: dict[str, Path]) -> list[str]:
    return [str(places.get(word, word)) for word in case.arguments]


def assert_one_line(printed: str, case: Case) -> None:
    (line,) = printed.rstrip("\n").split("\n")
    assert line.startswith("likelihood-curvature: "), line
    assert case.words in line, line
    assert "Traceback" not in line
    assert len(line) < 1500, "nobody reads that"


def test_the_table_is_large_and_covers_every_command():
    assert len(CASES) >= 250
    assert {case.arguments[0] for case in CASES if case.arguments} >= set(COMMANDS)


def test_every_option_that_help_lists_is_in_the_table(capsys):
    """Otherwise the table would lose options without a word."""
    options = list(all_options())
    for command, always in sorted({(option.command, option.always) for option in options}):
        with pytest.raises(SystemExit):
            main([*command.split(), *always, "--help"])
        listed = set(re.findall(r"(?:│ |, )(--[a-z][\w.-]*)", capsys.readouterr().out.replace("  ", "│ ")))
        listed = {flag for flag in listed if ".no-" not in flag and not flag.startswith("--no-")} - {"--help"}
        # A family's own options take the place of the default family's.
        others = {o.flag for o in options if o.command == command and not o.always}
        others = {flag for flag in others if not (always and flag.startswith("--model."))}
        known = others | {o.flag for o in options if (o.command, o.always) == (command, always)}
        assert listed == known - {""}, (command, always)


@pytest.mark.parametrize("case", TRIED, ids=str)
def test_an_input_is_refused_in_one_line_or_taken(case, places, tmp_path, capsys, monkeypatch):
    arguments, taken = filled_in(case, places), []
    if case.is_good:
        monkeypatch.setattr(commands, "import_module", lambda _: SimpleNamespace(run=taken.append))
    roots = (tmp_path, places["{RUN}"], *{place for name, place in places.items() if name.endswith("_RUN}")})
    before = tree(*roots)
    with an_end_within(SECONDS):
        if case.is_good:
            main(arguments)
            assert len(taken) == 1
        else:
            with pytest.raises(SystemExit) as stop:
                main(arguments)
            assert stop.value.code == 2
            assert_one_line(capsys.readouterr().err, case)
    assert tree(*roots) == before, "left something behind"


@pytest.mark.slow
@pytest.mark.parametrize("case", IN_PROCESSES, ids=str)
def test_the_same_in_a_process_of_its_own(case, places, tmp_path):
    before = tree(tmp_path)
    command = [sys.executable, "-m", "experiments.command_line", *filled_in(case, places)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 2
    assert_one_line(done.stderr, case)
    assert tree(tmp_path) == before, "left something behind"
