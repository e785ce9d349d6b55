"""The options of `likelihood-curvature check`. No torch here."""

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from experiments.command_line.own_model_options import OwnModelOptions
from experiments.command_line.paths import ExistingDirectory
from experiments.settings import Seed


@dataclass(frozen=True)
class CheckOptions:
    """Put the contract of a flow to a model: every property that the toolkit's numbers take for granted."""

    model: tyro.conf.Positional[str]
    """package.module:factory of your own model, the name of a reference model (such as cifar10), or a run directory."""
    own: Annotated[OwnModelOptions, tyro.conf.arg(name="")] = field(default_factory=OwnModelOptions)
    """How your own model is made, and what it was trained on."""
    inputs: str | None = None
    """FILE.npy, FILE.npz or FILE.npz:KEY with floats [N, *event] or 8-bit images [N, C, H, W]; the model's training
    images by default."""
    expect_failure: tuple[str, ...] = ()
    """NAME=REASON of checks that may fail, such as smoothness="ReLU couplings"."""
    fast: bool = False
    """Try fewer cases and fewer samples."""
    seed: Seed = 0
    """The same seed tries the same cases."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""
