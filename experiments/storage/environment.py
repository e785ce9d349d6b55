"""What a result depends on beside its configuration: code version, libraries, machine, seed and data, as one record."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

DISTRIBUTION = "likelihood-curvature"


def environment_record(
    seed: int | None = None, device: str = "cpu", data_checksums: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Describe this process, for ``environment.json``.

    Parameters
    ----------
    seed
        The run's seed.
    device
        Where the run computes, as torch names it ("cpu", "cuda", "cuda:1").
    data_checksums
        Checksum of each data set, by name.

    Returns
    -------
    dict
        Package version, git commit and whether the checkout had changes (None outside a checkout), versions of Python,
        torch and NumPy, platform, processor, torch's threads, the device's name, seed and checksums; JSON values only.
    """
    # torch takes a second to import; a run directory can be read without it.
    import numpy
    import torch

    return {
        "package": {"name": DISTRIBUTION, "version": package_version(), **git_state(Path(__file__))},
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "processor": processor_name(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "seed": seed,
        "data": dict(data_checksums or {}),
    }


def package_version() -> str | None:
    """Version of the installed distribution, None if the code runs without being installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None


def git_state(source: Path) -> dict[str, Any]:
    """Commit of the checkout that tracks this source file, and whether any tracked file differs from that commit.

    Both are None where there is no git or the file is not tracked: an installed copy may well lie inside somebody
    else's checkout, whose commit would say nothing about the code.
    """
    if _git(source.parent, "ls-files", "--error-unmatch", source.name) is None:
        return {"git_commit": None, "git_dirty": None}
    commit = _git(source.parent, "rev-parse", "HEAD")
    changes = _git(source.parent, "status", "--porcelain", "--untracked-files=no")
    return {"git_commit": commit, "git_dirty": None if changes is None else changes != ""}


def processor_name() -> str:
    """Model name of the processor, as exactly as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git(directory: Path, *arguments: str) -> str | None:
    """Run git in a directory; its output without the last newline, or None if there is no git or it refuses."""
    # Inside a git hook these name another repository than the one that the directory lies in.
    variables = {k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=directory, env=variables, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
