"""The families of a model and of those inside it."""

import pytest

from curvature.errors import ConfigError, UnknownNameError
from experiments.models.kinds import kinds_of, with_kinds
from experiments.models.registry import configuration


def test_kinds_are_named_by_the_options_that_choose_them():
    assert kinds_of(configuration()) == {"kind": "glow"}
    model = configuration("ensemble", member=configuration("transformer"))
    assert kinds_of(model) == {"kind": "ensemble", "member.kind": "transformer"}


def test_only_models_of_another_family_lose_their_settings():
    model = configuration("ensemble", members=5, member=configuration("glow", width=7))
    assert with_kinds(model, kinds_of(model)) == model
    assert with_kinds(model, {}) == model
    changed = with_kinds(model, {"member.kind": "transformer"})
    assert changed == configuration("ensemble", members=5, member=configuration("transformer"))
    assert with_kinds(model, {"kind": "glow", "member.kind": "transformer"}) == configuration("glow")


def test_unknown_families_are_refused_and_those_that_cannot_be_inside():
    with pytest.raises(UnknownNameError, match="did you mean 'glow'"):
        with_kinds(configuration("ensemble"), {"member.kind": "glwo"})
    with pytest.raises(ConfigError, match="another family than ensemble"):
        with_kinds(configuration("ensemble"), {"member.kind": "ensemble"})
