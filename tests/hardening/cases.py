"""The table of inputs: mostly malformed ones, made from every option of every command, and the rest by hand."""

from collections.abc import Iterator
from dataclasses import dataclass

from experiments.command_line.commands import COMMANDS
from experiments.command_line.paths import PathCheck, require_directory, require_output_directory, require_output_file
from experiments.settings import Range
from tests.hardening.options import Option, all_options

NUMBERS = ("", "nan", "inf", "-1", "0", "1e400", str(10**30), "x", "1.5", "9" * 5000)
TEXTS = ("", "nonsense", "x" * 5000, "☃\n", "../..", "a=b:c/d")
# Names that stand for places of the test directory (`tests.hardening.conftest`).
PATHS = (
    "{MISSING}",
    "{FILE}",
    "{DIRECTORY}",
    "{FIFO}",
    "{DEVICE}",
    "{LONG_NAME}",
    "{LONG_PATH}",
    "{UNWRITABLE}",
    "{LOOP}",
    "{DANGLING}",
    "{BELOW_FILE}",
    "{FIGURES_IS_FILE}",
    "",
)
GOOD_PATHS = {
    require_output_directory: {"{MISSING}", "{DIRECTORY}"},
    require_output_file: {"{MISSING}", "{FILE}", "{DANGLING}"},
    require_directory: set(),
}


TABLES_OR_NONE = {("claims", "--results"), ("claims", "--runs")}
"""Directories that need not hold anything: a table that is missing is named in the result."""
NEVER_EMPTY = {("sweep", "--train-sets"), ("sweep", "--models"), ("sweep", "--seeds"), ("families", "--models")}


@dataclass(frozen=True)
class Case:
    """One command line, and whether it is to be taken."""

    arguments: tuple[str, ...]
    is_good: bool = False
    words: str = ""
    """A part of what must be said."""

    def __str__(self) -> str:
        shown = (word if len(word) < 40 else f"{word[:12]}~{len(word)}" for word in self.arguments)
        return " ".join(word or "''" for word in shown)


def number_cases() -> Iterator[Case]:
    """Every numeric option with values beyond reason; its declared range says which of them are within."""
    for option in all_options():
        if option.is_number:
            for value in NUMBERS:
                yield Case(tuple(option.arguments(value)), _is_number_in(option, value), option.flag)


def path_cases() -> Iterator[Case]:
    """Every path option with everything that a path can lead to."""
    for option in all_options():
        if isinstance(option.check, PathCheck):
            good = GOOD_PATHS.get(option.check.require, set())
            if option.flag == "--data-root" or (option.command, option.flag) in TABLES_OR_NONE:
                good = {"{DIRECTORY}", "{FIGURES_IS_FILE}"}
            for path in PATHS:
                yield Case(tuple(option.arguments(path)), path in good)


def text_cases() -> Iterator[Case]:
    """Every option that takes names, with names of nothing."""
    for option in all_options():
        # A new model may have any name, and a sweep keeps its directory where no scheduler answers.
        is_free = option.flag == "--scheduler" or (option.command, option.place) == ("export", 1)
        if option.kind is str and option.check is None and not is_free:
            for text in ("nonsense", "") if option.choices else TEXTS:
                yield Case(tuple(option.arguments(text)))


def option_cases() -> Iterator[Case]:
    """Misspelt and incomplete options and commands."""
    for option in all_options():
        if option.flag:
            *before, _ = option.arguments("1")[: -option.count]
            yield Case((*before, option.flag + "x", "1"), words=option.flag + "x")
            if option.kind is not bool:
                is_good = option.is_list and (option.command, option.flag) not in NEVER_EMPTY
                yield Case(tuple(option.arguments("1")[: -option.count]), is_good)
    for command in COMMANDS:
        yield Case((command[:-1],), words=f"did you mean {command!r}")
        yield Case((command, "unexpected"))
    yield Case((), words="expected a command")
    yield Case(("",), words="expected a command")
    yield Case(("--verbose",), words="--verbose")
    yield Case(("data",), words="list")
    yield Case(("data", "lsit"), words="did you mean 'list'")


INPUTS = (
    "digits:contrast=nan",
    "digits:contrast=inf",
    "digits:contrast=-inf",
    "digits:contrast=1e400",
    "digits:contrast=-1",
    "digits:contrast=",
    "digits:contrast",
    "digits:contrast=x",
    "digits:luminance=3",
    "digits:sepia",
    "digits/valid",
    "digits/",
    "digits//test",
    "digits:",
    "/digits",
    "constant",
    "constant=",
    "constant=256",
    "constant=-1",
    "constant=1.5",
    "constant=nan",
    "constant=1e400",
    "constant=" + "9" * 400,
    "noise",
    "noise=gauss",
    "noise=uniform=uniform",
    "chnia",
    "x" * 10_000,
)


