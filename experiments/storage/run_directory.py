"""The run directory: configuration, environment, log, checkpoint and tables of one run, each file whole or absent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import make_directory, replacement, write_json, write_text
from experiments.storage.directory_lock import LOCK
from experiments.storage.environment import environment_record
from experiments.storage.serialisation import differences, from_plain, to_plain, with_defaults
from experiments.storage.strict_json import read_json

T = TypeVar("T")


class Table(Protocol):
    """What can write itself as CSV; a pandas DataFrame does."""

    def to_csv(self, path_or_buf: IO[str], *, index: bool) -> object:
        """Write the rows to an open text file."""
        ...


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run.

    Use `create` to begin a run and `open` to read or continue one::

        runs/<name>/config.json  environment.json  log.csv  checkpoint.safetensors  evaluations.csv  snapshots/
                    measurements.csv  predictions.csv  comparison.csv  parts.csv  figures/
                    stages.json
    """

    path: Path

    @classmethod
    def create(cls, path: Path | str, config: object) -> "RunDirectory":
        """Make the directory and write the configuration; the same configuration may be given again.

        A directory that holds nothing but a configuration is a run that never began: its settings were refused, or it
        was stopped before any work was done. Another configuration takes the place of that one.

        Parameters
        ----------
        path
            Where the run shall live; parents are made.
        config
            A dataclass, or a mapping of names to dataclasses (``{"model": ..., "training": ...}``).

        Raises
        ------
        RunDirectoryError
            If the path is a file, cannot be written, or already holds a run with another configuration that has begun.
        """
        run = cls(Path(path))
        plain = to_plain(config, "config")
        if run.config_path.is_file():
            changed = differences(with_defaults(run.config(), config), plain)
            if not changed:
                return run
            if any(entry not in (run.config_path, run.path / LOCK) for entry in run.path.iterdir()):
                raise RunDirectoryError(
                    f"{run.path}: already holds a run with another configuration ({'; '.join(changed)}); "
                    "choose another directory or remove this one"
                )
        write_json(make_directory(run.path) / run.config_path.name, plain)
        return run

    @classmethod
    def open(cls, path: Path | str) -> "RunDirectory":
        """Open a run that `create` made.

        Raises
        ------
        RunDirectoryError
            If there is no such directory, or it holds no ``config.json``.
        """
        run = cls(Path(path))
        if not run.config_path.is_file():
            why = (
                "holds no config.json" if run.path.is_dir() else "is a file" if run.path.exists() else "does not exist"
            )
            raise RunDirectoryError(f"{run.path}: {why}; expected the directory of a run")
        return run

    @property
    def config_path(self) -> Path:
        """The run's configuration."""
        return self.path / "config.json"

    @property
    def environment_path(self) -> Path:
        """Code version, libraries, machine, seed and data checksums."""
        return self.path / "environment.json"

    @property
    def log_path(self) -> Path:
        """The training log."""
        return self.path / "log.csv"

    @property
    def checkpoint_path(self) -> Path:
        """Weights, their average and the optimizer's state."""
        return self.path / "checkpoint.safetensors"

    @property
    def evaluations_path(self) -> Path:
        """Likelihoods measured during training, one row for each evaluated step and input set."""
        return self.path / "evaluations.csv"

    @property
    def snapshots_path(self) -> Path:
        """The directory of averaged weights at the evaluated steps."""
        return self.path / "snapshots"

    @property
    def comparison_path(self) -> Path:
        """Predicted beside measured."""
        return self.path / "comparison.csv"

    def config(self) -> dict[str, Any]:
        """Read the whole configuration as nested dictionaries.

        Raises
        ------
        RunDirectoryError
            If it cannot be read or holds no JSON object.
        """
        return self._read_json(self.config_path)

    def config_as(self, cls: type[T], parts: Sequence[str]) -> T:
        """Read the whole configuration as its dataclass.

        Parameters
        ----------
        cls
            The dataclass.
        parts
            Fields that the configuration must hold. Others may be missing, as in those that older versions wrote, and
            take their defaults.

        Raises
        ------
        RunDirectoryError
            If one of these parts is missing.
        ConfigError
            If a key is unknown, or a value has another type.
        """
        config = self.config()
        for name in parts:
            if name not in config:
                raise RunDirectoryError(
                    f"{self.config_path}: expected a part {name!r}, got {', '.join(config) or 'none'}"
                )
        return from_plain(cls, config, str(self.config_path))

    def write_environment(
        self, seed: int | None = None, device: str = "cpu", data_checksums: Mapping[str, str] | None = None
    ) -> None:
        """Record what this process is (`environment_record`) in ``environment.json``."""
        write_json(self.environment_path, environment_record(seed, device, data_checksums))

    def environment(self) -> dict[str, Any]:
        """Read ``environment.json``; what each entry holds is not checked.

        Raises
        ------
        RunDirectoryError
            If it cannot be read or holds no JSON object.
        """
        return self._read_json(self.environment_path)

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file of the run atomically; its path."""
        path = self._to_write(name)
        write_text(path, text)
        return path

    def write_json(self, name: str, value: object) -> Path:
        """Write dataclasses, mappings or scalars as a JSON file of the run, atomically; its path."""
        path = self._to_write(name)
        write_json(path, to_plain(value, name))
        return path

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON object of the run.

        Raises
        ------
        RunDirectoryError
            If there is no such file, or it holds no JSON object.
        """
        return self._read_json(self.path / name)

    def write_csv(self, name: str, table: Table) -> Path:
        """Write a table as a CSV file of the run atomically; its path."""
        path = self._to_write(name)
        with replacement(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            table.to_csv(file, index=False)
        return path

    def file(self, name: str) -> Path:
        """Path of a file of this run, which need not exist.

        Raises
        ------
        RunDirectoryError
            If the name leads out of the run directory.
        """
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise RunDirectoryError(f"{name}: expected the name of a file inside the run directory {self.path}")
        return self.path / relative

    def _to_write(self, name: str) -> Path:
        """Path of a file of this run, its parent made."""
        path = self.file(name)
        make_directory(path.parent)
        return path

    def _read_json(self, path: Path) -> dict[str, Any]:
        try:
            value = read_json(path)
        except OSError as error:
            raise RunDirectoryError(f"{path}: cannot be read ({error.strerror or error})") from error
        except ValueError as error:
            raise RunDirectoryError(f"{path}: is damaged ({error}); remove the run and start it again") from error
        if not isinstance(value, dict):
            raise RunDirectoryError(f"{path}: is damaged (expected a JSON object); remove the run and start it again")
        return value
