"""Check: state_dict holds all that log p depends on."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from curvature.checks.engine.cases import JitteredPoint, jittered_points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def loaded_and_saved(subject: Subject, case: JitteredPoint) -> Evaluation:
    """Log p after other weights have been overwritten by load_state_dict, against log p before, to the last bit."""
    x = subject.at(case.point)[None]
    saved = subject.module.state_dict()
    other = subject.copied()
    generator = torch.Generator().manual_seed(case.jitter.seed)
    for state in learned_state(other):
        noise = torch.rand(state.shape, generator=generator, dtype=torch.float64).to(state)
        state.mul_(1 + noise).add_(0.1 * noise)
    other.load_state_dict(saved)
    return Evaluation(float(subject.log_prob_of(other, x)), "==", float(subject.log_probs(x)))


def learned_state(module: nn.Module) -> Iterator[Tensor]:
    """Floating parameters, persistent buffers, and tensors that are plain attributes: all that training may change."""
    for part in module.modules():
        constants = part._non_persistent_buffers_set
        named = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False), *vars(part).items()]
        for name, state in named:
            if isinstance(state, Tensor) and state.is_floating_point() and name not in constants:
                yield state


CHECK = Check(
    name="state-dict-round-trip",
    order=80,
    statement="state_dict holds all that log p depends on; constants are buffers with persistent=False",
    source="PyTorch, torch.nn.Module.register_buffer; zuko's and distrax's tests save, load and compare to the bits",
    cases=jittered_points,
    evaluate=loaded_and_saved,
    sides=("log p after load_state_dict", "before"),
    examples=6,
)
