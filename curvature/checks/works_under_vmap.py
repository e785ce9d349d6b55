"""Check: log p can be mapped by torch.func.vmap."""

import torch
from torch.func import vmap

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.hessian.derivatives import slow_batching_allowed
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def mapped_and_plain(subject: Subject, case: Points) -> Evaluation:
    """Log p of two events, mapped event by event, against a batch."""
    x = torch.stack([subject.at(case.first), subject.at(case.second)])
    plain = subject.log_probs(x)
    with slow_batching_allowed():
        mapped = vmap(lambda event: subject.density(event[None])[0])(x.clone())
    furthest = int((mapped - plain).abs().argmax())
    return Evaluation(float(mapped[furthest]), "==", float(plain[furthest]), round_off(subject, plain))


CHECK = Check(
    name="works-under-vmap",
    order=110,
    statement="log p can be mapped by torch.func.vmap: no branches on values, nothing written in place",
    source="docs/theory.md, section 2: products with H are mapped over vectors",
    cases=pairs,
    evaluate=mapped_and_plain,
    sides=("log p by vmap", "of a batch"),
    examples=6,
)
