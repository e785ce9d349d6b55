"""What the paths among the options must be, checked before any work begins."""

import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from experiments.models.importable import is_importable

ROOM_FOR_FILES = 200
"""Bytes of the longest path that the files inside a directory need, beside the directory's own."""
ROOM_FOR_TEMPORARY_NAME = 16
"""Bytes that the temporary name of a file is longer than the file's own."""
SHOWN = 100
KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISREG, "a file"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


@dataclass(frozen=True)
class PathCheck:
    """What an option names; stands in the option's type, ``out: Annotated[Path, PathCheck(...)]``."""

    expected: str
    """In words, for messages."""
    require: Callable[[Path], None]
    """Raises a ValueError that says what is wrong with a path, unless it is right."""

    def read(self, text: str) -> Path:
        """Read and check the text of an option.

        Raises
        ------
        ValueError
            If the path is empty or not what is expected.
        """
        if not text or "\0" in text:
            raise ValueError(f"expected {self.expected}, got {text!r:.60}")
        self.require(Path(text))
        return Path(text)


def require_output_directory(path: Path) -> None:
    """Raise a ValueError unless the path is a directory that can be written, or can be made one."""
    if _status(path) is None:
        if path.is_symlink():
            raise ValueError(f"{_shown(path)} is a link to something that is not there; expected a directory")
        parent = _nearest_parent(path)
        _require_length(path, parent)
        _require_place_for_more(parent, path)
        return
    _require_directory(path)
    _require_length(path, path)
    if not os.access(path, os.W_OK | os.X_OK):
        raise ValueError(f"{_shown(path)} may not be written; choose another directory")
    require_place_for_figures(path)


def require_place_for_figures(path: Path) -> None:
    """Raise a ValueError if something else lies where an output directory's figures go."""
    figures = path / "figures"
    if os.path.lexists(figures) and not figures.is_dir():
        raise ValueError(
            f"{_shown(figures)} is {_kind(figures)}, and figures go to a directory of that name; remove it"
        )


def require_output_file(path: Path) -> None:
    """Raise a ValueError unless the path is a file, or can be made one in a directory that exists."""
    status = _status(path)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{_shown(path)} is {_kind(path)}, expected a file")
    parent = path.absolute().parent
    if _status(parent) is None:
        raise ValueError(f"{_shown(path)}: expected a file in a directory that exists")
    _require_directory(parent)
    _require_length(path, parent, ROOM_FOR_TEMPORARY_NAME)
    _require_place_for_more(parent, path)


def require_directory(path: Path) -> None:
    """Raise a ValueError unless the path is a directory."""
    if _status(path) is None:
        raise ValueError(f"{_shown(path)} does not exist, expected a directory")
    _require_directory(path)


def require_run_directory(path: Path) -> None:
    """Raise a ValueError unless the path is a directory; says so of one's own model, which has no run."""
    if is_importable(str(path)) and _status(path) is None:
        raise ValueError(
            f"{path} is a model of your own: it has no run with snapshots, training record and weights to read; name "
            "the run directory of likelihood-curvature train (your own models: compare, explain, rivals, verify, check)"
        )
    require_directory(path)


def require_run_or_name(path: Path) -> None:
    """Raise a ValueError if the system cannot look the path up; whoever opens the model checks the rest."""
    _status(path)


def _status(path: Path) -> os.stat_result | None:
    """What the system says of a path; None where nothing is there."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError(f"{_shown(path)} cannot be used ({error.strerror})") from error


def _require_directory(path: Path) -> None:
    if not path.is_dir():
        raise ValueError(f"{_shown(path)} is {_kind(path)}, expected a directory")


def _require_place_for_more(directory: Path, path: Path) -> None:
    """Raise unless something new can be made in a directory, which only trying tells for sure."""
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".", dir=directory))
    except OSError as error:
        why = error.strerror or "the system refuses"
        raise ValueError(f"{_shown(path)} cannot be made in {_shown(directory)} ({why})") from error


def _nearest_parent(path: Path) -> Path:
    """The first of the directories above that exists."""
    parent = next(each for each in path.absolute().parents if _status(each) is not None)
    _require_directory(parent)
    return parent


def _require_length(path: Path, existing: Path, room_in_name: int = 0) -> None:
    """Refuse names that the file system cannot hold."""
    longest_name, longest_path = (_limit(existing, limit) for limit in ("PC_NAME_MAX", "PC_PATH_MAX"))
    whole = path.absolute()
    if max(map(len, map(os.fsencode, whole.parts))) + room_in_name > longest_name:
        raise ValueError(f"{_shown(path)} has a name of more than {longest_name - room_in_name} bytes; shorten it")
    if len(os.fsencode(whole)) + ROOM_FOR_FILES > longest_path:
        raise ValueError(f"{_shown(path)} is longer than {longest_path - ROOM_FOR_FILES} bytes; shorten it")


def _limit(existing: Path, name: str) -> int:
    try:
        return os.pathconf(existing, name)
    except (AttributeError, OSError, ValueError):  # Windows, or a file system that does not tell
        return 255 if name == "PC_NAME_MAX" else 4096


def _kind(path: Path) -> str:
    """What lies there, in words."""
    status = _status(path)
    mode = 0 if status is None else status.st_mode
    return next((words for is_kind, words in KINDS if is_kind(mode)), "a device" if mode else "a link to nothing")


def _shown(path: Path) -> str:
    """A path in a message; a very long one is cut."""
    text = str(path)
    return text if len(text) <= 2 * SHOWN else f"{text[:SHOWN]}..."


OutputDirectory = Annotated[Path, PathCheck("a directory to write to", require_output_directory)]
OutputFile = Annotated[Path, PathCheck("a file to write", require_output_file)]
ExistingDirectory = Annotated[Path, PathCheck("a directory", require_directory)]
TrainedRun = Annotated[Path, PathCheck("a run directory", require_run_directory)]
RunOrName = Annotated[str, PathCheck("a run directory or the name of a model", require_run_or_name)]
