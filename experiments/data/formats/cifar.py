"""The binary version of CIFAR-10 and CIFAR-100: records of label bytes and 3 x 32 x 32 pixels, in a tar archive.

Source: https://www.cs.toronto.edu/~kriz/cifar.html, section "Binary version". The Python version holds pickles, which
can run code when they are read; it is not used.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged
from experiments.data.formats.archives import read_members

PIXELS = 3 * 32 * 32


def read_cifar_binary(archive: Path, members: Sequence[str], label_bytes: int) -> UInt8[np.ndarray, "N 3 32 32"]:
    """Read the images of some members of the archive (or of the folder that it was extracted to), in their order.

    Parameters
    ----------
    members
        File names without folders, such as ``data_batch_1.bin``.
    label_bytes
        Bytes before the pixels of each record: 1 in CIFAR-10, 2 in CIFAR-100.

    Raises
    ------
    DataFileError
        If the archive is damaged, lacks a member, or a member is no whole number of records.
    """
    contents = read_members(archive, members)
    return np.concatenate([_parse(contents[name], label_bytes, f"{archive}: {name}") for name in members])


def _parse(content: bytearray, label_bytes: int, origin: str) -> UInt8[np.ndarray, "N 3 32 32"]:
    record = label_bytes + PIXELS
    if not content or len(content) % record:
        raise damaged(origin, f"{len(content)} bytes are no whole number of records of {record}")
    return np.frombuffer(content, np.uint8).reshape(-1, record)[:, label_bytes:].reshape(-1, 3, 32, 32)
