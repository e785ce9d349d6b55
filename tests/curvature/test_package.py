import curvature


def test_every_public_name_is_there():
    for name in curvature.__all__:
        assert getattr(curvature, name).__name__ == name
    assert set(curvature.__all__) <= set(dir(curvature))
