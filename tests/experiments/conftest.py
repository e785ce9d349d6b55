import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from experiments.models import families as families_package
from experiments.models.registry import families
from experiments.paper.reference_models.exporting import export_run
from experiments.paper.reference_models.shipped import MODELS_VARIABLE
from tests.experiments.paper.reference_models.tiny import train_tiny


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("runs") / "china", "china")


@pytest.fixture(scope="session")
def exported(tmp_path_factory, tiny_run):
    """A directory of reference models `china` and `flower`, each exported from a run of four steps."""
    directory = tmp_path_factory.mktemp("models")
    flower = train_tiny(tmp_path_factory.mktemp("runs") / "flower", "flower", seed=1)
    for run, name in ((tiny_run, "china"), (flower, "flower")):
        export_run(run.path, name, directory, n_images=8, progress=str)
    return directory


@pytest.fixture
def models(exported, monkeypatch):
    """The exported models, usable by name."""
    monkeypatch.setenv(MODELS_VARIABLE, str(exported))
    return exported


HOLD = """
import sys
from pathlib import Path
from experiments.storage.directory_lock import directory_lock
with directory_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def held_elsewhere():
    """Has another process hold a directory, and returns that process."""
    processes = []

    def hold(directory):
        command = [sys.executable, "-c", HOLD, str(directory)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        processes.append(subprocess.Popen(command, **pipes))
        assert processes[-1].stdout.readline() == b"held\n", processes[-1].stderr.read().decode()
        return processes[-1]

    yield hold
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def scaled(monkeypatch):
    """One more file among the families of models: `scaled`."""
    more = Path(__file__).parent / "models" / "more_families"
    monkeypatch.setattr(families_package, "__path__", [*families_package.__path__, str(more)])
    families.cache_clear()
    yield
    families.cache_clear()


@pytest.fixture
def ctrl_c():
    """Presses Ctrl-C in this process, which hears of it even if a runner in the background had SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    # `os.kill` may wake another thread: two presses could then arrive as one.
    yield partial(signal.raise_signal, signal.SIGINT)
    signal.signal(signal.SIGINT, before)
