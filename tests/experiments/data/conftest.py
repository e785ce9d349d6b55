import pytest


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty data root."""
    path = tmp_path / "root"
    path.mkdir()
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_DATA", str(path))
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    path = tmp_path / "cache"
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_CACHE", str(path))
    return path
