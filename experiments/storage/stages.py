"""Stages of a run: files that are made once, and made again when something that they depend on has changed.

``stages.json`` in the run directory holds for every finished stage a hash of all that it was made from, the format
version of its files, and the SHA-256 of each of them. A file that is not what the stage wrote is not trusted: its stage
is made again, and that is said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curvature.errors import ConfigError, RunDirectoryError
from experiments.storage.atomic_write import cannot_write, write_json
from experiments.storage.file_digest import file_digest
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import content_hash, from_plain, to_plain
from experiments.storage.strict_json import read_json

STAGES = "stages.json"

Say = Callable[[str], None]
"""Takes one line for the user."""


@dataclass(frozen=True)
class Stage:
    """Some files of a run directory and all that they depend on."""

    name: str
    """Unique in the run directory."""
    version: int
    """Format version of the files. The code that makes them raises it when it would make other ones from the same."""
    inputs: object
    """Weights, images and settings that the files are made from, as dataclasses, mappings and scalars. A stage that
    reads another stage's files takes that stage's `output_digests` among its inputs."""
    outputs: tuple[str, ...]
    """Names of the files, relative to the run directory."""

    @property
    def key(self) -> str:
        """Hash of all that the files depend on."""
        inputs = to_plain(self.inputs, f"inputs of {self.name}")
        return content_hash({"version": self.version, "inputs": inputs, "outputs": self.outputs})


@dataclass(frozen=True)
class _Record:
    """What ``stages.json`` holds of a finished stage."""

    key: str
    version: int
    outputs: dict[str, str]


def run_stage(run: RunDirectory, stage: Stage, make: Callable[[], object], say: Say) -> bool:
    """Make the files of a stage, unless they are there already, made from the same inputs and unchanged since.

    Parameters
    ----------
    run
        Where the files and ``stages.json`` lie.
    stage
        The files and what they depend on.
    make
        Writes the files. The stage counts as finished only after this returned and every file is there.
    say
        Told which file is not trusted, and why. Other inputs than before are no reason to say anything.

    Returns
    -------
    bool
        True if the files were made, False if they were kept.

    Raises
    ------
    RunDirectoryError
        If a file is missing after `make` returned, lies outside the run directory, or cannot be written.
    """
    if not is_due(run, stage):
        return False
    for complaint in _complaints(run, stage):
        say(f"{complaint}; {stage.name} is made again")
    # The record goes first: a process that is killed in `make` must not leave it beside files that it does not fit.
    _write_record(run, stage.name, None)
    for output in stage.outputs:
        if run.file(output).is_dir():
            set_aside(run.file(output), say)
    make()
    missing = [output for output in stage.outputs if not run.file(output).is_file()]
    if missing:
        raise RunDirectoryError(f"{run.path}: stage {stage.name!r} ended without writing {', '.join(missing)}")
    digests = {output: file_digest(run.file(output)) for output in stage.outputs}
    _write_record(run, stage.name, _Record(stage.key, stage.version, digests))
    return True


def is_due(run: RunDirectory, stage: Stage) -> bool:
    """Whether the files of a stage must be made: they were not, or from other inputs, or they have changed since."""
    record = _record(run, stage.name)
    return record is None or record.key != stage.key or bool(_faults(run, stage, record))


def changed_outputs(run: RunDirectory, stage: Stage) -> dict[str, str]:
    """Files that are not what the finished stage of this name wrote, each with what is wrong with it."""
    record = _record(run, stage.name)
    return {} if record is None else _faults(run, stage, record)


def output_digests(run: RunDirectory, stage: Stage) -> dict[str, str]:
    """SHA-256 of the files that the finished stage of this name wrote; empty if it has not finished."""
    record = _record(run, stage.name)
    return {} if record is None else record.outputs


def set_aside(path: Path, say: Say) -> None:
    """Rename a file or directory that is in the way, for it may be precious; nothing where there is none.

    Raises
    ------
    RunDirectoryError
        If it cannot be renamed.
    """
    if not path.exists():
        return
    number = 1
    while (aside := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise cannot_write(path, error) from error
    say(f"{path}: is called {aside.name} now")


def _complaints(run: RunDirectory, stage: Stage) -> list[str]:
    """Why the files of a finished stage are not trusted, a line each; nothing for what was never made so."""
    try:
        entry = _entries(run).get(stage.name)
    except ValueError as error:
        return [f"{run.path / STAGES}: is damaged ({error})"]
    if entry is None:
        return []
    record = _readable(entry)
    if record is None:
        return [f"{run.path / STAGES}: holds no checksums of {', '.join(stage.outputs)} (an older version wrote it)"]
    if record.version != stage.version:
        what = f"of format version {record.version}, expected {stage.version}"
        return [f"{run.path}: {', '.join(stage.outputs)}: {what}"]
    if record.key != stage.key:
        return []
    return [f"{run.path / output}: {fault}" for output, fault in _faults(run, stage, record).items()]


def _faults(run: RunDirectory, stage: Stage, record: _Record) -> dict[str, str]:
    """What is wrong with each file of a finished stage that is not what the stage wrote."""
    found = {output: _fault(run.file(output), record.outputs.get(output)) for output in stage.outputs}
    return {output: fault for output, fault in found.items() if fault is not None}


def _fault(path: Path, digest: str | None) -> str | None:
    """What is wrong with a file that should have this digest; None for nothing."""
    if digest is None:
        return f"has no checksum in {STAGES}"
    if path.is_dir():
        return "is a directory, expected a file"
    if not path.exists():
        return "is missing"
    try:
        if file_digest(path) == digest:
            return None
        return "has changed since it was written" if path.stat().st_size else "is empty"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


def _entries(run: RunDirectory) -> Mapping[str, Any]:
    """What ``stages.json`` holds, by the stages' names; ValueError if that is no JSON object."""
    path = run.path / STAGES
    try:
        entries = read_json(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not isinstance(entries, dict):
        raise ValueError("expected a JSON object")
    return entries


def _readable(entry: object) -> _Record | None:
    """A stage's record; None if an older version wrote it, which kept a hash alone, or it is damaged."""
    try:
        return from_plain(_Record, entry)
    except ConfigError:
        return None


def _record(run: RunDirectory, name: str) -> _Record | None:
    try:
        return _readable(_entries(run).get(name))
    except ValueError:
        return None


def _write_record(run: RunDirectory, name: str, record: _Record | None) -> None:
    try:
        entries = {key: entry for key, entry in _entries(run).items() if key != name}
    except ValueError:
        entries = {}
    if record is not None:
        entries[name] = to_plain(record)
    write_json(run.path / STAGES, entries)
