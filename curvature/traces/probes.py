"""Random probes in the eigenbasis of a covariance, and the mean of their quadratic forms (docs/theory.md, eq. 45)."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.accumulation import orthogonal_columns
from curvature.errors import OptionError
from curvature.hessian.operator import HessianOperator, quadratic_forms
from curvature.moments import Moments, require_events
from curvature.names import unknown_name

Probe = Literal["rademacher", "gaussian"]
PROBES = ("rademacher", "gaussian")

# Gram matrices whose off-diagonal entries are below this share of the largest diagonal one count as diagonal.
ORTHOGONAL_WITHIN = 1e-12


def require_budget(num_matvecs: int | None, at_least: int, method: str) -> int:
    """Return the number of quadratic forms to spend.

    Raises
    ------
    OptionError
        Unless it is an integer of at least `at_least`.
    """
    if not isinstance(num_matvecs, int) or isinstance(num_matvecs, bool) or num_matvecs < at_least:
        raise OptionError(
            f"num_matvecs: {method} needs an integer of at least {at_least} for a standard error, got {num_matvecs!r}"
        )
    return num_matvecs


def require_generator(generator: torch.Generator | int | None, method: str) -> torch.Generator:
    """Return the source of random probes; an integer seeds a new one.

    Raises
    ------
    OptionError
        If there is none.
    """
    if isinstance(generator, torch.Generator):
        return generator
    if not isinstance(generator, int) or isinstance(generator, bool):
        raise OptionError(f"generator: {method} needs a torch.Generator or an integer seed, got {generator!r}")
    return torch.Generator().manual_seed(generator)


def eigenbasis_factor(operator: HessianOperator, moments: Moments) -> Float[Tensor, "D R"]:
    """Factor of Sigma with orthogonal columns ``sqrt(lambda_r) u_r``, the longest first, without zero ones.

    Costs one R x R eigendecomposition, or nothing but a Gram matrix where the columns are orthogonal already.
    """
    require_events(operator.point.event_shape, moments=moments)
    F = moments.factor.to(operator.point.x0)
    gram = F.T @ F
    lengths = gram.diagonal()
    scale = float(lengths.max()) if len(lengths) else 0.0
    off_diagonal = gram - torch.diag(lengths)
    if float(off_diagonal.abs().sum()) > ORTHOGONAL_WITHIN * scale:
        F = orthogonal_columns(F)
        lengths = F.square().sum(0)
    F, lengths = (part.index_select(-1, lengths.argsort(descending=True, stable=True)) for part in (F, lengths))
    return F[:, lengths > F.shape[1] * torch.finfo(F.dtype).eps * scale]


def random_forms(
    operator: HessianOperator, F: Float[Tensor, "D R"], count: int, generator: torch.Generator, probe: Probe
) -> Float[Tensor, " count"]:
    """Return ``v'Hv`` of `count` probes ``v = F s``: independent, each with mean ``Tr{F'HF}``.

    Raises
    ------
    UnknownNameError
        If there is no such distribution of s.
    """
    if probe not in PROBES:
        raise unknown_name("probe", probe, PROBES)
    R = F.shape[1]
    # Drawn on the generator's device and in float64, so that a seed gives the same probes for a model on any device.
    if probe == "rademacher":
        s = torch.randint(0, 2, (count, R), generator=generator, device=generator.device).double() * 2 - 1
    else:
        s = torch.randn(count, R, generator=generator, device=generator.device, dtype=torch.float64)
    v = s.to(F) @ F.T
    return quadratic_forms(operator, v.reshape(count, *operator.point.event_shape)).double()


def mean_and_error(forms: Float[Tensor, " m"]) -> tuple[float, float]:
    """Mean of the probes' quadratic forms and its standard error, from their own spread."""
    return float(forms.mean()), float(forms.std()) / math.sqrt(len(forms))
