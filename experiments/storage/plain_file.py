"""Reading of plain files alone: opening a named pipe would wait for a writer that may never come.

What is no plain file raises an OSError whose `strerror` says what it is, so that readers word it like any other.
"""

import errno
import stat
from io import BufferedReader
from pathlib import Path

KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_plain(path: Path) -> BufferedReader:
    """Open a plain file to read its bytes.

    Raises
    ------
    OSError
        If it is missing, cannot be read, or is a directory, a named pipe or a device.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in KINDS if is_kind(mode)), "something else")
        raise OSError(errno.EINVAL, f"is {kind}, expected a file", str(path))
    return path.open("rb")


def read_bytes(path: Path) -> bytes:
    """Read all bytes of a plain file.

    Raises
    ------
    OSError
        As `open_plain`.
    """
    with open_plain(path) as file:
        return file.read()


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Read a plain text file; all kinds of line ends become a newline.

    Raises
    ------
    OSError
        As `open_plain`.
    UnicodeDecodeError
        If it holds no text of this encoding.
    """
    return read_bytes(path).decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
