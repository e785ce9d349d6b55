"""The options of `rivals`. This module does not import torch, so that `--help` answers at once."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro

from experiments.command_line.own_model_options import OwnModelOptions
from experiments.command_line.paths import ExistingDirectory, OutputDirectory, RunOrName
from experiments.study.rivals_config import RivalsConfig


@dataclass(frozen=True)
class RivalsOptions:
    """Hold the second-order prediction against rival explanations of log p, image by image and as detectors."""

    model: RunOrName
    """Name of a reference model (such as cifar10), the run directory of a trained flow, or package.module:factory."""
    own: Annotated[OwnModelOptions, tyro.conf.arg(name="")] = field(default_factory=OwnModelOptions)
    """How your own model is made, and what it was trained on."""
    out: OutputDirectory | None = None
    """Directory for the tables; by default the run directory, for any other model runs/rivals-NAME."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where to compute; auto takes a CUDA device if there is one. Results differ by rounding only."""
    config: Annotated[RivalsConfig, tyro.conf.arg(name="")] = field(default_factory=RivalsConfig)
    """Input sets, numbers of images, scores and seed."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""
