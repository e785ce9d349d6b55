"""Train models at the published sizes on a GPU for a given time, compare predicted with measured gaps, export them.

`python -m benchmarks.gpu_models --device cuda --seconds 600 --out DIR`: a run directory, a comparison and, where its
weights are small enough to ship, a reference model for each data set. The number of steps is what fits the time at the
speed measured first; a run that is cut off goes on with the same command.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch

from analysis.paper_pairs import PAIRS
from benchmarks.__main__ import as_table, results_file, table_console
from benchmarks.hardware import hardware
from benchmarks.limited_command import last_line, run_within
from benchmarks.row import Row
from benchmarks.setting import Choice, Setting
from benchmarks.step_measurement import measured
from experiments.data.registry import DESCRIPTIONS
from experiments.data.stored_sets import find_split
from experiments.models.registry import build
from experiments.paper.presets import preset_experiment
from experiments.storage.atomic_write import write_json

NAME = "gpu_models"
RUNGS = ("full", "taylor2", "mean-curvature", "path-3", "path")
TOOLKIT = (sys.executable, "-m", "experiments.command_line")
TRAINING_SHARE, LEAST_STEPS, MARGIN = 0.6, 50, 0.85


@dataclass(frozen=True)
class Plan:
    """What is trained, and how much is measured.

    Attributes
    ----------
    sets
        Training sets in order of value.
    preset
        Sizes and training.
    images
        Images of each input set of a comparison, and of an exported card.
    settings
        Further options of `train`.
    most_steps
        Most steps; None for those of the preset.
    """

    sets: tuple[str, ...]
    preset: str
    images: tuple[int, int]
    settings: tuple[str, ...] = ()
    most_steps: int | None = None


FULL = Plan(("cifar10", "fashion_mnist", "svhn", "mnist", "celeba32", "tinyimagenet32"), "gpu", (256, 100))
TINY_SETTINGS = ("--model.levels", "1", "--model.steps", "1", "--model.width", "2", "--training.batch-size", "8")
PLANS = Choice(cpu=FULL, cuda=FULL, tiny=Plan(("china",), "gpu", (8, 8), TINY_SETTINGS, most_steps=4))


@dataclass(frozen=True)
class Job:
    """One training set with its directories and the time that it may take."""

    train_set: str
    plan: Plan
    setting: Setting
    out: Path
    deadline: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.out / self.train_set

    @property
    def log(self) -> Path:
        """The output of all its commands."""
        return self.out / f"{self.train_set}.log"

    def left(self, share: float = 1.0) -> float:
        """Seconds until a share of its time has passed."""
        return self.begun + share * (self.deadline - self.begun) - time.monotonic()

    def command(self, share: float, *arguments: str) -> str:
        """Run a command of the toolkit until a share of the time has passed; why it did not finish, or nothing."""
        outcome = run_within([*TOOLKIT, *arguments], self.left(share), self.log)
        if outcome.finished:
            return ""
        if not outcome.in_time:
            return f"{arguments[0]}: out of time; the same command goes on"
        return f"{arguments[0]}: {last_line(self.log)}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{NAME}", description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu-models"), help="directory of runs and models")
    parser.add_argument("--seconds", type=float, default=600.0, help="time in all, shared by the sets")
    parser.add_argument("--sets", nargs="*", help="training sets; those of the paper's pairs by default")
    parser.add_argument("--tiny", action="store_true", help="a tiny model and few steps, to try the code")
    parser.add_argument("--results", type=Path, help="directory of the table; --out by default")
    given = parser.parse_args(arguments)
    setting = Setting(torch.device(given.device), given.tiny)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch sees no CUDA device")
    plan = PLANS.of(setting)
    given.out.mkdir(parents=True, exist_ok=True)
    results, end, rows = given.results or given.out, time.monotonic() + given.seconds, list[Row]()
    sets = tuple(given.sets or plan.sets)
    for done, train_set in enumerate(sets):
        now = time.monotonic()
        job = Job(train_set, plan, setting, given.out, now + (end - now) / (len(sets) - done))
        rows += model_rows(job)
        # After every model: what there is survives the end of this process.
        result = {"benchmark": NAME, "hardware": hardware(), "rows": rows}
        write_json(results / results_file(NAME, setting.device), result)
    table_console().print(as_table(NAME, rows))


def model_rows(job: Job) -> list[Row]:
    """Train, compare and export one model; a row for each input set, or one that says what went wrong."""
    note = train(job)
    if note:
        return [row(job, note=note)]
    note = compare(job)
    if note:
        return [row(job, note=note)]
    not_exported = export(job)
    table = pd.read_csv(job.run.with_name(f"{job.train_set}-gaps") / "comparison.csv")
    return [row(job, str(name), rungs, not_exported) for name, rungs in table.groupby("input_set", sort=False)]


def train(job: Job) -> str:
    """Start the run or go on with it; why it is not finished, or nothing."""
    if (job.run / "config.json").is_file():
        return job.command(TRAINING_SHARE + 0.1, "train", "--resume", str(job.run))
    steps = affordable_steps(job)
    settings = {
        "--preset": job.plan.preset,
        "--data.train-set": job.train_set,
        "--out": str(job.run),
        "--training.device": job.setting.device.type,
        "--training.steps": str(steps),
        "--training.warmup-steps": str(steps // 20),
        "--training.checkpoint-every": str(max(steps // 5, 1)),
        "--evaluation.per-decade": "0",
    }
    options = [word for pair in settings.items() for word in pair]
    return job.command(TRAINING_SHARE + 0.1, "train", *options, *job.plan.settings)


def affordable_steps(job: Job) -> int:
    """Steps that fit the share of the time, at the speed of steps on noise, and at most those of the preset."""
    if job.plan.most_steps is not None:
        return job.plan.most_steps
    experiment = preset_experiment(job.plan.preset, job.train_set)
    shape, training = DESCRIPTIONS[job.train_set].event_shape, experiment.training
    assert shape is not None  # sets of the paper have a size
    model = build(experiment.model, shape)
    speed = measured(model, training, training.batch_size, job.setting.device).images_per_second or 0.0
    fitting = int(MARGIN * job.left(TRAINING_SHARE) * speed / training.batch_size)
    return min(max(fitting, LEAST_STEPS), training.steps)


def compare(job: Job) -> str:
    """Every default rung beside the measured gap of the pairs' other sets, grayed and constant images."""
    inputs = input_names(job.train_set)
    out = job.run.with_name(f"{job.train_set}-gaps")
    options = ["--n-images", str(job.plan.images[0]), "--device", job.setting.device.type, "--out", str(out)]
    return job.command(0.95, "compare", "--model", str(job.run), "--inputs", *inputs, *options)


