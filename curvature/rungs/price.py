"""The rung `price`: the gap between Gaussians as curvature averaged on the way from one to the other (eq. 84).

Bonnet's theorem gives the derivative of an expectation under a Gaussian with respect to its mean, Price's that with
respect to its covariance. Their integral is the value of the rung `gaussian`, from gradients and curvatures instead of
values of log p: two independent computations of one number, on the same moments.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.gaussian_expectation import Pairs, second_order
from curvature.grouped_draws import Kind, floor_deviations, grouped_draws
from curvature.hessian.operator import products, quadratic_forms
from curvature.ladder.rung import Rung, Setting
from curvature.ladder.samples import SampleSet, dot
from curvature.ladder.set_value import SetValue
from curvature.preconditions import require_finite
from curvature.quadrature import gauss_legendre
from curvature.rungs import gaussian
from curvature.rungs.gaussian import GaussianSettings

ROWS_AT_ONCE = 1024
OF_P, OF_Q, OF_DIRECTIONS, TO_FLOOR = 2, 3, 4, 3
"""Added to the seed: deviations of p and of q are independent, directions of both share their random signs."""


@dataclass(frozen=True, eq=False)
class Combinations:
    """Random combinations of centred samples, whose covariance is that of the samples.

    Attributes
    ----------
    of_samples
        The combinations.
    whole
        With the floor's random numbers added in directions without variance.
    """

    of_samples: Float[Tensor, " K *event"]
    whole: Float[Tensor, " K *event"]


@dataclass(frozen=True, eq=False)
class Start:
    """Where the way begins, at the Gaussian of p.

    Attributes
    ----------
    settings
        Of the draws.
    p
        Samples of the training distribution.
    second_order
        Mean over them of the second-order expansion of log p, in nats.
    """

    settings: GaussianSettings
    p: Float[Tensor, " N *event"]
    second_order: float


def prepare(setting: Setting) -> Start:
    """Expand log p at the samples of p."""
    expansion = setting.expansion
    values = [second_order(expansion, x.to(expansion.at)) for x in setting.p.split(ROWS_AT_ONCE)]
    return Start(gaussian.prepare(setting), setting.p, float(torch.cat(values).mean()))


def evaluate_set(start: Start, samples: SampleSet) -> SetValue:
    """Integral from the Gaussian of p to that of this set; its standard error of the samples is that of `gaussian`."""
    of_gaussian = gaussian.evaluate_set(start.settings, samples)
    draws = samples.expansion.at.new_zeros(start.settings.options.pairs_per_node)
    if not torch.equal(samples.x, start.p):  # from p to itself there is no way to go
        totals = way(start, samples)
        draws = totals.values(totals.slope(), float(samples.second_order.mean()) - start.second_order)
    return replace(of_gaussian, value=float(draws.mean()), draws=draws, half=math.nan)


def way(start: Start, samples: SampleSet) -> Pairs:
    """Integrate over the way, once for each pair of draws: of log p, and of its second-order expansion."""
    expansion, options = samples.expansion, start.settings.options
    x0 = expansion.at
    mean_p, mean_q = (x.mean(0, dtype=torch.float64).to(x0) for x in (start.p, samples.x))
    step = mean_q - mean_p
    delta_p = _combinations(start.settings, start.p, OF_P, "normal", x0).whole
    delta_q = _combinations(start.settings, samples.x, OF_Q, "normal", x0).whole
    v_p, v_q = (_combinations(start.settings, x, OF_DIRECTIONS, "signs", x0) for x in (start.p, samples.x))
    (H_step,) = products(expansion.operator, step[None])
    log_p = second = x0.new_zeros(options.pairs_per_node)
    for k, (node, weight) in enumerate(zip(*gauss_legendre(options.nodes), strict=True)):
        # t = sin^2 of the angle: the draws are smooth in the angle, where the square root of t is not smooth in t.
        angle = node * math.pi / 2
        weight = weight * math.pi / 2 * math.sin(2 * angle)
        rows = slice(k * options.pairs_per_node, (k + 1) * options.pairs_per_node)
        mean = mean_p + math.sin(angle) ** 2 * step
        delta = math.cos(angle) * delta_p[rows] + math.sin(angle) * delta_q[rows]
        log_p = log_p + weight * _derivative(expansion, mean, delta, step, v_q.whole[rows], v_p.whole[rows])
        slope = dot(expansion.gradient, step[None]) + dot(H_step, (mean - x0)[None])
        forms = [quadratic_forms(expansion.operator, v.of_samples[rows]) for v in (v_q, v_p)]
        second = second + weight * (slope + (forms[0] - forms[1]) / 2)
    return Pairs(log_p, second)


def _derivative(
    expansion: Expansion,
    mean: Float[Tensor, "*event"],
    delta: Float[Tensor, " K *event"],
    step: Float[Tensor, "*event"],
    v_q: Float[Tensor, " K *event"],
    v_p: Float[Tensor, " K *event"],
) -> Float[Tensor, " K"]:
    """``grad log p . m' + 1/2 (v_q'H v_q - v_p'H v_p)``, averaged over the antithetic draws."""
    operator = expansion.operator
    found = torch.zeros_like(delta.reshape(len(delta), -1)[:, 0])
    for x in (mean + delta, mean - delta):
        found += _by_parts(expansion, operator.slope, x, step.expand_as(x)) / 2
        found += (_by_parts(expansion, operator.along, x, v_q) - _by_parts(expansion, operator.along, x, v_p)) / 4
    return require_finite(found, "curvature on the way between the Gaussians")


def _by_parts(
    expansion: Expansion, function: Callable[[Tensor, Tensor], Tensor], x: Tensor, d: Tensor
) -> Float[Tensor, " K"]:
    size = expansion.operator.samples_at_once
    return torch.cat([function(*rows) for rows in zip(x.split(size), d.split(size), strict=True)])


def _combinations(
    settings: GaussianSettings, x: Float[Tensor, " N *event"], stream: int, kind: Kind, like: Tensor
) -> Combinations:
    options = settings.options
    count, seed = options.nodes * options.pairs_per_node, options.seed + stream
    draws = grouped_draws(x, count, seed, like=like, kind=kind)
    of_samples = draws.deviations(draws.groups)
    floor = floor_deviations(x, settings.floor_variance, count, seed + TO_FLOOR, like=like)
    return Combinations(of_samples, of_samples if floor is None else of_samples + floor)


def route(expansion: Expansion, start: Start, _: int | None) -> str:
    """Say how curvature was averaged."""
    options = start.settings.options
    return (
        f"{expansion.operator.along_route}, {options.nodes} Gauss-Legendre nodes, "
        f"{2 * options.pairs_per_node} antithetic draws at each"
    )


RUNG = Rung(
    "price", 56, "moments", None, route, prepare, is_default=False, forms_of_samples=True, evaluate_set=evaluate_set
)
