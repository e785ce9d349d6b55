"""Which statistic of the images makes a gap: the same gap with covariance models that keep more and more (eq. 88)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.covariance_models.covariance_model import CovarianceModel, Forms
from curvature.discovery import discover
from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.gaussian_expectation import pairs_about
from curvature.ladder.evaluation import PreparedRungs, evaluate_rungs, prepare_rungs
from curvature.ladder.options import GaussianOptions
from curvature.ladder.set_value import SetValue, difference, set_gap
from curvature.preconditions import float_tensor, require_image

IMAGES_AT_ONCE = 512
MEAN, FULL, MEASURED = "mean", "full", "measured"
ADDS = {MEAN: "mean", FULL: "non-stationarity", MEASURED: "beyond two moments"}
COLUMNS = (
    "statistic",
    "adds",
    *(f"{name}{error}" for name in ("taylor2", "taylor2_step", "gaussian", "gaussian_step") for error in ("", "_se")),
)


@lru_cache
def covariance_models() -> tuple[CovarianceModel, ...]:
    """Every covariance model, from the one that keeps least."""
    found = discover("analysis.covariance_models", "COVARIANCE_MODEL")
    return tuple(sorted(found, key=lambda model: model.order))


@dataclass(frozen=True, eq=False)
class PreparedStatistics:
    """An expansion with its Hessian as every covariance model sees it, made by `prepare_statistics`.

    Attributes
    ----------
    rungs
        The rungs `taylor2` and `gaussian`, for the full covariance.
    forms
        By covariance model: the quadratic forms ``e' M(H) e``.
    noise
        White noise, the same for all models and sets.
    """

    rungs: PreparedRungs
    forms: Mapping[str, Forms]
    noise: Float[Tensor, " K C H W"]

    @property
    def expansion(self) -> Expansion:
        """Of log p about x0, with H as a matrix."""
        return self.rungs.expansion


@dataclass(frozen=True, eq=False)
class SetStatistics:
    """The values of one set, by statistic and in order: mean, covariance models, full covariance, measured.

    Attributes
    ----------
    taylor2, gaussian
        Second-order expansion, and expected log p, of the Gaussian that keeps the statistic.
    prepared
        What they were evaluated with.
    """

    taylor2: Mapping[str, SetValue]
    gaussian: Mapping[str, SetValue]
    prepared: PreparedStatistics


def prepare_statistics(
    expansion: Expansion, p: Float[Tensor, " N C H W"], options: GaussianOptions | None = None
) -> PreparedStatistics:
    """Write H out as a matrix, and project it as every covariance model does.

    Parameters
    ----------
    expansion
        Of log p of images about x0. The matrix takes D products with H, and D x D numbers of memory.
    p
        Images of the training distribution.
    options
        How many draws are taken.

    Raises
    ------
    ShapeError
        If the events are no images ``[C, H, W]``.
    ToolkitError
        Any that `curvature.prepare_rungs` raises.
    """
    shape, options = require_image(expansion.event_shape, "statistics ladder"), options or GaussianOptions()
    expansion = expansion.dense()
    H = expansion.hessian().reshape(*shape, *shape)
    rungs = prepare_rungs(expansion, p, ("taylor2", "gaussian"), gaussian=options)
    generator = torch.Generator().manual_seed(options.seed + 1)
    noise = torch.randn(options.pairs, *shape, generator=generator, dtype=torch.float64).to(expansion.at)
    return PreparedStatistics(rungs, {model.name: model.forms(H) for model in covariance_models()}, noise)


def evaluate_statistics(prepared: PreparedStatistics, x: Float[Tensor, " N C H W"]) -> SetStatistics:
    """Evaluate one set under every covariance model, and as it is.

    Raises
    ------
    ToolkitError
        Any that `curvature.evaluate_rungs` raises.
    """
    values, draws = evaluate_rungs(prepared.rungs, x), len(prepared.noise)
    expansion = prepared.expansion
    x = float_tensor(x, "samples").to(expansion.at)
    mean = x.mean(0)
    e, tangent = x - mean, _about_the_mean(expansion, x, mean)
    taylor2, gaussian = {}, {}
    taylor2[MEAN] = SetValue.of_samples(tangent, draws)
    gaussian[MEAN] = _expected(expansion, mean, 0 * prepared.noise, tangent)
    for model in covariance_models():
        forms = torch.cat([prepared.forms[model.name](part) for part in e.split(IMAGES_AT_ONCE)])
        second_order = tangent + forms / 2
        taylor2[model.name] = SetValue.of_samples(second_order, draws)
        gaussian[model.name] = _expected(expansion, mean, model.root(e)(prepared.noise), second_order)
    taylor2[FULL], gaussian[FULL] = SetValue.of_samples(values.values["taylor2"], draws), values.of_set["gaussian"]
    taylor2[MEASURED] = gaussian[MEASURED] = SetValue.of_samples(values.measured, draws)
    return SetStatistics(taylor2, gaussian, prepared)


def statistics_ladder(q: SetStatistics, p: SetStatistics) -> pd.DataFrame:
    """Compare two sets, statistic by statistic.

    Parameters
    ----------
    q, p
        Evaluated with the same prepared statistics.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, a row for each statistic from the mean to the measured gap. `taylor2` and `gaussian` are the
        gaps of Gaussians that keep the statistic, bits per dimension; `taylor2_step` and `gaussian_step` what they
        differ by from the row before, due to what the row `adds`, so that steps add up to the measured gap. Each has
        its standard error: the draws' is paired; the samples', for all but the full covariance, is that of the
        second-order expansion times the slope of the regression on it.

    Raises
    ------
    OptionError
        If the two were not.
    """
    if q.prepared is not p.prepared:
        raise OptionError("statistics ladder: q and p were evaluated with different prepared statistics")
    adds = {**ADDS, **{model.name: model.adds for model in covariance_models()}}
    rows: list[dict[str, object]] = [{"statistic": name, "adds": adds[name]} for name in q.taylor2]
    unit = q.prepared.expansion.dim * math.log(2)
    for rung, of_q, of_p in (("taylor2", q.taylor2, p.taylor2), ("gaussian", q.gaussian, p.gaussian)):
        before: tuple[SetValue, SetValue] | None = None
        for row, name in zip(rows, of_q, strict=True):
            pair = of_q[name], of_p[name]
            step = pair if before is None else [difference(a, b) for a, b in zip(pair, before, strict=True)]
            for column, (a, b) in ((rung, pair), (f"{rung}_step", step)):
                gap = set_gap(a, b)
                row |= {column: -gap.nats / unit, f"{column}_se": gap.error / unit}
            before = pair
    return pd.DataFrame(rows, columns=COLUMNS)


def _about_the_mean(
    expansion: Expansion, x: Float[Tensor, " N C H W"], mean: Float[Tensor, "C H W"]
) -> Float[Tensor, " N"]:
    """Second-order expansion at the set's mean, linear in each sample: its error is that of the mean."""
    m = mean - expansion.at
    slope = expansion.gradient + expansion.hvp(m)
    at_mean = expansion.value + float((expansion.gradient * m).sum()) + float(expansion.quadratic(m)) / 2
    return at_mean + (slope * (x - mean)).flatten(1).sum(1)


def _expected(
    expansion: Expansion,
    mean: Float[Tensor, "C H W"],
    delta: Float[Tensor, " K C H W"],
    second_order: Float[Tensor, " N"],
) -> SetValue:
    """Expected log p of a Gaussian by draws, as in eq. (82)."""
    pairs = pairs_about(expansion, mean, delta)
    slope = pairs.slope()
    draws = pairs.values(slope, float(second_order.mean()))
    # Without covariance nothing varies from draw to draw; the samples' error is then that of the mean to first order.
    of_samples = SetValue.of_samples((slope or 1.0) * second_order, len(draws))
    return SetValue(float(draws.mean()), of_samples.proxy, of_samples.deviations, draws)
