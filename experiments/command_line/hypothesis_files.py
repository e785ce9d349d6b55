"""Where Hypothesis keeps its caches: nowhere that lasts, instead of wherever a command is called."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis.configuration


@contextmanager
def without_hypothesis_files() -> Iterator[None]:
    """Keep Hypothesis's caches in a directory that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        hypothesis.configuration.set_hypothesis_home_dir(Path(scratch))
        yield
