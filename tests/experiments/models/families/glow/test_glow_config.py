"""Settings of a Glow: checked when made, fitted to images, and described."""

import pytest

from curvature.errors import ConfigError, ShapeError, UnknownNameError
from experiments.models.families.glow.config import GlowConfig, describe, fit


@pytest.mark.parametrize("name", ["levels", "steps", "width"])
@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2", None, 10**9])
def test_sizes_must_be_whole_numbers_in_their_range(name, size):
    with pytest.raises(ConfigError, match=f"model setting {name}: expected a whole number from 1 to .*, got {size!r}"):
        GlowConfig(**{name: size})


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UnknownNameError, match="activation 'siluu'; did you mean 'silu'"):
        GlowConfig(activation="siluu")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="coupling 'afine'; did you mean 'affine'"):
        GlowConfig(coupling="afine")  # type: ignore[arg-type]


def test_levels_are_fitted_to_the_images_and_nothing_else_is_changed():
    config = GlowConfig(levels=3, steps=8, width=64)
    assert fit(config, (3, 32, 32)) == config
    assert fit(config, (1, 28, 28)) == GlowConfig(levels=2, steps=8, width=64)
    assert fit(config, (3, 8, 12)) == GlowConfig(levels=2, steps=8, width=64)


def test_images_that_cannot_be_halved_are_refused():
    with pytest.raises(ShapeError, match="7 x 7 pixels cannot be halved; choose an even size"):
        fit(GlowConfig(), (3, 7, 7))


def test_the_label_in_tables_names_the_sizes():
    assert describe(GlowConfig(levels=3, steps=8, width=64)).label == "glow-additive-3x8-w64-silu"
    learned = describe(GlowConfig(learn_prior_scale=True))
    assert "one standard deviation for all latents, learned." in learned.facts[1]
