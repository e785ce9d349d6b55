"""Whether there is enough memory for what is asked, told before any work begins. No torch here."""

import os
from collections.abc import Mapping
from pathlib import Path

from curvature.errors import ConfigError

FLOAT32, FLOAT64 = 4, 8
"""Bytes of one number."""
MEMINFO = Path("/proc/meminfo")
CONTROL_GROUPS, OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def require_memory(needed: float, what: str, advice: str) -> None:
    """Refuse what needs more memory than there is.

    Parameters
    ----------
    needed
        Estimated bytes.
    what
        What needs them, the beginning of the message.
    advice
        What to do, its end, such as ``lower --model.width``.

    Raises
    ------
    ConfigError
        If more is needed than is available. Nothing is raised where the system does not tell.
    """
    available = available_memory()
    if available is not None and needed > available:
        raise ConfigError(f"{what} needs about {_shown(needed)} of memory, {_shown(available)} are free; {advice}")


def available_memory() -> int | None:
    """Bytes that this process can take without swapping, within the limit of its container; None where unknown."""
    found = [amount for amount in (_system_memory(), _left_in_control_group()) if amount is not None]
    return min(found, default=None)


def _system_memory() -> int | None:
    try:
        return 1024 * _table(MEMINFO)["MemAvailable:"]
    except (OSError, KeyError, ValueError):
        pass
    # Elsewhere the whole memory: what is free of it is no measure, because the system keeps files in the rest.
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _left_in_control_group() -> int | None:
    """What a container's limit leaves (control groups, version 2); cached files do not count as taken."""
    try:
        line = OWN_GROUP.read_text(encoding="ascii").splitlines()[-1]
        group = CONTROL_GROUPS / line.split(":", 2)[2].lstrip("/")
        limit = int((group / "memory.max").read_text(encoding="ascii"))  # "max" where there is none
        used = int((group / "memory.current").read_text(encoding="ascii"))
        return limit - used + _table(group / "memory.stat")["inactive_file"]
    except (OSError, IndexError, KeyError, ValueError):
        return None


def _table(path: Path) -> Mapping[str, int]:
    """A file of names and numbers."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows}


def _shown(number: float) -> str:
    """Bytes as people read them."""
    amount, unit = (number / 1e9, "GB") if number >= 1e9 else (number / 1e6, "MB")
    return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
