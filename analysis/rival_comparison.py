"""How well rival explanations account for log p: alone, beside the second order, together, and as detectors."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import nan

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap, rankdata

from analysis.comparison import Provenance
from analysis.detection import auroc
from analysis.explained_variance import correlations, r_squared
from analysis.rivals.evaluation import EvaluatedScore
from analysis.rivals.taylor2 import RUNG
from curvature.errors import OptionError

ALL = "all"
"""The row of all scores together, without circular ones."""
LEVEL = 0.95
RESAMPLES_AT_ONCE = 20
MEASURES = ("r2", "r2_added", "r2_images", "r2_images_added", "rank_correlation")
"""How well a score explains log p."""
DETECTOR_COLUMNS = ("score", "input_set", "auroc", "auroc_low", "auroc_high", "r2", "r2_low", "r2_high", "n_images")
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class BootstrapOptions:
    """Number of resamples of the images, and the seed of the draws."""

    resamples: int = 300
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Statistics:
    """Statistics of the scores as one vector, so that one bootstrap gives all intervals.

    Attributes
    ----------
    columns
        By input set, the training images first: log p in the first column, the scores in the others ``[N, 1 + K]``.
    second_order
        Column of the second-order prediction; None if that is absent.
    together
        Columns of the scores that are no functions of log p.
    is_higher
        For each score whether training images should have the higher values.
    is_image
        For each input set whether it counts among those of images.
    """

    columns: Sequence[Float[Numbers, "N columns"]]
    second_order: int | None
    together: Sequence[int]
    is_higher: Sequence[bool]
    is_image: Sequence[bool]

    def of(self, rows: Sequence[NDArray[np.int64]]) -> Float[Numbers, " statistics"]:
        """The `MEASURES` of every score, AUROC and R^2 by set and score, R^2 of all together in all and in images."""
        sets = [each[chosen] for each, chosen in zip(self.columns, rows, strict=True)]
        scores = range(1, sets[0].shape[1])
        R = correlations(np.concatenate(sets))
        of_images = correlations(
            np.concatenate([x for x, is_image in zip(sets, self.is_image, strict=True) if is_image])
        )
        by_set = [correlations(each) for each in sets[1:]]
        means = np.stack([each.mean(0) for each in sets])
        train, *others = sets
        return np.array(
            [
                *(r_squared(R, 0, [k]) for k in scores),
                *(self._added(R, k) for k in scores),
                *(r_squared(of_images, 0, [k]) for k in scores),
                *(self._added(of_images, k) for k in scores),
                *(rank_correlation(means[:, 0], means[:, k]) for k in scores),
                *(self._auroc(train[:, k], other[:, k], k) for other in others for k in scores),
                *(r_squared(each, 0, [k]) for each in by_set for k in scores),
                *(r_squared(each, 0, self.together) if self.together else nan for each in (R, of_images)),
            ]
        )

    def _added(self, correlation: Numbers, column: int) -> float:
        return nan if self.second_order is None else r_squared(correlation, 0, [self.second_order, column])

    def _auroc(self, train: Numbers, other: Numbers, column: int) -> float:
        found = auroc(train, other).value
        return found if self.is_higher[column - 1] else 1 - found


@dataclass(frozen=True, eq=False)
class RivalTables:
    """`explained`: a row for each score, and one for all; `detectors`: a row for each score and input set."""

    explained: pd.DataFrame
    detectors: pd.DataFrame


def compare_rivals(
    log_p: Mapping[str, Numbers],
    evaluated: Sequence[EvaluatedScore],
    provenance: Provenance,
    options: BootstrapOptions = BootstrapOptions(),
    synthetic: Collection[str] = (),
) -> RivalTables:
    """Compare the scores as explanations of log p, and as detectors.

    Parameters
    ----------
    log_p
        Log p of every image in nats by input set, the training images first.
    evaluated
        The scores of the same images.
    provenance
        What the rows name as their source.
    options
        Of the bootstrap: images are drawn within each set, so every set keeps its size.
    synthetic
        Input sets that are no images, such as constants and noise.

    Returns
    -------
    RivalTables
        `explained`: `r2` is the share of the variance of log p, over the images of all sets together, that a line in
        the score explains; `r2_added` that of the score and the second-order prediction; `rank_correlation`
        Spearman's, between the means of log p and of the score over the sets, the training images among them.
        `r2_images` and `r2_images_added` are the same without synthetic sets. `detectors`: `auroc` is the probability
        that a training image lies further to the side where the source expects training images, and `r2` what the score
        explains of log p within the set. All with the ends of the 95 % percentile interval, `_low` and `_high`.
        `standard_error` is that of a score that is an estimate, `remark` what else must be known, or why a score has no
        numbers.

    Raises
    ------
    OptionError
        If there are no images beside the training images.
    """
    if len(log_p) < 2:
        raise OptionError("rivals: expected an input set beside the training images, got none")
    names, present = list(log_p), [each for each in evaluated if not each.absent]
    positions = {each.score.name: column for column, each in enumerate(present, start=1)}
    statistics = _Statistics(
        [np.column_stack([log_p[name], *(each.values[name] for each in present)]) for name in names],
        positions.get(RUNG),
        [positions[each.score.name] for each in present if not each.score.circular],
        [each.score.inside_is_higher for each in present],
        [name not in synthetic for name in names],
    )
    table = _with_intervals(statistics, [len(log_p[name]) for name in names], options)
    K = len(present)
    shared, n_images = asdict(provenance), sum(map(len, log_p.values()))
    explained = []
    for each in evaluated:
        columns = [] if each.absent else [positions[each.score.name] - 1 + i * K for i in range(len(MEASURES))]
        explained.append({**shared, **_row(each, table, columns), "n_images": n_images})
    end = table.shape[1]
    together = {**_cells("r2", table, end - 2), **_cells("r2_images", table, end - 1)}
    remark = _without(evaluated)
    row = {"score": ALL, **together, "is_circular": False, "n_images": n_images, "remark": remark}
    explained.append({**shared, **row})
    blocks = len(names) - 1
    detectors = [
        {
            **shared,
            "score": each.score.name,
            "input_set": name,
            **_cells("auroc", table, (len(MEASURES) + i) * K + k),
            **_cells("r2", table, (len(MEASURES) + blocks + i) * K + k),
            "n_images": len(log_p[name]),
        }
        for i, name in enumerate(names[1:])
        for k, each in enumerate(present)
    ]
    # With columns even if no score is available, so that a file of no rows can be read again.
    return RivalTables(pd.DataFrame(explained), pd.DataFrame(detectors, columns=[*shared, *DETECTOR_COLUMNS]))


def rank_correlation(x: Numbers, y: Numbers) -> float:
    """Spearman's rank correlation; NaN for fewer than three numbers, or where all of one kind are the same."""
    a, b = rankdata(x), rankdata(y)
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return nan
    return float(np.corrcoef(a, b)[0, 1])


