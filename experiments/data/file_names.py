"""Names of data sets that are files of one's own. No torch here."""

import re
from pathlib import PurePath

ARRAY_FILE = re.compile(r"[^:]+\.np[yz](:[^:=]+)?")


def is_array_file(name: str) -> bool:
    """Whether a data set's name is ``FILE.npy``, ``FILE.npz`` or ``FILE.npz:KEY``."""
    return ARRAY_FILE.fullmatch(name) is not None


def directory_name(name: str) -> str:
    """What a run's directory is called after a data set: its name, or that of its file without the directory."""
    return re.sub(r"[^\w-]+", "-", PurePath(name).name) if is_array_file(name) else name
