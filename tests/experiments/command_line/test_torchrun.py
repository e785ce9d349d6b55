"""A mistake of the user under torchrun is told once, whatever the number of processes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data.train-set", "cifar10"], "cifar10"),  # its images are not there: met by every process itself
        (["--data.train-set", "digits", "--training.batch-size", "1"], "batch_size"),  # met in training
        (["--data.train-set", "digits", "--training.log-every", "0"], "log-every"),  # before they find each other
    ],
)
def test_a_mistake_is_told_once(arguments, words, tmp_path):
    command = [sys.executable, *TORCHRUN, "-m", "experiments.command_line", "train", "--training.device", "cpu"]
    command += [*arguments, "--out", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    (line,) = (line for line in done.stderr.splitlines() if "likelihood-curvature: " in line)
    assert words in line
