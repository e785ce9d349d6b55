"""60,000 MNIST images from files to moments: mean, variances, spectrum, against all images in float64 at once.

Each candidate runs in a process of its own on one thread: `wall_s` is from its start to its end, imports included;
`peak_mb` is the most memory that it ever held, in 10^6 bytes. "moments" is what `data moments mnist/train` does with an
empty cache, which keeps them at the end; "moments, kept" is the same once more. "float64 at once" scales all images to
float64, calls numpy.cov and numpy.linalg.eigvalsh, and computes no standard errors. `difference` is that of the total
variance, relative. The images are the real files if the data root or the cache has them, else 60,000 of noise.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peak_memory import resident
from benchmarks.row import Row

SET, SPLIT, COUNT, SHAPE = "mnist", "train", 60_000, (28, 28, 1)
MOMENTS, KEPT, AT_ONCE = "moments", "moments, kept", "float64 at once"
TARGET_SECONDS, TARGET_MEGABYTES = 20.0, 1000.0


def run() -> list[Row]:
    from experiments.data.stored_sets import find_split

    with tempfile.TemporaryDirectory() as temporary:
        found = find_split(SET, SPLIT)
        root = write_made_images(Path(temporary)) if found is None else found.directory.parent
        environment = {
            "LIKELIHOOD_CURVATURE_DATA": str(root),
            "LIKELIHOOD_CURVATURE_CACHE": f"{temporary}/cache",
            "OMP_NUM_THREADS": "1",
        }
        # In this order, because the second reads what the first has kept.
        results = {name: in_own_process(name, environment) for name in (MOMENTS, KEPT, AT_ONCE)}
    reference = results[AT_ONCE]["total_variance"]
    return [
        {
            "candidate": name,
            "images": "made" if found is None else "real",
            "wall_s": result["wall_s"],
            "cpu_s": result["cpu_s"],
            "target_s": TARGET_SECONDS if name == MOMENTS else None,
            "peak_mb": result["peak_mb"],
            "target_mb": TARGET_MEGABYTES if name == MOMENTS else None,
            "difference": abs(result["total_variance"] / reference - 1),
        }
        for name, result in results.items()
    ]


def write_made_images(root: Path, count: int = COUNT) -> Path:
    """Write noise, mostly zero as in MNIST, in the npz layout; return the data root."""
    generator = np.random.default_rng(0)
    images = generator.integers(1, 256, (count, *SHAPE), dtype=np.uint8)
    images[generator.random(images.shape) < 0.8] = 0
    directory = root / SET
    directory.mkdir()
    np.savez_compressed(directory / f"{SPLIT}.npz", images=images)
    return root


def in_own_process(name: str, environment: dict[str, str]) -> dict[str, float]:
    """Run a candidate: wall and CPU time in seconds, peak memory in MB, total variance."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.moments", name]
    output = subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True)
    return {"wall_s": time.perf_counter() - start, **json.loads(output.stdout)}


def from_files() -> float:
    """Total variance of the pixels as 8-bit numbers over 256, from the statistics that the command shows."""
    from experiments.data.catalog import load_image_set
    from experiments.data.statistics import NOISE_VARIANCE
    from experiments.data.statistics_files import cached_statistics

    statistics = cached_statistics(load_image_set(SET, SPLIT))
    return statistics.trace - statistics.mean.size * NOISE_VARIANCE


def at_once() -> float:
    """The same from one array of float64."""
    from experiments.data.catalog import load_image_set

    x = load_image_set(SET, SPLIT).images.numpy().reshape(COUNT, -1).astype(np.float64) / 256
    covariance = np.cov(x, rowvar=False, ddof=0)
    return float(np.linalg.eigvalsh(covariance).sum())


COMPUTATIONS: dict[str, Callable[[], float]] = {MOMENTS: from_files, KEPT: from_files, AT_ONCE: at_once}


if __name__ == "__main__":
    total_variance = COMPUTATIONS[sys.argv[1]]()
    peak = resident("VmHWM") * 1024 / 1e6 if Path("/proc/self/status").exists() else None
    print(json.dumps({"cpu_s": time.process_time(), "peak_mb": peak, "total_variance": total_variance}))
