"""All measurements that need a GPU, unattended, in 25 minutes: `python -m benchmarks.gpu_session`.

Stages in order of value, each in a process of its own with a time limit: tests of the CUDA paths, agreement with the
CPU, exact traces, the ladder, training steps, models at the published sizes. What fails does not stop the rest. The
same command goes on where it was stopped: stages that finished are kept. At the end every table is printed, and lies in
the output directory with the hardware, versions and commands. `--device cpu --tiny` runs all of it on tiny sizes.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.__main__ import WIDTH_OF_FILES, as_table, results_file
from benchmarks.gpu_models import NAME as MODELS
from benchmarks.hardware import hardware
from benchmarks.limited_command import Outcome, last_line, run_within
from benchmarks.row import Row
from experiments.storage.atomic_write import write_json, write_text
from experiments.storage.environment import environment_record

MINUTES = 25.0
STATES, RECORD, TABLES = "stages.json", "session.json", "tables.txt"
CUDA_TESTS = ("tests/curvature/test_devices.py", "tests/experiments/training/test_cuda.py")
LIMITS = {"agreement": 150.0, "curvature_routes": 240.0, "ladder": 150.0, "training_on_gpu": 600.0}
"""Seconds of each benchmark; `training_on_gpu` begins nothing after 420, but compiling takes minutes."""


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes
    ----------
    name
        What it is called in the record.
    command
        Its words; `{seconds}` stands for the seconds that it may take.
    limit
        The most seconds that it may take; what is left of the session may be less.
    """

    name: str
    command: tuple[str, ...]
    limit: float

    def words(self, seconds: float) -> list[str]:
        """The command with its time."""
        return [word.replace("{seconds}", str(int(seconds))) for word in self.command]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages and print the tables; 0 if all of them finished, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_session", description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu-session"), help="directory of all results")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="time limit of the whole")
    parser.add_argument("--stages", nargs="*", help="names of stages; all by default")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to try the code; the numbers mean nothing")
    given = parser.parse_args(arguments)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device; to try the code: --device cpu --tiny")
    known = {stage.name: stage for stage in all_stages(given.device, given.out, given.tiny)}
    if unknown := set(given.stages or ()) - set(known):
        parser.error(f"no stage named {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    given.out.mkdir(parents=True, exist_ok=True)
    chosen = [known[name] for name in given.stages or known]
    states = run_stages(chosen, given.out, 60 * given.minutes)
    report(given.out, given.device, states)
    return 0 if all(states[stage.name]["finished"] for stage in chosen) else 1


def all_stages(device: str, out: Path, tiny: bool) -> Iterator[Stage]:
    """The stages in order of value."""
    python = (sys.executable, "-m")
    options = ("--device", device, "--results", str(out), *(["--tiny"] if tiny else []))
    if device == "cuda":
        yield Stage("tests", (*python, "pytest", "-q", "-p", "no:cacheprovider", *CUDA_TESTS), 150.0)
    for name, limit in LIMITS.items():
        yield Stage(name, (*python, "benchmarks", name, *options), limit)
    models = (*python, f"benchmarks.{MODELS}", *options, "--out", str(out / "models"), "--seconds", "{seconds}")
    yield Stage(MODELS, models, float("inf"))


def run_stages(stages: Sequence[Stage], out: Path, seconds: float) -> dict[str, dict[str, Any]]:
    """Run what has not finished before, and keep how each stage ended."""
    deadline = time.monotonic() + seconds
    states: dict[str, dict[str, Any]] = json.loads((out / STATES).read_text()) if (out / STATES).is_file() else {}
    for stage in stages:
        kept = states.get(stage.name, {})
        if kept.get("finished") and kept.get("stage") == list(stage.command):
            print(f"{stage.name}: finished before", flush=True)
            continue
        limit = min(stage.limit, deadline - time.monotonic())
        print(f"{stage.name}: at most {limit:.0f} s", flush=True)
        words, log = stage.words(limit), out / f"{stage.name}.log"
        outcome = run_within(words, limit, log) if limit > 0 else Outcome(1, 0.0, in_time=False)
        ended = {"stage": list(stage.command), "command": shlex.join(words), **asdict(outcome)}
        states[stage.name] = {**ended, "finished": outcome.finished, "said": last_line(log) if log.is_file() else ""}
        write_json(out / STATES, states)
        print(f"{stage.name}: {_ending(outcome)} after {outcome.seconds:.0f} s", flush=True)
    return states


def report(out: Path, device: str, states: dict[str, dict[str, Any]]) -> None:
    """Print and write all tables there are, and the record of hardware, versions and commands."""
    console = Console(width=WIDTH_OF_FILES, record=True)
    overview: list[Row] = [
        {
            "stage": name,
            "finished": "yes" if state["finished"] else "NO",
            "exit_code": state["exit_code"],
            "in_time": "yes" if state["in_time"] else "NO",
            "seconds": state["seconds"],
            "last line": state["said"] if name == "tests" or not state["finished"] else "",
        }
        for name, state in states.items()
    ]
    machine = {"hardware": hardware(), "environment": environment_record(device=device)}
    console.print_json(data=machine)
    console.print(as_table("stages", overview))
    for name in states:
        path = out / results_file(name, torch.device(device))
        if path.is_file():
            console.print(as_table(name, json.loads(path.read_text())["rows"]))
    write_json(out / RECORD, {**machine, "stages": states})
    write_text(out / TABLES, console.export_text())
    print(f"tables: {out / TABLES}")


def _ending(outcome: Outcome) -> str:
    if outcome.finished:
        return "finished"
    return f"failed with exit code {outcome.exit_code}" if outcome.in_time else "stopped"


if __name__ == "__main__":
    sys.exit(main())
