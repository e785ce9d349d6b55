"""How long the first commands of a new user take: `likelihood-curvature demo`, `--help`, and `import curvature`.

Wall time of new processes (medians for the short ones) and, for the demo, the peak of the memory of all its processes
together: shared pages are counted once for each process, so the peak is an upper bound.
"""

import statistics
import subprocess
import sys
import tempfile
import time

import psutil

from benchmarks.row import Row

REPEATS = 5
SAMPLING_SECONDS = 0.1
COMMAND_LINE = (sys.executable, "-m", "experiments.command_line")
HELP = "from experiments.command_line import main; main(['--help'])"
IMPORT = "from curvature import Moments, expand, curvature_ladder"


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as out:
        demo_seconds, demo_megabytes = run_and_watch([*COMMAND_LINE, "demo", "--out", out])
    return [
        {"what": "demo", "wall_s": demo_seconds, "target_s": 150.0, "peak_mb": demo_megabytes, "target_mb": 3000.0},
        {"what": "--help", "wall_s": median_seconds(HELP), "target_s": 1.0, "peak_mb": None, "target_mb": None},
        {"what": "import", "wall_s": median_seconds(IMPORT), "target_s": 2.5, "peak_mb": None, "target_mb": None},
    ]


def median_seconds(code: str) -> float:
    """Median wall time of a new interpreter that runs `code`."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def run_and_watch(command: list[str]) -> tuple[float, float]:
    """Wall time in seconds and peak resident memory in MB of a command and all its children."""
    start, peak = time.perf_counter(), 0
    with psutil.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident_bytes(process))
            time.sleep(SAMPLING_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with exit code {process.returncode}")
    return time.perf_counter() - start, peak / 1e6


def resident_bytes(process: psutil.Process) -> int:
    total = 0
    for member in (process, *process.children(recursive=True)):
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
