"""Explanations depend on the images: other ones under the same name make the tables anew."""

from dataclasses import replace

import pandas as pd
import pytest

from experiments.data.catalog import CATALOG
from experiments.data.digits import load_digits
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import ExplanationConfig
from experiments.study.explanation import OUTPUTS, explain

CONFIG = ExplanationConfig(("digits", "constant=9"), n_images=6, bands=2, eigenpairs=1)


@pytest.fixture
def explained(trained, tmp_path):
    out = RunDirectory.create(tmp_path / "out", {"explanation": CONFIG})
    explain(trained, CONFIG, out)
    return out


def test_tables_are_kept_where_nothing_has_changed(trained, explained, watcher):
    before = {name: (explained.path / name).stat().st_mtime_ns for name in OUTPUTS}
    explain(trained, CONFIG, explained, watcher.progress)
    assert (watcher.shown, watcher.said) == ([], [])
    assert before == {name: (explained.path / name).stat().st_mtime_ns for name in OUTPUTS}


def test_other_images_under_the_same_name_are_explained_anew(trained, explained, watcher, monkeypatch):
    before = pd.read_csv(explained.path / "validity.csv").set_index("input_set")["measured"]

    def load_turned(split, patch_size):
        images = load_digits(split, patch_size)
        return replace(images, images=images.images.flip(2)) if split == "test" else images

    monkeypatch.setitem(CATALOG, "digits", load_turned)
    explain(trained, CONFIG, explained, watcher.progress)
    assert [report[2] for report in watcher.shown] == [
        "explaining digits/test",
        "explaining constant=9",
        "eigenvalues of H",
    ]
    after = pd.read_csv(explained.path / "validity.csv").set_index("input_set")["measured"]
    assert (after["digits/test"] != before["digits/test"]).any()
    assert (after["constant=9"] == before["constant=9"]).all()


def test_an_edited_table_is_made_again_and_named(trained, explained, watcher):
    path = explained.path / "spectrum.csv"
    wanted = path.read_text()
    path.write_text(wanted.replace("1", "2"))
    explain(trained, CONFIG, explained, watcher.progress)
    assert watcher.said == [f"{path}: has changed since it was written; explanation is made again"]
    assert path.read_text() == wanted
