"""A data set is one file: it is described, found and read without being named anywhere else."""

import os
import subprocess
import sys

from experiments.data.registry import DATA_SETS, EMBEDDED, OF_ANY_SIZE, REAL_SETS
from tests.experiments.data.official_files import write_mnist_like

NEW_SET = """
from experiments.data.data_set import GRAY, DataSet, DataSetDescription
from experiments.data.formats.idx import read_idx_split
from experiments.data.official_source import idx_source

DATA_SET = DataSet(
    DataSetDescription("mirrored", "Mirrored digits", GRAY, "none", "nobody", "https://example.org"),
    idx_source(("https://example.org",), ("0" * 64, 1), ("0" * 64, 1)),
    read_idx_split,
)
"""
USE_IT = """
import sys
from experiments.data import sets

sets.__path__.append(sys.argv[1])
from experiments.data.registry import DESCRIPTIONS

assert "torch" not in sys.modules
from experiments.command_line import main
from experiments.data.catalog import load_image_set

assert DESCRIPTIONS["mirrored"].title == "Mirrored digits"
assert len(load_image_set("mirrored", "train")) == 6
main(["data", "list"])
"""


def test_every_set_has_files_and_a_reader_or_is_embedded():
    assert set(DATA_SETS) == {*REAL_SETS, *EMBEDDED}
    assert OF_ANY_SIZE == ("china", "flower")
    for name, each in DATA_SETS.items():
        assert each.description.name == name
        assert (each.source is None) == (each.read is None) == (each.load is not None) == (name in EMBEDDED)


def test_a_new_file_is_a_new_set(root):
    (root / "new_sets").mkdir()
    (root / "new_sets" / "mirrored.py").write_text(NEW_SET)
    (root / "mirrored").mkdir()
    write_mnist_like(root / "mirrored")
    command = [sys.executable, "-c", USE_IT, str(root / "new_sets")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
    assert "mirrored" in done.stdout
