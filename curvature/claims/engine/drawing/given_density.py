"""One density that is given, such as a trained flow, as claims see it: at points about the user's data."""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from curvature.claims.engine.drawing.coordinates import AboutData
from curvature.errors import ShapeError
from curvature.hessian.inspection import inspected
from curvature.precision import LogDensity
from curvature.preconditions import float_tensor, require_finite

GIVEN = "# flow and x: what was given to given_density\n"


@dataclass(frozen=True, eq=False, repr=False)
class GivenDensity:
    """A density and the data about which cases are drawn; made by `given_density`.

    Attributes
    ----------
    log_prob
        Its log p in float64, of a frozen copy if it is a module.
    event_shape
        Shape of one event.
    coordinates
        What the numbers of cases mean.
    origin
        Lines of Python that make `flow` and `x`, for the programs of counterexamples.
    """

    log_prob: LogDensity
    event_shape: tuple[int, ...]
    coordinates: AboutData
    origin: str = GIVEN

    @property
    def imported(self) -> str:
        """Lines that make what the repr names."""
        return f"{self.origin}model = given_density(flow, x)\n"

    def __repr__(self) -> str:
        return "model"


def given_density(flow: Any, x: Float[Tensor, " N *event"], origin: str = GIVEN) -> GivenDensity:
    """Put the claims of the theory to one density, ``verify(models=given_density(flow, x))``.

    Parameters
    ----------
    flow
        A module with `log_prob`, another object with it, that method, or a function ``[B, *event] -> [B]`` in nats. A
        module is copied to float64.
    x
        Events that it is meant for, in the units of its input. Points and covariances are drawn about them.
    origin
        Lines of Python that make `flow` and `x`, for the programs of counterexamples.

    Raises
    ------
    ToolkitError
        If the density cannot be evaluated or differentiated at the mean of the data, as `expand` raises.
    """
    events = require_finite(float_tensor(x, "x"), "x")
    if events.ndim == 0 or not events.numel():
        raise ShapeError(f"x: expected events [N, *event] with N > 0, got shape {tuple(events.shape)}")
    is_object = not isinstance(flow, nn.Module) and hasattr(flow, "log_prob")
    density = LogDensity.of(flow.log_prob if is_object else flow)
    coordinates = AboutData.of(events.to(density.device or events.device, density.dtype))
    return GivenDensity(inspected(density, coordinates.mean), tuple(events.shape[1:]), coordinates, origin)
