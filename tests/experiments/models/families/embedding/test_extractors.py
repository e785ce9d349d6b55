"""Extractors of features, and the principal components that follow them."""

import pytest
import torch
from torch import nn

from curvature.errors import ConfigError, NonFiniteError, ShapeError, TooFewSamplesError, UnknownNameError
from experiments.models.families.embedding.config import extractor_names
from experiments.models.families.embedding.extractors import rotation
from experiments.models.families.embedding.extractors_by_name import build_extractor
from experiments.models.families.embedding.principal_components import PrincipalComponents

SHAPE = (1, 8, 8)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def brightness_and_contrast(x):
    return torch.stack([x.mean((1, 2, 3)), x.std((1, 2, 3))], 1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x):
        return self.norm(x)


@pytest.mark.parametrize("name", extractor_names())
def test_every_extractor_gives_one_row_of_smooth_features_for_each_image(name):
    extractor = build_extractor(name, SHAPE, seed=0)
    x = torch.rand(3, *SHAPE, generator=seeded())
    features = extractor(x)
    assert features.ndim == 2
    assert len(features) == 3
    torch.testing.assert_close(extractor(x[1:2]), features[1:2])
    curvature = torch.func.hessian(lambda event: extractor(event[None]).square().sum())(x[0])
    assert torch.isfinite(curvature).all()


def test_rotations_are_told_after_fitting_and_the_weights_are_frozen(monkeypatch):
    monkeypatch.setattr(rotation, "STEPS", 40)
    ramps = torch.linspace(0, 1, 8).expand(1, 8, 8) * torch.rand(200, 1, 1, 1, generator=seeded())
    extractor = rotation.build(SHAPE, seed=0)
    before = extractor.rotation_loss(ramps)
    torch.testing.assert_close(before, torch.tensor(4.0).log())
    extractor.fit(ramps)
    assert extractor.rotation_loss(ramps) < before / 2
    assert not any(parameter.requires_grad for parameter in extractor.parameters())


def test_images_that_cannot_be_rotated_are_refused():
    with pytest.raises(ShapeError, match="square images, got 4 x 8"):
        build_extractor("rotation", (1, 4, 8), seed=0)


def test_ones_own_extractor_is_imported_and_stays_in_evaluation_mode():
    x = torch.rand(3, *SHAPE, generator=seeded())
    own = build_extractor(f"{__name__}:brightness_and_contrast", SHAPE, seed=0)
    torch.testing.assert_close(own(x), brightness_and_contrast(x))
    network = build_extractor(f"{__name__}:Network", SHAPE, seed=0).train()
    torch.testing.assert_close(network(x)[:1], network(x[:1]))
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_an_extractor_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match="brightness_and_contrast"):
        build_extractor(f"{__name__}:brightness_and_contrasts", SHAPE, seed=0)
    with pytest.raises(ConfigError, match="expected a map from images to features"):
        build_extractor(f"{__name__}:SHAPE", SHAPE, seed=0)


def test_components_are_uncorrelated_with_unit_variance_and_hold_the_largest_share():
    generator = seeded()
    h = 3 + torch.randn(500, 6, generator=generator) @ torch.randn(6, 6, generator=generator)
    components = PrincipalComponents(6, 2)
    components.fit(h)
    y = components(h).double()
    torch.testing.assert_close(torch.cov(y.T), torch.eye(2, dtype=torch.float64), atol=1e-4, rtol=0)
    singular = torch.linalg.svdvals((h - h.mean(0)).double()).square()
    torch.testing.assert_close(
        components.variance_share.double(), singular[:2].sum() / singular.sum(), rtol=1e-5, atol=0
    )


def test_too_many_components_and_features_that_are_not_finite_are_refused():
    h = torch.randn(50, 2, generator=seeded()) @ torch.randn(2, 5, generator=seeded(1))
    with pytest.raises(TooFewSamplesError, match="vary in 2 directions only, and 3 components"):
        PrincipalComponents(5, 3).fit(h)
    with pytest.raises(NonFiniteError, match="features of the training images"):
        PrincipalComponents(5, 3).fit(h / 0)
