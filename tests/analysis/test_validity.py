import math

import numpy as np
import pytest
import torch

from analysis.validity import radius_of_validity, validity
from curvature import curvature_ladder, expand
from curvature.errors import OptionError, ShapeError, TooFewSamplesError
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd


def gumbel(x):
    """Independent Gumbel densities: at zero the gradient is 0, the second derivative -1 and the third +1."""
    return (-x - torch.exp(-x)).sum(1)


def at_zero(log_prob, dim=2):
    return expand(log_prob, at=torch.zeros(dim, dtype=torch.float64))


def test_a_gaussian_has_ratio_one_at_every_contrast():
    model = Gaussian(randn(3, seed=0), random_spd(3, seed=1))
    e = expand(model, at=randn(3, seed=2))
    for p in (None, 2 * randn(30, 3, seed=3)):
        found = validity(e, randn(20, 3, seed=4) + 3, p, t=(0.1, 1, 3))
        np.testing.assert_allclose(found.ratio, 1, rtol=1e-9)
        np.testing.assert_allclose(found.ratio_se, 0, atol=1e-9)
        np.testing.assert_allclose(found.predicted, found.measured)
        assert (found.radius, found.end) == (3, "grid")
        assert "at least 3, the end of the grid" in str(found)


def test_the_ratio_tends_to_one_at_the_rate_of_the_third_derivative():
    x = 0.5 + 0.3 * randn(50, 2, seed=0)
    found = validity(at_zero(gumbel), x, t=(1e-3, 2e-3, 4e-3))
    # log p(t d) - log p(0) = -t^2 d^2 / 2 + t^3 d^3 / 6 + ..., hence the ratio 1 + t sum d^3 / (3 sum d^2) + O(t^2).
    slope = float((x**3).sum() / (3 * (x**2).sum()))
    errors = np.array(found.ratio) - 1
    np.testing.assert_allclose(errors / found.t, slope, rtol=1e-2)
    np.testing.assert_allclose(errors[1:] / errors[:-1], 2, rtol=1e-2)


def test_the_radius_of_one_point_is_the_root_of_its_ratio():
    x = torch.full((2, 1), -1.0, dtype=torch.float64)  # two copies: no sampling error
    found = validity(at_zero(gumbel, 1), x, t=np.linspace(0.1, 4, 40))
    root = next(t for t in np.linspace(0.01, 4, 100_000) if t * t / 2 < 0.5 * (math.exp(t) - 1 - t))
    assert found.end == "ratio"
    assert found.radius == pytest.approx(root, abs=0.01)
    assert f"radius of validity {found.radius:.3g}\n" in str(found)


def test_paired_standard_errors_cover_the_spread_over_samples():
    e, generator = at_zero(gumbel), torch.Generator().manual_seed(0)
    ratios, errors = [], []
    for _ in range(200):
        found = validity(e, 0.6 * torch.randn(80, 2, generator=generator, dtype=torch.float64), t=(0.7,))
        ratios.append(found.ratio[0])
        errors.append(found.ratio_se[0])
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.2)


def test_at_full_contrast_the_gaps_are_those_of_the_ladder():
    model, q, p = CouplingFlow((2, 3)), 0.5 * randn(20, 2, 3, seed=1), randn(30, 2, 3, seed=0)
    found = validity(expand(model, at=p.mean(0)), q, p, t=(1,), input_set="mine", against="theirs")
    ladder = curvature_ladder(model, q, p)
    for name, gap, se in (
        ("taylor2", found.predicted, found.predicted_se),
        ("measured", found.measured, found.measured_se),
    ):
        assert gap[0] == pytest.approx(ladder[name].bits_per_dim)
        assert se[0] == pytest.approx(ladder[name].standard_error)
    assert (found.input_set, found.against, found.n_q, found.n_p) == ("mine", "theirs", 20, 30)
    assert list(found.frame()["ratio"]) == list(found.ratio)


def test_a_measured_gap_of_zero_has_no_ratio():
    x = randn(400, 2, seed=0)
    x = torch.cat([x, -x])
    found = validity(at_zero(gumbel), x, x + 1e-9 * randn(800, 2, seed=1), t=(0.1, 0.5))
    assert all(math.isnan(value) for value in (*found.ratio, *found.ratio_se))
    assert (found.radius, found.end) == (0, "undefined")
    assert "cannot be told from zero" in str(found)
    frame = found.frame()
    assert frame["ratio"].isna().all()
    assert np.isfinite(frame["measured"]).all()


def test_equal_sets_have_a_gap_of_exactly_zero_and_no_ratio():
    x = randn(9, 2, seed=0)
    found = validity(at_zero(gumbel), x, x, t=(0.5, 1))
    assert found.measured == (0, 0)
    assert all(math.isnan(value) for value in (*found.ratio, *found.ratio_se))


def test_the_radius_of_gaps_made_by_hand():
    t = (1.0, 2.0, 3.0)
    nan = math.nan
    # From inside at once out, upwards: predicted - 2 measured goes from -1 to +1 after division by t.
    assert radius_of_validity(t, (1.0, 6.0, 0.0), (1.0, 2.0, 1.0), (1.0, 3.0, 0.0)) == (1.5, "ratio")
    assert radius_of_validity(t, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (1.0, 1.0, 1.0)) == (3.0, "grid")
    assert radius_of_validity(t, (1.0, 2.0, 3.0), (1.0, 0.0, 3.0), (1.0, nan, 1.0)) == (1.0, "undefined")
    assert radius_of_validity(t, (1.0, 2.0, 3.0), (0.0, 2.0, 3.0), (nan, 1.0, 1.0)) == (3.0, "grid")
    assert radius_of_validity(t, (1.0, 2.0, 3.0), (0.0, 9.0, 3.0), (nan, 2 / 9, 1.0)) == (0.0, "ratio")
    assert radius_of_validity(t, (1.0, 2.0, 3.0), (9.0, 2.0, 3.0), (1 / 9, 1.0, 1.0)) == (0.0, "ratio")
    # The measured gap changes its sign: the ratio passes 2 before it passes infinity.
    radius, end = radius_of_validity(t, (1.0, 2.0, 3.0), (1.0, -2.0, -3.0), (1.0, -1.0, -1.0))
    assert (radius, end) == (1.25, "ratio")


def test_bad_arguments():
    e = at_zero(gumbel)
    for t in ((), (0, 1), (math.inf,), (math.nan,)):
        with pytest.raises(OptionError, match="positive contrasts"):
            validity(e, randn(4, 2, seed=0), t=t)
    with pytest.raises(TooFewSamplesError, match="mine"):
        validity(e, randn(1, 2, seed=0), input_set="mine")
    with pytest.raises(ShapeError, match="theirs"):
        validity(e, randn(4, 2, seed=0), randn(4, 3, seed=0), against="theirs")
