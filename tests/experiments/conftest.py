import pytest

from experiments.reference_models.exporting import export_run
from experiments.reference_models.shipped import MODELS_VARIABLE
from tests.experiments.reference_models.tiny import train_tiny


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
