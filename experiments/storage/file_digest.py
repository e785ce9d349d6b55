"""The digest of a file's bytes, by which results, records and data sets name the files that they depend on."""

import hashlib
from pathlib import Path


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file, read in pieces: it need not fit into memory.

    Parameters
    ----------
    algorithm
        Any that `hashlib` knows by name.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
