"""What a rung of the curvature ladder is: its name, its kind, what it prepares once, and its values for a set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.ladder.options import LadderOptions
from curvature.ladder.samples import Block, SampleSet
from curvature.ladder.set_value import SetValue

Kind = Literal["moments", "samples"]
"""``moments``: predicts from means, covariances and the model; ``samples``: explains with the samples themselves."""


class RungUnavailableError(OptionError):
    """A rung that this model or these options do not allow; the message says why."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What a rung can use to prepare itself.

    Attributes
    ----------
    expansion
        Expansion of log p about x0.
    p
        Samples of the training distribution, on any device and of any float dtype.
    options
        Settings of the rungs.
    n_samples
        How many samples will be evaluated in all.
    """

    expansion: Expansion
    p: Float[Tensor, " N *event"]
    options: LadderOptions
    n_samples: int


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A rung's values for some samples.

    Attributes
    ----------
    values
        One number a sample, in nats. Only differences between two sets' means are predictions.
    nodes
        Number of quadrature nodes; None for rungs without quadrature.
    converged
        Whether an adaptive rule converged; True for rungs without one.
    """

    values: Float[Tensor, " B"]
    nodes: int | None = None
    converged: bool = True


def nothing(_: Setting) -> None:
    """Prepare nothing: the rung needs the expansion alone."""


@dataclass(frozen=True)
class Rung:
    """One rung, made by one file of `curvature.rungs`.

    Attributes
    ----------
    name
        As results record it.
    order
        Place in the ladder; rungs of a lower number are cruder.
    kind
        Whether it predicts from moments or explains with samples.
    evaluate
        Its values for a block of samples, given the prepared state; None where `evaluate_set` is given.
    route
        How it is computed, in words, given the expansion, the prepared state and the number of nodes.
    prepare
        What is computed once for all sets; raises `RungUnavailableError` where the rung is not available.
    is_default
        Whether it is among the rungs that are evaluated where none are named.
    is_part
        Whether it is a part of a gap, and no prediction of the whole.
    forms_of_samples, forms_of_units
        Whether it takes the form ``d'H d`` of every sample, or of every unit vector, with H at x0. If that makes many
        forms, H is computed as a matrix first.
    evaluate_set
        For rungs whose value of a set is not a mean over its samples: the value of all samples together, with its
        errors, given the prepared state.
    """

    name: str
    order: float
    kind: Kind
    evaluate: Callable[[Any, Block], Evaluated] | None
    route: Callable[[Expansion, Any, int | None], str]
    prepare: Callable[[Setting], Any] = nothing
    is_default: bool = True
    is_part: bool = False
    forms_of_samples: bool = False
    forms_of_units: bool = False
    evaluate_set: Callable[[Any, SampleSet], SetValue] | None = None


@dataclass(frozen=True)
class RungFamily:
    """Rungs that differ by a number of nodes, such as ``path-n``.

    Attributes
    ----------
    pattern
        Regular expression of the names; its one group is the number.
    make
        Builds the rung of that number.
    order
        Place in the ladder.
    """

    pattern: str
    make: Callable[[int], Rung]
    order: float


def by_operator(expansion: Expansion, _: Any, __: int | None) -> str:
    """Route of rungs that take quadratic forms with H at x0."""
    return expansion.operator.route
