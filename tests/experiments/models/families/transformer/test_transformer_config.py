"""Settings of a transformer flow: checked when made, fitted to images, described, and their size."""

import pytest
import torch

from curvature.errors import ConfigError, ShapeError, UnknownNameError
from experiments.models.families.transformer.config import TransformerConfig, describe, fit, size
from experiments.models.families.transformer.flow import TransformerFlow


@pytest.mark.parametrize("name", ["patch", "blocks", "depth", "width", "heads"])
@pytest.mark.parametrize("value", [0, 1.5, True, "2", 10**9])
def test_sizes_must_be_whole_numbers_in_their_range(name, value):
    with pytest.raises(ConfigError, match=f"model setting {name}: expected a whole number from 1 to .*, got {value!r}"):
        TransformerConfig(**{name: value})


def test_heads_divide_the_width():
    with pytest.raises(ConfigError, match="heads: expected a divisor of width = 48, got 5"):
        TransformerConfig(heads=5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"block": "casual"}, "block 'casual'; did you mean 'causal'"),
        ({"update": "afine"}, "update 'afine'; did you mean 'affine'"),
        ({"activation": "gelo"}, "activation 'gelo'; did you mean 'gelu'"),
    ],
)
def test_unknown_names_suggest_the_nearest(settings, words):
    with pytest.raises(UnknownNameError, match=words):
        TransformerConfig(**settings)


@pytest.mark.parametrize(
    ("patch", "shape", "block", "fitted"),
    [
        (4, (3, 32, 32), "causal", 4),
        (8, (1, 28, 28), "causal", 7),
        (4, (3, 6, 9), "causal", 3),
        (2, (1, 2, 2), "causal", 1),
        (3, (1, 7, 7), "causal", 1),
        (2, (2, 5, 5), "coupling", 1),
    ],
)
def test_the_patch_is_fitted_to_the_images_and_nothing_else_is_changed(patch, shape, block, fitted):
    config = TransformerConfig(patch=patch, block=block, blocks=3)
    assert fit(config, shape) == TransformerConfig(patch=fitted, block=block, blocks=3)


@pytest.mark.parametrize(("shape", "block"), [((3, 1, 1), "causal"), ((1, 5, 5), "coupling")])
def test_images_that_suit_no_patch_are_refused(shape, block):
    with pytest.raises(ShapeError, match="no size of patches suits"):
        fit(TransformerConfig(block=block), shape)


def test_the_label_in_tables_names_the_choices_and_facts_the_volume():
    config = TransformerConfig(block="coupling", update="additive", patch=4, mixing=False)
    assert describe(config).label == f"transformer-coupling-additive-p4-{config.blocks}x{config.depth}-w48-unmixed"
    assert "2412.15129" in describe(config).citation
    assert "does not depend on x" in describe(config).facts[1]
    assert "depends on x" in describe(TransformerConfig()).facts[1]
    assert "2412.06329" in describe(TransformerConfig()).citation


@pytest.mark.parametrize("block", ["coupling", "causal"])
@pytest.mark.parametrize("update", ["affine", "additive"])
@pytest.mark.parametrize(("shape", "mixing"), [((1, 6, 6), True), ((3, 8, 8), False)])
def test_the_estimated_size_is_that_of_the_flow(block, update, shape, mixing):
    config = TransformerConfig(block=block, update=update, blocks=5, mixing=mixing, learn_prior_scale=mixing)
    flow = TransformerFlow(shape, config)
    assert size(config, shape).parameters == sum(parameter.numel() for parameter in flow.parameters())
    kept = {}

    def keep(saved):
        kept[saved.data_ptr()] = saved.numel()
        return saved

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        flow.log_prob(torch.rand(1, *shape))
    weights = {parameter.data_ptr() for parameter in flow.parameters()}
    held = sum(count for place, count in kept.items() if place not in weights)
    assert 0.5 < size(config, shape).activations / held < 2
