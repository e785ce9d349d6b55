"""The area under the receiver operating characteristic, against scikit-learn's and a bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from analysis.detection import auroc
from curvature.errors import NonFiniteError, TooFewSamplesError

SCORES = st.lists(st.integers(-3, 3), min_size=2, max_size=12)


@given(SCORES, SCORES)
def test_the_area_is_that_of_scikit_learn_also_with_ties(inside, outside):
    labels = [1] * len(inside) + [0] * len(outside)
    assert auroc(inside, outside).value == pytest.approx(roc_auc_score(labels, inside + outside))


def test_the_standard_error_is_the_spread_over_samples():
    generator = np.random.default_rng(0)
    inside, outside = generator.normal(0.7, 1, (2000, 40)), generator.normal(0, 2, (2000, 60))
    found = [auroc(x, y) for x, y in zip(inside, outside, strict=True)]
    spread = np.std([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.06)


def test_too_few_scores_and_nan_are_refused():
    with pytest.raises(TooFewSamplesError, match="got 1 and 2"):
        auroc([1], [1, 2])
    with pytest.raises(NonFiniteError, match="NaN"):
        auroc([1, float("nan")], [1, 2])
    assert auroc([0, 1], [-np.inf, -np.inf]).value == 1
