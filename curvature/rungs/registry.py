"""The rungs of the curvature ladder, each as one number a sample (docs/theory.md, eqs. 17-20b and 30)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.hessian.derivatives import directional_curvature
from curvature.hessian.layered.paths import curvature_along_lines
from curvature.names import unknown_name
from curvature.rungs.mean_curvature import DENSE_UP_TO, MeanCurvature
from curvature.rungs.quadrature import gauss_jacobi


@dataclass(frozen=True, eq=False)
class Block:
    """Some samples of one set, seen from the expansion point x0 and from the set's own mean mu.

    Attributes
    ----------
    expansion
        Expansion of log p about x0.
    d
        ``x - x0``.
    m
        ``mu - x0``.
    Hm
        ``H m``.
    published
        Weights of the published closed form, where the rung of that name is asked for.
    averaged
        Averaged curvature, where the rung `mean-curvature` is asked for.
    """

    expansion: Expansion
    d: Float[Tensor, " B *event"]
    m: Float[Tensor, "*event"]
    Hm: Float[Tensor, "*event"]
    published: Float[Tensor, "*event"] | None = None
    averaged: MeanCurvature | None = None

    @cached_property
    def Hd(self) -> Float[Tensor, " B *event"]:  # noqa: N802
        """``H d`` for every sample."""
        return torch.cat([Hd for _, Hd in self.expansion.hessian_blocks(self.d)])

    @cached_property
    def tangent(self) -> Float[Tensor, " B"]:
        """First-order part ``log p(x0) + g.d``."""
        return self.expansion.value + dot(self.expansion.gradient, self.d)


def dot(a: Float[Tensor, "*#batch_event"], b: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    """Inner product of events, a sample at a time."""
    return (a * b).reshape(len(b), -1).sum(1)


def published(s: Block) -> Float[Tensor, " B"]:
    """``sum_i w_i (x_i - mu_i)^2``: the published closed form, from 1x1 kernels and variances alone (eq. 30)."""
    if s.published is None:
        raise OptionError("rung published: the model has no 1x1 kernels (channel_mixings) to compute it from")
    return dot(s.published, (s.d - s.m).square())


def diagonal(s: Block) -> Float[Tensor, " B"]:
    """``1/2 sum_i H_ii (x_i - mu_i)^2``: exact diagonal of H, per-pixel variances (eq. 17)."""
    return dot(s.expansion.diagonal(), (s.d - s.m).square()) / 2


def full(s: Block) -> Float[Tensor, " B"]:
    """``1/2 (x - mu)'H(x - mu)``: the covariance term alone, full covariance (eq. 18)."""
    return dot(s.d - s.m, s.Hd - s.Hm) / 2


def taylor2(s: Block) -> Float[Tensor, " B"]:
    """``log p(x0) + g.d + 1/2 d'H d``: every second-order term (eq. 19)."""
    return s.tangent + dot(s.d, s.Hd) / 2


def gradient(s: Block) -> Float[Tensor, " B"]:
    """``g.d``: the gradient term of `taylor2` (eq. 19a)."""
    return dot(s.expansion.gradient, s.d)


def mean_shift(s: Block) -> Float[Tensor, " B"]:
    """``d'Hm - 1/2 m'Hm``: the mean-shift term of `taylor2`; over the set it averages to ``1/2 m'Hm`` (eq. 19a)."""
    return dot(s.Hm, s.d) - dot(s.Hm, s.m[None]) / 2


def mean_curvature(s: Block) -> Float[Tensor, " B"]:
    """``log p(x0) + g.d + 1/2 d' E[H] d``: curvature averaged over samples of p instead of at x0 (eq. 20a)."""
    if s.averaged is None:
        raise OptionError("rung mean-curvature: no points to average the curvature over were given")
    return s.tangent + s.averaged.quadratic(s.d) / 2


def path(s: Block, n: int) -> Float[Tensor, " B"]:
    """``log p(x0) + g.d + sum_k w_k d'H(x0 + t_k d) d``: curvature along the way to the sample, n nodes (eq. 20)."""
    log_p, x0 = s.expansion.log_prob, s.expansion.at
    along = (
        partial(directional_curvature, log_p) if log_p.layers is None else partial(curvature_along_lines, log_p.layers)
    )
    return s.tangent + sum(w * along(x0 + t * s.d, s.d) for t, w in zip(*gauss_jacobi(n), strict=True))


RUNGS: dict[str, Callable[[Block], Tensor]] = {
    "published": published,
    "diagonal": diagonal,
    "full": full,
    "taylor2": taylor2,
    "mean-curvature": mean_curvature,
}
# What `taylor2` is made of beside `full`: no predictions of the gap by themselves, so never among the default rungs.
TERMS: dict[str, Callable[[Block], Tensor]] = {"gradient": gradient, "mean-shift": mean_shift}
ADAPTIVE = "path"
NEEDS_HESSIAN = frozenset({"full", "taylor2"})
NEEDS_MEAN = frozenset({"full", "mean-shift"})


def rung_names(nodes: Iterable[int] = (1, 2, 3)) -> tuple[str, ...]:
    """Names of the default rungs, from the crudest to the nearest."""
    return (*RUNGS, *(f"path-{n}" for n in nodes), ADAPTIVE)


def rung_function(name: str) -> Callable[[Block], Float[Tensor, " B"]]:
    """Look up a rung, or a term of `taylor2`, by its name; not the adaptive `path`, which needs a whole set at once.

    Raises
    ------
    UnknownNameError
        If there is no such rung.
    """
    if function := RUNGS.get(name) or TERMS.get(name):
        return function
    if match := re.fullmatch(r"path-([1-9]\d*)", name):
        return partial(path, n=int(match[1]))
    raise unknown_name("rung", name, rung_names())


def rung_route(name: str, expansion: Expansion) -> str:
    """Say how a rung of that name is computed with that expansion."""
    if name == "published":
        return "closed form"
    if name == "mean-curvature":
        return "dense, averaged" if expansion.dim <= DENSE_UP_TO else "quadratic forms, averaged"
    products = "hvp" if expansion.log_prob.layers is None else "hvp through the layers"
    if name == "gradient":
        return "gradient"
    if name in NEEDS_HESSIAN or name in TERMS:
        return "dense" if expansion.has_hessian else products
    if name == "diagonal":
        return "dense" if expansion.has_hessian else f"diagonal by {products}"
    return path_route(expansion, int(name.removeprefix("path-")))


def path_route(expansion: Expansion, nodes: int) -> str:
    """Say how a path rung with that many nodes is computed."""
    route = "forward-over-reverse" if expansion.log_prob.layers is None else "2-jet through the layers"
    return f"{route}, {nodes} Gauss-Jacobi nodes"
