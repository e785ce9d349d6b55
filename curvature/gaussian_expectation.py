"""Expected log p of Gaussians by antithetic draws with a control variate (docs/theory.md, eqs. 80 to 82)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.grouped_draws import GroupedDraws, groups_of
from curvature.hessian.operator import quadratic_forms
from curvature.preconditions import require_finite

ROUND_OFF = 1e-12


@dataclass(frozen=True, eq=False)
class Pairs:
    """Means over antithetic pairs of draws, in nats.

    Attributes
    ----------
    log_p
        Of log p.
    second_order
        Of the second-order expansion of log p, the control variate.
    """

    log_p: Float[Tensor, " K"]
    second_order: Float[Tensor, " K"]

    def slope(self) -> float:
        """Slope of the regression of log p on the control variate; zero where that does not vary."""
        control = self.second_order - self.second_order.mean()
        variance = float(control.square().mean())
        if variance <= (ROUND_OFF * float(self.second_order.abs().mean())) ** 2:
            return 0.0
        return float((self.log_p * control).mean()) / variance

    def values(self, slope: float, expected: float) -> Float[Tensor, " K"]:
        """Log p less the control variate's deviation from its known expectation, a pair at a time (eq. 82)."""
        return self.log_p - slope * (self.second_order - expected)


def antithetic_pairs(
    expansion: Expansion,
    draws: GroupedDraws,
    groups: Sequence[int],
    floor: Float[Tensor, " K *event"] | None,
    count: int | None = None,
) -> Pairs:
    """Evaluate log p and its second-order expansion at ``mu + delta`` and ``mu - delta``.

    Parameters
    ----------
    expansion
        Of log p about x0.
    draws, groups
        Give mu and the deviations delta of the Gaussian with the moments of some groups of samples.
    floor
        Added to the deviations where log p is evaluated; the control variate, whose expectation is known without it
        only, does not see it.
    count
        Number of draws; all if left out.
    """
    delta = draws.deviations(groups, count)
    return pairs_about(expansion, draws.mean(groups), delta, None if floor is None else floor[: len(delta)])


@torch.no_grad()
def pairs_about(
    expansion: Expansion,
    mean: Float[Tensor, "*event"],
    delta: Float[Tensor, " K *event"],
    floor: Float[Tensor, " K *event"] | None = None,
) -> Pairs:
    """Evaluate log p at ``mean + delta + floor`` and ``mean - delta - floor``, and its expansion without the floor."""
    spread = delta if floor is None else delta + floor
    log_p = (log_probs(expansion, mean + spread) + log_probs(expansion, mean - spread)) / 2
    second = (second_order(expansion, mean + delta) + second_order(expansion, mean - delta)) / 2
    return Pairs(log_p, second)


def group_means(values: Float[Tensor, " N"], groups: Sequence[int]) -> float:
    """Mean of one number a sample over the samples of some groups."""
    own = torch.isin(groups_of(len(values)), torch.tensor(list(groups)))
    return float(values[own.to(values.device)].double().mean())


def log_probs(expansion: Expansion, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    """Log p of every row in nats, in parts that fit the memory budget.

    Raises
    ------
    NonFiniteError
        If it is not finite.
    """
    operator = expansion.operator
    found = torch.cat([operator.log_prob(rows) for rows in x.split(operator.samples_at_once)])
    return require_finite(found, "log p of draws from a Gaussian with the moments of the samples")


def second_order(expansion: Expansion, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    """``log p(x0) + g.d + 1/2 d'H d`` of every row in nats (eq. 19)."""
    d = x - expansion.at
    slopes = (expansion.gradient * d).reshape(len(d), -1).sum(1)
    return expansion.value + slopes + quadratic_forms(expansion.operator, d) / 2