def _with_intervals(
    statistics: _Statistics, counts: Sequence[int], options: BootstrapOptions
) -> Float[Numbers, "3 statistics"]:
    """Value, low and high end of each statistic."""

    def of_resamples(*rows: NDArray[np.int64], axis: int) -> Numbers:
        return np.stack([statistics.of([each[b] for each in rows]) for b in range(len(rows[0]))], axis=axis)

    images = tuple(np.arange(count) for count in counts)
    with warnings.catch_warnings():
        # A statistic that is not defined, such as a rank correlation of two sets, is NaN and so is its interval.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        interval = bootstrap(
            images,
            of_resamples,
            n_resamples=options.resamples,
            batch=RESAMPLES_AT_ONCE,
            vectorized=True,
            axis=-1,
            confidence_level=LEVEL,
            method="percentile",
            rng=np.random.default_rng(options.seed),
        ).confidence_interval
    return np.stack([statistics.of(images), interval.low, interval.high])


def _row(each: EvaluatedScore, table: Numbers, columns: Sequence[int]) -> dict[str, object]:
    """What a score is, and how well it explains log p; without numbers where it is absent."""
    score, cells = each.score, {}
    for name, column in zip(MEASURES, columns or (None,) * len(MEASURES), strict=True):
        cells.update(_cells(name, table, column))
    remarks = (f"not available: {each.absent}",) if each.absent else (score.circular, each.remark)
    return {
        "score": score.name,
        "units": score.units,
        "higher_means": score.higher_means,
        "source": score.source,
        "needs": ", ".join(score.needs),
        **cells,
        "is_circular": bool(score.circular),
        "standard_error": each.standard_error,
        "remark": "; ".join(filter(None, remarks)),
    }


def _cells(name: str, table: Numbers, column: int | None) -> dict[str, float]:
    value, low, high = (nan,) * 3 if column is None else map(float, table[:, column])
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _without(evaluated: Sequence[EvaluatedScore]) -> str:
    circular = [each.score.name for each in evaluated if each.score.circular and not each.absent]
    return f"without {', '.join(circular)}, which are computed from log p" if circular else ""
