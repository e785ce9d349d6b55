"""Where data sets lie: the user's data root first, then the cache of downloads. No torch here."""

import os
import sys
from pathlib import Path

from curvature.errors import ConfigError

DATA_ROOT_VARIABLE = "LIKELIHOOD_CURVATURE_DATA"
CACHE_VARIABLE = "LIKELIHOOD_CURVATURE_CACHE"
APPLICATION = "likelihood-curvature"


def data_root() -> Path | None:
    """The directory that holds ``<set>/`` for each data set of the user's own; None where none is set."""
    value = os.environ.get(DATA_ROOT_VARIABLE)
    return Path(value).expanduser() if value else None


def use_data_root(path: Path | str) -> None:
    """Make this the data root of the process and of every process that it starts (through the environment).

    Raises
    ------
    ConfigError
        If there is no such directory.
    """
    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        raise ConfigError(
            f"data root {root}: there is no such directory; it is the one that holds mnist/, cifar10/ ..."
        )
    os.environ[DATA_ROOT_VARIABLE] = str(root)


def cache_directory() -> Path:
    """Where downloads and computed moments are kept: `LIKELIHOOD_CURVATURE_CACHE`, or the system's cache directory."""
    value = os.environ.get(CACHE_VARIABLE)
    return Path(value).expanduser() if value else _system_cache() / APPLICATION


def set_directories(name: str) -> dict[str, Path]:
    """The directories in which a set is looked for, in order, by the word for each: `data root`, then `cache`."""
    root = data_root()
    places = {} if root is None else {"data root": root / name}
    return {**places, "cache": cache_directory() / name}


def _system_cache() -> Path:
    """The directory for caches by the system's convention (as pooch.os_cache has it)."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
