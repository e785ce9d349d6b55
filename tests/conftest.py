"""No test sees the developer's own data sets, cache or downloads, unless it asks for the real data."""

import os

import pytest

DATA, CACHE = "LIKELIHOOD_CURVATURE_DATA", "LIKELIHOOD_CURVATURE_CACHE"
REAL_DATA = os.environ.get(DATA)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(DATA, raising=False)
        patch.setenv(CACHE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def same_data_root_afterwards():
    """`--data-root` sets a variable of this process, which would reach the tests that follow."""
    before = os.environ.get(DATA)
    yield
    os.environ.pop(DATA, None)
    if before is not None:
        os.environ[DATA] = before


@pytest.fixture
def real_data(monkeypatch):
    """The data root of the person who runs the tests."""
    if REAL_DATA is None:
        pytest.skip(f"{DATA} is not set: there are no real data sets to read")
    monkeypatch.setenv(DATA, REAL_DATA)
    return REAL_DATA
