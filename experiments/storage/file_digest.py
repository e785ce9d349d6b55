"""The digest of a file's bytes, by which results, records and data sets name the files that they depend on."""

import hashlib
from pathlib import Path

from experiments.storage.plain_file import open_plain


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file, read in pieces: it need not fit into memory.

    Parameters
    ----------
    algorithm
        Any that `hashlib` knows by name.

    Raises
    ------
    OSError
        If the file cannot be read or is no plain file.
    """
    with open_plain(path) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
