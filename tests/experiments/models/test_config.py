"""Settings of a Glow: checked when made, readable without torch."""

import subprocess
import sys

import pytest

from curvature.errors import ConfigError, UnknownNameError
from experiments.models.config import GlowConfig


@pytest.mark.parametrize("name", ["levels", "steps", "width"])
@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2", None])
def test_sizes_must_be_positive_integers(name, size):
    with pytest.raises(ConfigError, match=f"{name} must be a positive integer"):
        GlowConfig(**{name: size})


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UnknownNameError, match="activation 'siluu'; did you mean 'silu'"):
        GlowConfig(activation="siluu")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="coupling 'affine'; did you mean 'additive'"):
        GlowConfig(coupling="affine")  # type: ignore[arg-type]


def test_config_imports_no_torch():
    code = "import sys, experiments.models.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
