"""Jobs for worker processes: a module of its own, which a process can import."""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from curvature.errors import ConfigError


def count(progress, to=3):
    import torch

    progress.say(f"{torch.get_num_threads()} thread")
    for done in range(1, to + 1):
        progress(done, to, "counting")


def fail(progress):
    raise ConfigError("a setting of 7 is wrong")


def die(progress):
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(progress, path):
    """Die once another job has written a file."""
    while not Path(path).exists():
        time.sleep(0.01)
    die(progress)


def run_until_stopped(progress, kept, begun=None):
    """Work until interrupted, then keep a file, as training keeps its checkpoint."""
    if begun is not None:
        Path(begun).touch()
    try:
        for done in range(10**6):
            progress(done, 10**6, "working")
            time.sleep(0.02)
    except KeyboardInterrupt:
        Path(kept).write_text("checkpoint")
        raise


if __name__ == "__main__":
    from experiments.study.progress import Progress
    from experiments.study.workers import run_jobs

    # Ignored, where the tests were started in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    names = ("a", "b", "c")
    endless = {name: partial(run_until_stopped, kept=Path(sys.argv[1]) / name) for name in names}
    try:
        # Two processes: the third job never begins.
        run_jobs(endless, 2, lambda name: Progress(lambda *_: print(name, flush=True)))
    except KeyboardInterrupt:
        sys.exit(130)
