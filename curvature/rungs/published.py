"""The rung `published`: the paper's closed form, from 1x1 kernels and per-pixel variances alone (eq. 30)."""

from jaxtyping import Float
from torch import Tensor

from curvature.closed_form.coefficients import published_coefficients
from curvature.ladder.rung import Evaluated, Rung, RungUnavailableError, Setting
from curvature.ladder.samples import Block, dot

Weights = Float[Tensor, "*event"]


def prepare(setting: Setting) -> Weights:
    """Compute the weights w of the per-pixel variances from the model's channel mixings and the scale of its prior."""
    module, shape = setting.expansion.log_prob.module, setting.expansion.event_shape
    if module is None:
        raise RungUnavailableError(f"published: {setting.expansion.log_prob.refusal}, so there are no 1x1 kernels")
    mixings, scale = getattr(module, "channel_mixings", None), getattr(getattr(module, "prior", None), "scale", None)
    if mixings is None:
        raise RungUnavailableError(f"published: {type(module).__name__} has no 1x1 kernels (no method channel_mixings)")
    if scale is None:
        raise RungUnavailableError(f"published: {type(module).__name__} has no prior of one scale (no prior.scale)")
    if len(shape) != 3:
        raise RungUnavailableError(f"published: the events are no images [C, H, W], their shape is {shape}")
    coefficients = published_coefficients(mixings(), shape[0], float(scale))
    return coefficients.weights(shape).to(setting.expansion.at)


def evaluate(weights: Weights, block: Block) -> Evaluated:
    """``sum_i w_i (x_i - mu_i)^2``."""
    return Evaluated(dot(weights, (block.d - block.m).square()))


RUNG = Rung("published", 10, "moments", evaluate, lambda *_: "closed form", prepare)
