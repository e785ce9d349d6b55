"""What the ladder's samples are seen from: the expansion, and what the rungs that need more than it are given."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from curvature.closed_form.coefficients import published_coefficients
from curvature.expansion import Expansion
from curvature.rungs.mean_curvature import MeanCurvature, mean_curvature
from curvature.rungs.registry import rung_names


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """An expansion with, where known, the published weights and the averaged curvature.

    Attributes
    ----------
    expansion
        Expansion of log p about x0.
    published
        Weights w of the per-pixel variances in the published closed form (eq. 30), None if the model has no 1x1 kernels
        to compute them from.
    averaged
        Curvature averaged over samples of p, None if not asked for.
    """

    expansion: Expansion
    published: Float[Tensor, " *event"] | None = None
    averaged: MeanCurvature | None = None

    def rung_names(self, nodes: tuple[int, ...] = (1, 2, 3)) -> tuple[str, ...]:
        """Names of all rungs that can be seen from here, from the crudest to the nearest."""
        missing = {"published"} if self.published is None else set()
        missing |= {"mean-curvature"} if self.averaged is None else set()
        return tuple(name for name in rung_names(nodes) if name not in missing)


def look_from(expansion: Expansion, points: Float[Tensor, " M *event"] | None = None) -> Viewpoint:
    """Gather what the rungs need beside the expansion.

    Parameters
    ----------
    expansion
        Expansion of log p; if its model has `channel_mixings()`, the published closed form is computed from them.
    points
        Points to average the curvature over, usually a few samples of p; None for no rung `mean-curvature`.
    """
    averaged = None if points is None or not len(points) else mean_curvature(expansion, points.to(expansion.at))
    return Viewpoint(expansion, published_weights(expansion), averaged)


def published_weights(expansion: Expansion) -> Float[Tensor, " *event"] | None:
    """Weights of the published closed form for an expansion's model, None where it has no 1x1 kernels or images."""
    model, flow = expansion.log_prob.module, expansion.log_prob.layers
    mixings = getattr(model, "channel_mixings", None)
    if mixings is None or flow is None or len(expansion.event_shape) != 3:
        return None
    coefficients = published_coefficients(mixings(), expansion.event_shape[0], flow.prior_scale)
    return coefficients.weights(expansion.event_shape).to(expansion.at)
