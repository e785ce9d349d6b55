"""Every block of docs/own_models.md runs as it stands, after the first one, which brings the data."""

import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.experiments.command_line.test_commands import run

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "own_models.md").read_text()
README = (ROOT / "README.md").read_text()
FIRST, *BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
LIBRARIES = ("zuko", "nflows", "normflows", "FrEIA", "pyro")
TITLES = [re.search(rf"## ([^\n]*)\n(?:(?!\n## ).)*?{re.escape(block)}", PAGE, flags=re.S)[1] for block in BLOCKS]


def test_the_page_has_a_block_for_every_library():
    assert all(any(re.search(rf"(import|from) {library}\b", block) for block in BLOCKS) for library in LIBRARIES)


def test_block_of_the_readme(capsys, tmp_path):
    pytest.importorskip("zuko")
    (block,) = (each for each in re.findall(r"```python\n(.*?)```", README, flags=re.S) if "adapt(flow)" in each)
    assert len([line for line in block.splitlines() if line and not line.startswith("#")]) <= 10
    (tmp_path / "block.py").write_text(block)
    torch.manual_seed(0)
    runpy.run_path(str(tmp_path / "block.py"))
    assert "measured" in capsys.readouterr().out


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{position}-{title}" for position, title in enumerate(TITLES)])
def test_block(block, tmp_path, capsys):
    for library in LIBRARIES:
        if re.search(rf"(import|from) {library}\b", block):
            pytest.importorskip(library)
    torch.manual_seed(0)
    script = tmp_path / "block.py"
    script.write_text(f"{FIRST}\n{block}")
    runpy.run_path(str(script))
    printed = capsys.readouterr().out
    assert "predicted gap" in printed or "gap of q" in printed


FLOWS = """
import functools, torch, zuko

def flow(seed):
    torch.manual_seed(seed)
    return zuko.flows.NICE(16, transforms=2, hidden_features=(16,), activation=torch.nn.SiLU)

class Conditional(torch.nn.Module):
    def log_prob(self, x, y):
        return -0.5 * (x - y / 10).square().sum(1)

def of_class(label):
    return functools.partial(Conditional().eval().log_prob, y=label)
"""


def test_commands_of_the_page(tmp_path, monkeypatch, capsys):
    pytest.importorskip("zuko")
    commands = re.findall(r"likelihood-curvature (.*mine:.*)", PAGE)
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 4, 4), dtype=np.uint8)
    np.savez("mine.npz", train=images[:20], test=images[20:])
    Path("mine.py").write_text(FLOWS)
    few = {"compare": ("--n-images", 8, "--mean-curvature-points", 0), "check": (), "verify": ()}
    for command in commands:
        run(*command.split(), *few[command.split()[0]])
    comparison = pd.read_csv(tmp_path / "runs" / "compare-mine.flow" / "comparison.csv")
    assert set(comparison["input_set"]) == {"mine.npz:test", "constant=128"}
    assert set(comparison["model"]) == {"NICE"}
    assert (tmp_path / "runs" / "compare-mine.of_class" / "comparison.csv").is_file()
    printed = capsys.readouterr().out
    assert "Checks of mine:flow" in printed
    assert "Claims on mine:flow" in printed
