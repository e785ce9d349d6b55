"""Clusters that are not there: one clear error, soon."""

import socket
import sys
import threading
import time

import pytest

from curvature.errors import ConfigError
from experiments.study.sweep.cluster import ClusterError, require_distributed, running_scheduler
from experiments.study.sweep.sweeping import run_sweep
from tests.experiments.study.sweep.tiny import Recorder, tiny_experiment, tiny_sweep


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def fails_with(match, address, timeout=0.5):
    begun = time.monotonic()
    with pytest.raises(ClusterError, match=match), running_scheduler(address, timeout):
        pass
    assert time.monotonic() - begun < 60  # a busy machine included


def test_nobody_at_the_address(free_port):
    fails_with(r"no scheduler answers at .*(refused|no answer).*dask scheduler", f"tcp://127.0.0.1:{free_port}")


@pytest.mark.parametrize(("address", "why"), [("foo://host:1", "unknown address scheme"), ("host", "missing port")])
def test_what_is_no_address(address, why):
    fails_with(f"no scheduler answers at '{address}' \\({why}", address)


def test_something_else_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        fails_with("no scheduler answers", f"tcp://127.0.0.1:{server.getsockname()[1]}", timeout=2)
        thread.join()


def test_without_the_library_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'likelihood-curvature\[cluster\]'"):
        require_distributed()
    with pytest.raises(ConfigError, match="distributed"):
        run_sweep(tiny_sweep(), tmp_path / "out", Recorder(), experiment_of=tiny_experiment)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [{"workers": 0}, {"workers": 2, "scheduler": "tcp://host:1"}])
def test_workers_that_cannot_be_are_refused(options, tmp_path):
    with pytest.raises(ConfigError, match="--workers"):
        run_sweep(tiny_sweep(), tmp_path / "out", Recorder(), experiment_of=tiny_experiment, **options)
    assert not (tmp_path / "out").exists()
