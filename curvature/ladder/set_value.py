"""The value of a rung for a set as a whole, with the errors of its samples and of its random draws (theory.md, eq. 85).

Rungs whose value for a set is a mean over its samples need none of this. Others, such as the expected log p of a
Gaussian with the set's moments, get the error of the samples by the jackknife: the value is computed without each of
ten groups of samples.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.grouped_draws import groups_of


@dataclass(frozen=True, eq=False)
class SetValue:
    """A rung's value for one set, in nats; differences of values are paired, group by group and draw by draw.

    Attributes
    ----------
    value
        The value. Only differences between two sets' values are predictions.
    proxy
        One number a sample whose mean varies from one set of samples to another much as the value does: the part of its
        error that is known from every sample rather than from ten groups.
    deviations
        By group of samples: the value without the group, minus the value.
    draws
        What each random draw says the value is, or its random part; their mean estimates it. Values that were made with
        the same random numbers have their draws in the same order.
    draws_in_deviations
        Variance that the random draws add to the jackknife's, in squared nats.
    half
        The value from half of the samples; NaN where it was not computed.
    """

    value: float
    proxy: Float[Tensor, " N"]
    deviations: Float[Tensor, " G"]
    draws: Float[Tensor, " K"]
    draws_in_deviations: float = 0.0
    half: float = math.nan

    @classmethod
    def of_samples(cls, values: Float[Tensor, " N"], draws: int) -> "SetValue":
        """Return the mean of one number a sample, which takes no random draws, as the value of the set."""
        values = values.double()
        return cls(float(values.mean()), values, left_out_means(values) - values.mean(), values.new_zeros(draws))

    def less(self, values: Float[Tensor, " N"]) -> "SetValue":
        """Return this value minus the mean of one number a sample of the same set, paired group by group."""
        values = values.double()
        mean = values.mean()
        return replace(
            self,
            value=self.value - float(mean),
            proxy=self.proxy - values,
            deviations=self.deviations - (left_out_means(values) - mean),
            half=math.nan,
        )


def difference(a: SetValue, b: SetValue) -> SetValue:
    """Difference of two values of the same set, paired sample by sample, group by group and draw by draw."""
    return SetValue(
        a.value - b.value,
        a.proxy - b.proxy,
        a.deviations - b.deviations,
        a.draws - b.draws,
        a.draws_in_deviations + b.draws_in_deviations,
    )


class Gap(NamedTuple):
    """Difference of two sets' values in nats, with its standard error and the two parts of that."""

    nats: float
    error: float
    samples_error: float
    draws_error: float


def set_gap(q: SetValue, p: SetValue) -> Gap:
    """Difference of the values of two sets; samples of both sets are independent, random draws are paired."""
    samples = _samples_variance(q) + _samples_variance(p)
    draws = float((q.draws - p.draws).var()) / len(q.draws)
    return Gap(q.value - p.value, math.sqrt(samples + draws), math.sqrt(samples), math.sqrt(draws))


def left_out_means(values: Float[Tensor, " N"]) -> Float[Tensor, " G"]:
    """Mean without each group of samples."""
    groups = groups_of(len(values)).to(values.device)
    count = int(groups.max()) + 1
    sums = values.new_zeros(count).index_add_(0, groups, values)
    counts = values.new_zeros(count).index_add_(0, groups, torch.ones_like(values))
    return (values.sum() - sums) / (len(values) - counts)


def noise_of_draws(left_out: Float[Tensor, "G K"]) -> float:
    """Variance that random draws add to the jackknife's, from the contribution of every draw to every replicate."""
    G, K = left_out.shape
    return (G - 1) / G * float((left_out - left_out.mean(0)).var(1).sum()) / K if K > 1 else 0.0


def _samples_variance(value: SetValue) -> float:
    """Variance of the value over samples: that of a multiple of the proxy's mean, and the jackknife's of the rest."""
    deviations, of_proxy = value.deviations - value.deviations.mean(), left_out_means(value.proxy)
    of_proxy = of_proxy - of_proxy.mean()
    square, G = float(of_proxy.square().sum()), len(deviations)
    # Two groups lie on a line whatever they are.
    slope = float(deviations @ of_proxy) / square if square > 0 and G > 2 else 0.0
    rest = (G - 1) / G * float((deviations - slope * of_proxy).square().sum()) - value.draws_in_deviations
    return slope**2 * float(value.proxy.var()) / len(value.proxy) + max(rest, 0.0)
