"""What two processes under torchrun are put through; run as a program, it leaves its findings in a directory."""

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from curvature.errors import RunDirectoryError, ToolkitError
from experiments.models.families.glow.flow import Glow
from experiments.models.registry import configuration
from experiments.storage.run_directory import RunDirectory
from experiments.training.config import TrainingConfig
from experiments.training.evaluation import Evaluation
from experiments.training.loop import train
from experiments.training.processes import Processes

# A batch of 9 has shares of 4 and 5 images. float64 tells summation in another order from another sum.
CONFIG = TrainingConfig(
    steps=10, batch_size=9, warmup_steps=3, log_every=1, checkpoint_every=4, learning_rate=0.01, device="cpu"
)
ACCUMULATED = replace(CONFIG, gradient_accumulation=2)
STEP = 4


def make_images():
    return torch.randint(0, 256, (40, 3, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


class WatchedGlow(Glow):
    """A Glow that lets something happen in its likelihoods."""

    calls, event = 0, None

    def log_prob(self, x):
        if self.training:
            self.calls += 1
        log_p = super().log_prob(x)
        return log_p if self.event is None else self.event(self.calls, log_p)


def make_model(event=None):
    model = WatchedGlow((3, 4, 4), configuration("glow", levels=2, steps=1, width=4), seed=1).double()
    model.event = event
    return model


def observers(run):
    x = torch.rand(6, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    return [Evaluation({"noise=uniform": x}, [1, 3, 10], run)]


def press_ctrl_c(calls, log_p):
    if calls == STEP:
        signal.raise_signal(signal.SIGINT)
    return log_p


def break_down(calls, log_p):
    return log_p * float("nan") if calls >= STEP else log_p


def no_images():
    raise RunDirectoryError("no images here")


class FullDisk:
    """A progress callback that finds no room after step 6."""

    def __call__(self, step, *_):
        if step == 6:
            from errno import ENOSPC

            from experiments.storage.atomic_write import cannot_write

            raise cannot_write(Path("log.csv"), OSError(ENOSPC, os.strerror(ENOSPC)))


def go_through(out):
    processes = Processes.join("cpu")
    second = processes.index == 1

    def attempt(name, config=CONFIG, event=None, resume=False, progress=None, images=None):
        run = processes.from_main(partial(RunDirectory.create, out / name, {"training": CONFIG}))
        model, images = make_model(event if second else None), make_images() if images is None else images
        with told(name):
            train(model, images, config, run, resume, progress, observers(run), processes)
            tell(name, repr([float(tensor.double().sum()) for tensor in model.state_dict().values()]))

    def tell(name, words):
        with (out / f"{name}.{processes.index}.txt").open("a") as file:
            file.write(words + "\n")

    @contextmanager
    def told(name):
        try:
            yield
        except (ToolkitError, ZeroDivisionError) as error:
            tell(name, f"{type(error).__name__}: {error}")

    attempt("plain")
    attempt("accumulated", ACCUMULATED)
    attempt("interrupted", event=press_ctrl_c)
    attempt("interrupted", resume=True)
    attempt("broken", event=break_down)
    attempt("full", progress=FullDisk())
    attempt("refused", images=make_images().flip(0) if second else None)
    attempt("plain")
    attempt("small", replace(CONFIG, batch_size=2, gradient_accumulation=2))
    with told("elsewhere"):
        processes.in_all(no_images if second else int)
    with told("bug"):
        processes.from_main(partial(divmod, 1, 0))
    tell("end", "all was tried")
    processes.gather("end")
    processes.leave()


if __name__ == "__main__":
    # Ignored, where the tests were started in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    go_through(Path(sys.argv[1]))
