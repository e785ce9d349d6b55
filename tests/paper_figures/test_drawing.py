"""Figures by name: found without being named, drawn from tables into files, and one clear line for every mistake."""

import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pandas as pd
import pytest
from PIL import Image

import paper_figures
from curvature.errors import OptionError, RunDirectoryError, UnknownNameError
from paper_figures.drawing import draw_figure
from paper_figures.registry import figure, registered_figures

VALIDITY = {
    "input_set": "china/test",
    "against": "expansion point",
    "t": [0.5, 1.0],
    "predicted": [-0.5, -1.0],
    "measured": [-0.5, -1.0],
    **dict.fromkeys(("predicted_se", "measured_se", "ratio_se"), 0.01),
    "ratio": 1.0,
    "radius": 1.0,
    "end": "grid",
    "n_q": 9,
    "n_p": 0,
    "run": "here",
    "seed": [3, 4],
}


@pytest.fixture
def tables(tmp_path):
    pd.DataFrame(VALIDITY).to_csv(tmp_path / "validity.csv", index=False)
    return tmp_path


def test_every_module_with_a_figure_of_the_paper_is_found():
    found = registered_figures()
    assert list(found) == sorted(found)
    modules = {each.draw.__module__ for each in found.values()}
    assert len(modules) == len(found)
    machinery = {f"paper_figures.{name}" for name in ("axes", "drawing", "registry", "style")}
    assert modules == {f"paper_figures.{module.name}" for module in iter_modules(paper_figures.__path__)} - machinery


def test_every_figure_says_which_command_makes_its_tables():
    for each in registered_figures().values():
        assert each.made_by.startswith("likelihood-curvature ")
        assert all(file.endswith(".csv") for file in each.reads)


def test_a_figure_is_written_as_png_and_pdf_with_its_source(tables):
    written = draw_figure("validity-radius", tables)
    assert written == [tables / "figures" / f"validity_radius.{suffix}" for suffix in ("png", "pdf")]
    assert sorted((tables / "figures").iterdir()) == sorted(written)
    with Image.open(written[0]) as image:
        source = image.text["Description"]
        assert min(image.size) > 400
    assert source == f"directory {tables.name}, run here: validity.csv"
    assert b"validity.csv" in written[1].read_bytes()


def test_an_unknown_figure_is_told_with_the_nearest_name(tables):
    with pytest.raises(UnknownNameError, match=r"unknown figure 'validity-radios'; did you mean 'validity-radius'?"):
        draw_figure("validity-radios", tables)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "is not there"), ("", "cannot be read"), ("t,ratio\n", "has no rows"), ('a\n"', "cannot be read")],
)
def test_a_table_that_cannot_be_drawn_is_told_with_the_command_that_makes_it(tmp_path, content, words):
    if content is not None:
        (tmp_path / "validity.csv").write_text(content)
    with pytest.raises(RunDirectoryError, match=words) as error:
        draw_figure("validity-radius", tmp_path)
    assert str(tmp_path / "validity.csv") in str(error.value)
    assert "make it with `likelihood-curvature explain`" in str(error.value)
    assert not (tmp_path / "figures").exists()


def test_a_name_is_registered_once():
    def draw(_):
        raise AssertionError

    with pytest.raises(OptionError, match="'validity-radius' is registered twice, by paper_figures"):
        figure("validity-radius", reads=("a.csv",))(draw)
    with pytest.raises(OptionError, match="names of the tables"):
        figure("tableless", reads=())


NEW_FIGURE = """
from matplotlib.figure import Figure
from paper_figures.registry import figure

@figure("two-tables", reads=("one.csv", "two.csv"))
def two_tables(one, two):
    drawn = Figure()
    drawn.subplots().plot(one["x"], two["x"])
    return drawn
"""
DRAW = """
import sys
from pathlib import Path
import paper_figures
from paper_figures.drawing import draw_figure
from paper_figures.registry import registered_figures

assert "matplotlib" not in sys.modules
paper_figures.__path__.append(sys.argv[1])
print(*draw_figure("two-tables", Path(sys.argv[1])))
"""


def test_a_new_figure_is_one_new_file_and_matplotlib_waits_for_it(tmp_path):
    (tmp_path / "two_tables.py").write_text(NEW_FIGURE)
    for name in ("one", "two"):
        pd.DataFrame({"x": [1, 2]}).to_csv(tmp_path / f"{name}.csv", index=False)
    done = subprocess.run([sys.executable, "-c", DRAW, tmp_path], check=True, capture_output=True, text=True)
    assert [Path(path).name for path in done.stdout.split()] == ["two_tables.png", "two_tables.pdf"]