def input_names(train_set: str) -> tuple[str, ...]:
    """The model's own test images, the other sets of its pairs that are here, and images with less variance."""
    others = (pair.other_set for pair in PAIRS if pair.train_set == train_set)
    found = (name for name in others if find_split(name, "test") is not None)
    return (train_set, *found, f"{train_set}:contrast=0.5", "constant=128")


def export(job: Job) -> str:
    """Write the model with its card, in float16 where float32 is too large; why not, or nothing."""
    options = ["--out", str(job.out / "models"), "--replace", "--n-images", str(job.plan.images[1])]
    return job.command(1.0, "export", str(job.run), job.train_set, *options)


def row(job: Job, input_set: str = "", rungs: pd.DataFrame | None = None, note: str = "") -> Row:
    """Measured and predicted gaps of one input set in bits per dimension; empty for a model that has none."""
    log = job.run / "log.csv"
    last = pd.read_csv(log).iloc[-1] if log.is_file() else None
    found: Row = {
        "train_set": job.train_set,
        "steps": None if last is None else int(last["step"]),
        "training_s": None if last is None else float(last["seconds"]),
        "input_set": input_set,
        **dict.fromkeys(("bpd", "measured", "measured_se", *RUNGS)),
        "note": note,
    }
    if rungs is not None:
        first = rungs.iloc[0]
        found |= {name: float(first[name]) for name in ("bpd", "measured", "measured_se")}
        predicted = dict(zip(rungs["rung"], rungs["predicted"], strict=True))
        found |= {name: float(predicted[name]) for name in RUNGS if name in predicted}
    return found


if __name__ == "__main__":
    main()
