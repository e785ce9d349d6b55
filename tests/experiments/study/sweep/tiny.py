"""Jobs that take a second or two, and watches that see what a sweep tells and may kill a worker."""

import os
import re
import signal
import time
from dataclasses import dataclass, field

from experiments.models.registry import configuration
from experiments.study.configuration import DataConfig, EvaluationConfig, ExperimentConfig
from experiments.study.sweep.config import SweepConfig
from experiments.training.config import TrainingConfig

STEPS = {"short": 6, "long": 60, "endless": 1_000_000, "misfit": 6}


def tiny_experiment(preset, train_set, seed, patch_size):
    """`short`, `long`, `endless`, or `misfit`, whose model has more levels than images of 8 x 8 can be halved."""
    return ExperimentConfig(
        data=DataConfig(train_set, patch_size),
        model=configuration("glow", levels=4 if preset == "misfit" else 1, steps=2, width=4),
        training=TrainingConfig(
            steps=STEPS[preset],
            batch_size=8,
            warmup_steps=2,
            checkpoint_every=4,
            log_every=1,
            seed=seed,
            device="cpu",
        ),
        evaluation=EvaluationConfig(per_decade=0),
    )


def tiny_sweep(**changes):
    settings = {
        "train_sets": ("digits",),
        "models": ("short",),
        "inputs": ("constant=0", "digits"),
        "n_images": 6,
        "nodes": (1,),
        "mean_curvature_points": 0,
    }
    return SweepConfig(**{**settings, **changes})


@dataclass
class Recorder:
    """Keeps what it is told, in order."""

    told: list = field(default_factory=list)

    def planned(self, jobs, finished):
        self.told.append(("planned", [job.name for job in jobs], [job.name for job in finished]))

    def workers(self, count):
        pass

    def started(self, job, tries, place):
        self.told.append(("started", job.name, tries))

    def doing(self, job, words):
        self.told.append(("doing", job.name, words))

    def ended(self, job, outcome):
        self.told.append(("ended", job.name, outcome.state))

    def stopping(self):
        self.told.append(("stopping",))

    def starts(self, name):
        return [entry[2] for entry in self.told if entry[:2] == ("started", name)]


@dataclass
class Killer(Recorder):
    """Kills the worker of one job as it trains, a number of times, as soon as there is a checkpoint."""

    victim: str = ""
    times: int = 1

    def doing(self, job, words):
        super().doing(job, words)
        if job.name == self.victim and words.startswith("training") and self.times:
            self.times -= 1
            while not (job.path / "checkpoint.safetensors").exists():
                time.sleep(0.005)
            os.kill(worker_process(job.path), signal.SIGKILL)


def worker_process(run):
    """The process that began the last try of a job, by its log."""
    return int(re.findall(r"^=== try .* process (\d+) on ", (run / "job.log").read_text(), re.MULTILINE)[-1])
