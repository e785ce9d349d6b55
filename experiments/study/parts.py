"""The parts of log p, such as a flow's prior and volume terms, on the images of a comparison, with their second order.

The second order of one part that varies is what the whole's leaves after the others, because it is linear in log p: a
flow of two parts costs one more Hessian, and a flow of constant volume none.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.parts import PartValues
from curvature import Expansion
from curvature.ladder.evaluation import RungValues, evaluate_rungs, prepare_rungs
from experiments.study.progress import Progress

RUNG = "taylor2"
ROUND_OFF = 1e-10
"""Of a part that does not depend on x: relative to its size and the number of dimensions."""

Samples = Mapping[str, Float[Tensor, " N *event"]]


def evaluate_parts(
    expansion: Expansion, samples: Samples, whole: Mapping[str, RungValues], progress: Progress
) -> dict[str, dict[str, PartValues]]:
    """Evaluate every part of log p, and its second-order expansion, for each image of every set.

    Parameters
    ----------
    expansion
        Expansion of log p about x0.
    samples
        Events by the input sets' names, the training images first.
    whole
        The rungs of log p on the same images.
    progress
        Counts images.

    Returns
    -------
    dict
        By input set, then by part; no parts where the model does not split log p, or `taylor2` was not evaluated.
    """
    found: dict[str, dict[str, PartValues]] = {name: {} for name in samples}
    if any(RUNG not in values.values for values in whole.values()):
        return found
    measured = {part: _measured(each, samples) for part, each in expansion.parts.items()}
    varying = [part for part, values in measured.items() if not _is_constant(values, expansion.dim)]
    orders = _second_orders({part: expansion.parts[part] for part in varying[1:]}, samples, progress)
    for part, values in measured.items():
        for name in samples:
            second, route = values[name], "constant"
            if part in orders:
                second, route = orders[part][name], expansion.parts[part].operator.route
            elif part in varying:
                others = [orders[other][name] for other in varying[1:]]
                second, route = whole[name].values[RUNG] - sum(others), _remaining(varying)
            found[name][part] = PartValues(values[name], second, route, part not in varying)
    return found


def _measured(part: Expansion, samples: Samples) -> dict[str, Float[Tensor, " N"]]:
    at_once = part.operator.samples_at_once
    return {
        name: torch.cat([part.operator.log_prob(rows.to(part.at)) for rows in x.split(at_once)])
        for name, x in samples.items()
    }


def _is_constant(values: Mapping[str, Float[Tensor, " N"]], dim: int) -> bool:
    """Whether a part is the same for all images, apart from rounding."""
    joined = torch.cat(list(values.values()))
    return float(joined.max() - joined.min()) <= ROUND_OFF * (float(joined.abs().max()) + dim)


def _second_orders(
    parts: Mapping[str, Expansion], samples: Samples, progress: Progress
) -> dict[str, dict[str, Float[Tensor, " N"]]]:
    """The rung `taylor2` of some parts, by part and input set."""
    total, done = len(parts) * sum(map(len, samples.values())), 0
    found: dict[str, dict[str, Tensor]] = {}
    for part, expansion in parts.items():
        x_train = next(iter(samples.values()))
        prepared = prepare_rungs(expansion, x_train, [RUNG], n_samples=sum(map(len, samples.values())))
        found[part] = {}
        for name, x in samples.items():
            counter = progress.part(done, len(x), total).counter(f"curvature of {part} on {name}")
            found[part][name] = evaluate_rungs(prepared, x, name=name, progress=counter).values[RUNG]
            done += len(x)
    return found


def _remaining(varying: list[str]) -> str:
    """How the second order of the first varying part was found."""
    return "that of log p" + "".join(f" minus {other}" for other in varying[1:])