def input_cases() -> Iterator[Case]:
    """Names of input sets that are none, wherever names of input sets are taken."""
    for option in all_options():
        if option.flag.endswith("inputs"):
            for name in INPUTS:
                yield Case(tuple(option.arguments(name)))


MEMORY = "are free; "
BY_HAND = (
    Case(("train", "--model.width", "60000"), words=MEMORY),
    Case(
        ("train", "--training.device", "cpu", "--model.width", "8000", "--training.batch-size", "99999"), words=MEMORY
    ),
    Case(("train", "--evaluation.inputs", "noise=uniform", "--evaluation.n-images", "999999999"), words=MEMORY),
    Case(("demo", "--model.width", "60000"), words=MEMORY),
    Case(("demo", "--n-images", "999999999"), words=MEMORY),
    Case(("compare", "--model", "{RUN}", "--inputs", "constant=3", "--n-images", "999999999"), words=MEMORY),
    Case(("explain", "--model", "{RUN}", "--inputs", "constant=3", "--n-images", "999999999"), words=MEMORY),
    Case(("trajectory", "--model", "{RUN}", "--inputs", "constant=3", "--n-images", "999999999"), words=MEMORY),
    Case(("export", "{RUN}", "name", "--n-images", "999999999", "--out", "{DIRECTORY}"), words=MEMORY),
    Case(("sweep", "--train-sets", "digits", "--inputs", "noise=uniform", "--n-images", "999999999"), words=MEMORY),
    Case(("compare", "--model", "{WIDE_RUN}"), words=MEMORY),
    Case(("train", "--resume", "{WIDE_RUN}"), words=MEMORY),
    Case(("compare", "--model", "{WIDER_RUN}"), words="model setting width: expected a whole number from 1"),
    Case(("train", "--resume", "{WIDER_RUN}"), words="model setting width: expected a whole number from 1"),
    Case(("data", "moments", "digits", "--patch-size", "256"), words=MEMORY),
    Case(("data", "moments", "china", "--patch-size", "54"), words="use patches of at most 53"),
    Case(("explain", "--model", "{RUN}", "--eigenpairs", "1000"), words="--eigenpairs"),
    Case(("train", "--resume", "{RUN}", "--out", "{MISSING}"), words="--out"),
    Case(("train", "--preset", "laptop", "--data.patch-size", str(10**30)), words="patch"),
    Case(("train", "--preset", "laptop", "--data.patch-size", "7"), words="7 x 7 pixels cannot be halved"),
    Case(("train", "--training.steps", "5"), words="warmup_steps: expected at most steps = 5"),
    Case(("train", "--training.batch-size", "2", "--training.gradient-accumulation", "3"), words="batch_size = 2"),
    Case(("train", "--data.train-set", "digits", "--model.levels", "4"), words="divisible by 16"),
    Case(("sweep", "--train-sets", "digits", "--patch-size", "7"), words="7 x 7 pixels cannot be halved"),
    Case(("sweep", "--train-sets", "digits", "--seeds", "1", "1"), words="two jobs would share"),
    Case(("sweep", "--train-sets", "digits", "--workers", "1", "--scheduler", "tcp://10.0.0.7:1"), words="--scheduler"),
    Case(("sweep", "--train-sets"), words="at least one"),
    Case(("compare", "--model", "{RUN}", "--out", "{FIGURES_IS_FILE}"), words="figures"),
    Case(("gaps", "--out", "{FIGURES_IS_FILE}"), words="figures"),
    Case(("trajectory", "--model", "{RUN}", "--steps", "999"), words="no snapshot of step 999"),
    Case(("export", "{RUN}", "Name"), words="lower-case letters"),
    Case(("export", "{RUN}", "../name"), words="lower-case letters"),
    Case(("export", "{RUN}", "x" * 300), words="at most 64"),
    Case(("export", "{RUN}", ""), words="lower-case letters"),
    Case(("export", "{NO_LOG_RUN}", "name"), words="log.csv: is not there"),
    Case(("export", "{EMPTY_LOG_RUN}", "name"), words="log.csv"),
    Case(("gaps", "--pairs", "digits:digits"), words="expected two sets"),
    Case(("gaps", "--pairs", "digits"), words="TRAIN:OTHER"),
    Case(("data", "fetch"), words="at least one data set"),
)


def _is_number_in(option: Option, value: str) -> bool:
    assert isinstance(option.check, Range), f"{option.command} {option.flag} declares no range"
    try:
        return option.kind(value) in option.check
    except ValueError:
        return False
