"""The rung `gaussian`: the model's own answer for Gaussians with the data's moments (docs/theory.md, eqs. 80 to 83).

It uses exactly what the second-order argument uses, means, covariances and the model, and truncates nothing. It is
evaluated on request: it takes about 4,000 values of log p for each set, and more images than dimensions, while a few
hundred images do for the other rungs.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.gaussian_expectation import antithetic_pairs, group_means
from curvature.grouped_draws import GroupedDraws, floor_deviations, grouped_draws, groups_of
from curvature.ladder.options import GaussianOptions
from curvature.ladder.rung import Rung, Setting
from curvature.ladder.samples import SampleSet
from curvature.ladder.set_value import SetValue, noise_of_draws
from curvature.preconditions import CHANNELS
from curvature.units import LEVELS

DEQUANTIZATION_VARIANCE = 1 / (12 * LEVELS**2)
"""Variance of the uniform noise within the cells of 8-bit pixels on the scale [0, 1] (eq. 27)."""
GRID = 1e-3
"""Pixels that all stand at one place of their cells, to this share of a cell, are not dequantised."""


@dataclass(frozen=True)
class GaussianSettings:
    """Settings of the draws, with the variance of the floor decided."""

    options: GaussianOptions
    floor_variance: float


def prepare(setting: Setting) -> GaussianSettings:
    """Decide on the floor: for dequantised images on the scale [0, 1] the variance of that, unless it is given."""
    options, x = setting.options.gaussian, setting.p
    if options.floor_variance is not None:
        return GaussianSettings(options, options.floor_variance)
    return GaussianSettings(options, DEQUANTIZATION_VARIANCE if _are_dequantized(x) else 0.0)


def _are_dequantized(x: Float[Tensor, " N *event"]) -> bool:
    """Whether samples look like images on the scale [0, 1] whose pixels are spread over their cells."""
    is_image = x.ndim == 4 and x.shape[1] in CHANNELS and float(x.min()) >= 0 and float(x.max()) <= 1
    if not is_image:
        return False
    places = LEVELS * x[0] % 1
    return bool((places - places.flatten()[0]).abs().max() > GRID)


def evaluate_set(settings: GaussianSettings, samples: SampleSet) -> SetValue:
    """``E log p`` under N(mu, Sigma)."""
    return samples.shared(expected_log_p, settings)


def expected_log_p(settings: GaussianSettings, samples: SampleSet) -> SetValue:
    """Expected log p of the Gaussian with a set's moments, and of those without each group and of each half."""
    options, expansion, of_samples = settings.options, samples.expansion, samples.second_order
    draws = grouped_draws(samples.x, options.pairs, options.seed, like=expansion.at)
    floor = floor_deviations(samples.x, settings.floor_variance, options.pairs, options.seed + 1, like=expansion.at)
    groups, few = draws.groups, options.left_out_pairs
    pairs = antithetic_pairs(expansion, draws, groups, floor)
    slope = pairs.slope()
    values = pairs.values(slope, group_means(of_samples, groups))
    left_out = []
    for group in groups:
        others = [g for g in groups if g != group]
        without = antithetic_pairs(expansion, draws, others, floor, few)
        left_out.append(without.values(slope, group_means(of_samples, others)))
    replicates, value = torch.stack(left_out), float(values.mean())
    return SetValue(
        value,
        slope * of_samples.double(),
        replicates.mean(1) - value,
        values,
        noise_of_draws(replicates),
        half=sum(_half(settings, samples, draws, slope, half) for half in (groups[::2], groups[1::2])) / 2,
    )


def _half(
    settings: GaussianSettings, samples: SampleSet, draws: GroupedDraws, slope: float, groups: tuple[int, ...]
) -> float:
    """Expected log p from the moments of half of the samples."""
    own = torch.isin(groups_of(len(samples.x)), torch.tensor(groups)).to(samples.x.device)
    pairs, seed, like = settings.options.pairs, settings.options.seed + 1, samples.expansion.at
    floor = floor_deviations(samples.x[own], settings.floor_variance, pairs, seed, like=like)
    values = antithetic_pairs(samples.expansion, draws, groups, floor)
    return float(values.values(slope, group_means(samples.second_order, groups)).mean())


def route(_: Expansion, settings: GaussianSettings, __: int | None) -> str:
    """Say how many draws were taken."""
    return f"{2 * settings.options.pairs} antithetic draws, jackknife over groups of images"


RUNG = Rung(
    "gaussian", 55, "moments", None, route, prepare, is_default=False, forms_of_samples=True, evaluate_set=evaluate_set
)
