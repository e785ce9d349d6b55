"""Where the rung `path` is not the measured gap: the gradient's integral tells kinks from gradients not log p's."""

import math
from collections.abc import Mapping
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from curvature.ladder.evaluation import PreparedRungs, RungValues, evaluate_rungs, prepare_rungs
from curvature.ladder.prediction import RungPrediction
from curvature.ladder.refinement import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE

PATH, GRADIENT, KINKS = "path", "path-gradient", "kinks"
STANDARD_ERRORS = 3


def is_unexplained(difference: float, standard_error: float, measured: float) -> bool:
    """Whether a difference lies beyond three of its standard errors and the tolerance; all in bits per dimension."""
    allowed = max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * abs(measured))
    return abs(difference) > max(STANDARD_ERRORS * standard_error, allowed)


def path_is_unexplained(values: RungValues) -> bool:
    """Whether `path` misses log p of one set by itself."""
    if PATH not in values.values:
        return False
    bits = 1 / (values.dim * math.log(2))
    rest = (values.values[PATH] - values.measured).double() * bits
    spread = (values.measured.mean().item() - values.prepared.expansion.value) * bits
    return is_unexplained(float(rest.mean()), float(rest.std()) / math.sqrt(len(rest)), spread)


def with_kinks(
    values: Mapping[str, RungValues], samples: Mapping[str, Float[Tensor, " N *event"]], p: str = "p"
) -> dict[str, RungValues]:
    """Add the rungs `path-gradient` and `kinks` to sets that were evaluated with the same prepared rungs.

    Parameters
    ----------
    values
        By the sets' names, `path` among their rungs.
    samples
        Of the same sets.
    p
        Name of the training set.
    """
    prepared = next(iter(values.values())).prepared
    extra = prepare_rungs(prepared.expansion, samples[p], (GRADIENT, KINKS))
    both = replace(prepared, rungs=(*prepared.rungs, *extra.rungs))
    gradient_alone = replace(extra, rungs=extra.rungs[:1])
    found = {name: evaluate_rungs(gradient_alone, samples[name], name=name) for name in values}
    return {name: _merged(each, found[name], both) for name, each in values.items()}


def _merged(values: RungValues, more: RungValues, prepared: PreparedRungs) -> RungValues:
    gradient = more.values[GRADIENT]
    settled = more.converged[GRADIENT] and values.converged[PATH]
    return replace(
        values,
        values={**values.values, GRADIENT: gradient, KINKS: gradient - values.values[PATH]},
        nodes={**values.nodes, **more.nodes},
        converged={**values.converged, GRADIENT: more.converged[GRADIENT], KINKS: settled},
        prepared=prepared,
    )


def remark(rungs: Mapping[str, RungPrediction], measured: float) -> str | None:
    """Say that `path` is not the measured gap, and what its rest is, as far as the rungs tell; None where it is."""

    def misses(name: str) -> bool:
        rung = rungs.get(name)
        return rung is not None and is_unexplained(rung.difference, rung.difference_standard_error, measured)

    if not misses(PATH):
        return None
    line = "path is not the measured gap: kinks, or gradients that are not log p's"
    if GRADIENT not in rungs:
        return line
    if misses(GRADIENT):
        return f"{line}; the integral of the gradient is not either: log p jumps, or its gradient is not its own"
    between = "" if rungs[PATH].converged else " or curvature between its nodes"
    return f"{line}; the integral of the gradient is: kinks{between} account for it"
