"""Moments by NumPy, to hold the toolkit's against."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

quick = settings(deadline=None, max_examples=25)
sizes = st.integers(2, 40)
dims = st.sampled_from([(), (3,), (2, 3), (1, 2, 2)])
seeds = st.integers(0, 10**6)


def reference(x):
    flat = x.reshape(len(x), -1).numpy()
    return flat.mean(0), np.cov(flat, rowvar=False, bias=True).reshape(flat.shape[1], flat.shape[1])


def assert_same(moments, x, rtol=1e-11):
    mean, covariance = reference(x)
    scale = np.abs(covariance).max()
    assert moments.count == len(x)
    assert moments.event_shape == tuple(x.shape[1:])
    np.testing.assert_allclose(moments.mean.reshape(-1), mean, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(moments.covariance(), covariance, rtol=rtol, atol=rtol * scale + 1e-15)
    np.testing.assert_allclose(
        moments.variance().reshape(-1), np.diag(covariance), rtol=rtol, atol=rtol * scale + 1e-15
    )
    assert moments.total_variance == pytest.approx(np.trace(covariance), rel=1e-9, abs=1e-15)
