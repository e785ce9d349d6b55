import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from curvature.errors import OptionError
from curvature.quadrature import clenshaw_curtis, gauss_jacobi


def integral(rule, function):
    return math.fsum(w * function(t) for t, w in zip(*rule, strict=True))


def monomial(degree):
    """``int_0^1 (1 - t) t^k dt``."""
    return 1 / ((degree + 1) * (degree + 2))


@given(st.integers(1, 20), st.data())
def test_rules_are_exact_for_polynomials_of_their_degree(n, data):
    for rule, degree in ((gauss_jacobi(n), 2 * n - 1), (clenshaw_curtis(n), n)):
        k = data.draw(st.integers(0, degree))
        assert integral(rule, lambda t, k=k: t**k) == pytest.approx(monomial(k), rel=1e-12)


@pytest.mark.parametrize("rule", [gauss_jacobi(24), clenshaw_curtis(48)])
def test_rules_converge_to_scipys_integral(rule):
    def function(t):
        return math.exp(-3 * t) * math.cos(9 * t)

    expected, _ = quad(lambda t: (1 - t) * function(t), 0, 1)
    assert integral(rule, function) == pytest.approx(expected, rel=1e-12)


@given(st.integers(1, 64))
def test_clenshaw_curtis_rules_are_nested_to_the_last_bit(n):
    assert clenshaw_curtis(n)[0] == clenshaw_curtis(2 * n)[0][::2]


def test_one_gauss_jacobi_node_sits_at_a_third():
    assert gauss_jacobi(1) == ((pytest.approx(1 / 3),), (pytest.approx(0.5),))


@pytest.mark.parametrize("rule", [gauss_jacobi, clenshaw_curtis])
@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_other_sizes_are_refused(rule, n):
    with pytest.raises(OptionError, match="positive integer"):
        rule(n)
