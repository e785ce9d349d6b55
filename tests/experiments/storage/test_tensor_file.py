"""Files of tensors: what was written is read back, and the same content gives the same bytes in every process."""

import json
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from curvature.errors import CheckpointError
from experiments.storage.tensor_file import METADATA, read_tensors, write_tensors

FORMAT = "test 1"
SCRIPT = """
import sys
from pathlib import Path
import torch
from experiments.storage.tensor_file import write_tensors

tensors = {f"layer.{i}": torch.arange(i + 1, dtype=(torch.float16, torch.int64)[i % 2]) for i in range(9)}
write_tensors(Path(sys.argv[1]), "test 1", tensors, {f"key {i}": f'"{i}"' for i in range(9)})
"""


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """The same content written by two processes whose hashes differ."""
    paths = [tmp_path_factory.mktemp("twice") / "tensors.safetensors" for _ in range(2)]
    for seed, path in enumerate(paths):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, env=environment)
    return paths


def test_two_processes_write_the_same_bytes(twice):
    assert twice[0].read_bytes() == twice[1].read_bytes()


def test_the_library_itself_reads_what_was_written(twice):
    with safe_open(twice[0], framework="pt") as file:
        assert {name: file.get_tensor(name).tolist() for name in file.keys()} == {  # noqa: SIM118 - file is no mapping
            f"layer.{i}": list(range(i + 1)) for i in range(9)
        }
        (metadata,) = map(json.loads, file.metadata().values())
    assert {name: metadata[name] for name in metadata if name.startswith("key")} == {
        f"key {i}": f'"{i}"' for i in range(9)
    }


def test_a_file_of_an_older_version_with_a_key_for_each_word_is_read(tmp_path, twice):
    tensors, metadata = read_tensors(twice[0], FORMAT)
    save_file(tensors, tmp_path / "old.safetensors", metadata)
    read, words_read = read_tensors(tmp_path / "old.safetensors", FORMAT)
    assert words_read == metadata
    assert all(read[name].equal(tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("words", ["no JSON", "[]", "{}"])
def test_metadata_that_are_none_of_ours_are_refused(tmp_path, words):
    save_file({"a": torch.ones(2)}, tmp_path / "other.safetensors", {METADATA: words})
    with pytest.raises(CheckpointError, match=r"is damaged|expected a file of format"):
        read_tensors(tmp_path / "other.safetensors", FORMAT)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.dictionaries(words.filter(lambda name: name != "__metadata__"), st.integers(0, 5), max_size=4),
    metadata=st.dictionaries(words.filter(lambda name: name not in ("format", "tensors_crc32")), words, max_size=6),
)
def test_any_names_and_words_come_back_and_order_leaves_no_trace(tmp_path_factory, sizes, metadata):
    first, second = (tmp_path_factory.getbasetemp() / name for name in ("first", "second"))
    tensors = {name: torch.arange(size, dtype=torch.float32) for name, size in sizes.items()}
    write_tensors(first, FORMAT, tensors, metadata)
    write_tensors(second, FORMAT, dict(reversed(tensors.items())), dict(reversed(metadata.items())))
    assert first.read_bytes() == second.read_bytes()
    read, words_read = read_tensors(first, FORMAT)
    assert read.keys() == tensors.keys()
    assert all(read[name].equal(tensor) for name, tensor in tensors.items())
    assert metadata.items() <= words_read.items()
