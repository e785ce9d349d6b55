"""The options of `likelihood-curvature verify`. No torch here."""

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from experiments.command_line.own_model_options import OwnModelOptions
from experiments.command_line.paths import ExistingDirectory, OutputFile
from experiments.settings import Range, Seed


@dataclass(frozen=True)
class VerifyOptions:
    """Test the claims of the theory on random flows and with sympy, or on one model; report counterexamples."""

    model: str | None = None
    """Put the claims about densities to one model instead: package.module:factory of your own, the name of a reference
    model (such as cifar10), or a run directory."""
    own: Annotated[OwnModelOptions, tyro.conf.arg(name="")] = field(default_factory=OwnModelOptions)
    """How your own model is made, and what it was trained on."""
    inputs: str | None = None
    """FILE.npy, FILE.npz or FILE.npz:KEY with floats [N, *event] or 8-bit images [N, C, H, W], about which points are
    drawn; the model's training images by default."""
    examples: Annotated[int, Range(1, 10**6)] = 8
    """Random cases for each claim; without a model three times as many of the smallest flows are tried, too."""
    seed: Seed = 0
    """Seed of the random cases."""
    claims: tuple[str, ...] = ()
    """Names of the claims to test; all by default, including the statements that sympy decides alone."""
    json: OutputFile | None = None
    """Also write the results to this JSON file."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""
