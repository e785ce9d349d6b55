"""Downloads of official files into the cache; a file appears there only if it has the published checksum."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.data.checksums import require_checksum
from experiments.data.data_set import OfficialFile
from experiments.data.errors import ChecksumError, DataNotFoundError, DownloadError
from experiments.data.location import cache_directory
from experiments.data.registry import SOURCES
from experiments.data.stored_sets import find_split

SECONDS_WITHOUT_AN_ANSWER = 60
SCHEMES = ("https://", "http://")

Bar = Callable[[OfficialFile], Any]
"""Makes a progress bar for one file: an object with ``total``, ``update``, ``reset`` and ``close``, as pooch asks."""


def missing_files(name: str) -> list[OfficialFile]:
    """Official files to download: those that a split needs and that are neither in the data root nor in the cache.

    A file in the cache with another checksum than the published one counts as missing.
    """
    source, cache = SOURCES[name], cache_directory() / name
    needed = {file for split, parts in source.splits.items() if find_split(name, split) is None for file in parts.files}
    return [
        file
        for file in source.files
        if (file.name in needed and file.find(cache) is None) or _is_damaged(file, cache / file.name)
    ]


def fetch(name: str, bar: Bar | None = None) -> list[Path]:
    """Download what is missing of a set, and return the paths of what was downloaded.

    Raises
    ------
    DataNotFoundError
        If the files must be downloaded by hand; it says what to do.
    DownloadError
        If no address answers, the download is cut off or is not the published file, or the disk is full.
    """
    source, directory, missing = SOURCES[name], cache_directory() / name, missing_files(name)
    if missing and source.by_hand:
        raise DataNotFoundError(
            f"{name}: its files cannot be downloaded without a login or a browser: {source.by_hand} and put "
            f"{' and '.join(file.name for file in missing)} into {directory}, then: "
            f"likelihood-curvature data verify {name}"
        )
    return [download(file, directory, bar) for file in missing]


def download(file: OfficialFile, directory: Path, bar: Bar | None = None) -> Path:
    """Download one file; it gets its name only when it is whole and its checksum is right.

    Raises
    ------
    DownloadError
        If that cannot be done.
    """
    path, failures = directory / file.name, []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _require_space(file, directory)
        for url in file.urls:
            if not url.startswith(SCHEMES):
                failures.append(f"{url}: expected an address that begins with {' or '.join(SCHEMES)}")
                continue
            try:
                return _retrieve(url, file, path, bar)
            except OSError as error:  # first: some errors of requests are a ValueError, too
                if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}:
                    raise
                failures.append(f"{url}: {error}")
            except ValueError:  # pooch found another checksum and has removed what it downloaded
                failures.append(f"{url}: not the published file, its checksum is another one")
    except OSError as error:
        raise DownloadError(
            f"{path}: cannot be written ({error.strerror or error}); make room, or choose another directory with "
            "LIKELIHOOD_CURVATURE_CACHE"
        ) from error
    raise DownloadError(
        f"{file.name}: cannot be downloaded: {'; '.join(failures)}. Try again later, or put the file into {directory} "
        "by hand"
    )


def _retrieve(url: str, file: OfficialFile, path: Path, bar: Bar | None) -> Path:
    """Download from one address."""
    import pooch  # imported here: only a download needs it

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(
        progressbar=False if bar is None else bar(file),
        timeout=SECONDS_WITHOUT_AN_ANSWER,
        # Some servers declare a .gz file as an encoding, and the client would unpack it.
        headers={"Accept-Encoding": "identity"},
    )
    path.unlink(missing_ok=True)
    pooch.retrieve(url, file.checksum, fname=path.name, path=path.parent, downloader=downloader)
    return path


def _require_space(file: OfficialFile, directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < file.size:
        raise OSError(errno.ENOSPC, f"{file.size / 1e6:.0f} MB needed, {free / 1e6:.0f} MB free")


def _is_damaged(file: OfficialFile, path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        require_checksum(path, file.checksum, "published one")
    except ChecksumError:
        return True
    return False
