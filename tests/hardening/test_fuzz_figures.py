"""Figures drawn from damaged tables: a figure, or one line that names the tables and the command that makes them."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings

from paper_figures.drawing import draw_figure
from tests.hardening.damage import EXAMPLES, damaged, fuzzed, outcome

RESULTS = Path(__file__).parents[2] / "results"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # matplotlib remarks on what it is given, and draws it
@pytest.mark.parametrize("table", ["gaps.csv", "ladder.csv"])
def test_likelihood_gaps(table, tmp_path):
    for name in ("gaps.csv", "ladder.csv"):
        shutil.copyfile(RESULTS / name, tmp_path / name)

    @settings(fuzzed, max_examples=max(5, EXAMPLES // 20))
    @given(damaged((tmp_path / table).read_bytes()))
    def draw(content):
        (tmp_path / table).write_bytes(content)
        found = outcome(lambda: draw_figure("likelihood-gaps", tmp_path))
        assert found is None or all(path.stat().st_size for path in found)

    draw()
