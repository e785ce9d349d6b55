"""Whether memory suffices: what the system and the container tell, and what is said."""

import pytest

from curvature.errors import ConfigError
from experiments import memory
from experiments.memory import available_memory, require_memory


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A system with 8 GB available, whose files are those of a directory."""
    (tmp_path / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n")
    (tmp_path / "self").write_text("0::/box\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_GROUP", tmp_path / "self")
    return tmp_path


def limit(files, maximum, current, cached):
    (files / "box").mkdir()
    (files / "box" / "memory.max").write_text(f"{maximum}\n")
    (files / "box" / "memory.current").write_text(f"{current}\n")
    (files / "box" / "memory.stat").write_text(f"anon 7\ninactive_file {cached}\n")


def test_the_system_tells_what_is_available(files):
    assert available_memory() == 8_000_000 * 1024


def test_a_container_may_have_less(files):
    limit(files, 3_000_000_000, 1_500_000_000, 500_000_000)
    assert available_memory() == 2_000_000_000


def test_a_container_without_a_limit_has_what_the_system_has(files):
    limit(files, "max", 1, 1)
    assert available_memory() == 8_000_000 * 1024


def test_what_needs_more_is_refused_with_both_amounts_and_advice(files):
    limit(files, 3_000_000_000, 1_500_000_000, 500_000_000)
    require_memory(2e9, "a model", "make it narrower")
    with pytest.raises(ConfigError, match=r"^a model needs about 160 GB of memory, 2.0 GB are free; make it narrower$"):
        require_memory(160e9, "a model", "make it narrower")


def test_nothing_is_refused_where_the_system_does_not_tell(files, monkeypatch):
    monkeypatch.setattr(memory, "MEMINFO", files / "nowhere")
    monkeypatch.delattr(memory.os, "sysconf")
    assert available_memory() is None
    require_memory(1e30, "a model", "make it narrower")
