"""What training maximises, and the noise that it takes."""

import pytest
import torch
from torch import nn

from analysis.representation import Representation
from curvature.errors import ShapeError
from curvature.units import bits_per_dim
from experiments.models.density import DensityModel
from experiments.storage.run_directory import RunDirectory
from experiments.training.config import TrainingConfig
from experiments.training.loop import train
from experiments.training.objective import Objective

IMAGES = torch.randint(0, 256, (64, 1, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


class NoisyModel(DensityModel):
    """A Gaussian on two features of an image, trained with a noise that its density does not have."""

    objective_noise = 2
    initialisation_images = 48

    def __init__(self):
        super().__init__((2,))
        self.mean = nn.Parameter(torch.zeros(2))
        self.register_buffer("offset", torch.zeros(2))
        self.register_buffer("initialised", torch.tensor(False))
        self.seen: list[int] = []

    @property
    def image_shape(self):
        return (1, 4, 4)

    @property
    def representation(self):
        return Representation(bits=0, embed=lambda x: x.flatten(1)[:, :2] - self.offset.to(x))

    def initialise(self, x):
        self.seen.append(len(x))
        self.offset.copy_(x.flatten(1)[:, :2].mean(0))
        self.initialised.fill_(True)

    def log_prob(self, x):
        return -(x - self.mean).square().sum(1)

    def training_objective(self, x, noise):
        return self.log_prob(x + noise)


def train_in(path, **settings):
    model = NoisyModel()
    config = TrainingConfig(steps=6, batch_size=8, warmup_steps=0, checkpoint_every=3, device="cpu", **settings)
    train(model, IMAGES, config, RunDirectory.create(path, {}))
    return model


def test_a_model_gets_the_images_that_it_asks_for_and_noise_for_its_objective(tmp_path):
    model = train_in(tmp_path / "a")
    assert model.seen == [48]
    assert model.mean.abs().min() > 0
    assert torch.equal(model.mean, train_in(tmp_path / "b").mean)
    assert not torch.equal(model.mean, train_in(tmp_path / "c", seed=1).mean)


def test_the_noise_does_not_depend_on_the_parts_that_a_batch_is_computed_in(tmp_path):
    whole, parts = train_in(tmp_path / "a"), train_in(tmp_path / "b", gradient_accumulation=2)
    assert torch.allclose(whole.mean, parts.mean, atol=1e-6)


def test_the_loss_is_in_bits_of_the_representation():
    model = NoisyModel()
    x, noise = torch.rand(5, 1, 4, 4), torch.randn(5, 2)
    loss = Objective.of(model).loss(x, noise, low_precision=False)
    expected = bits_per_dim(model.log_prob(x.flatten(1)[:, :2] + noise), 2, bits=0).mean()
    assert torch.allclose(loss, expected)


def test_any_module_with_log_prob_is_trained_on_it():
    class Plain(nn.Module):
        def log_prob(self, x):
            return x.flatten(1).sum(1)

    x = torch.rand(5, 1, 4, 4)
    objective = Objective.of(Plain())
    noise = objective.noise(0, 0, 5, slice(None), x)
    assert noise.shape == (5, 0)
    expected = bits_per_dim(x.flatten(1).sum(1), 16).mean()
    assert torch.allclose(objective.loss(x, noise, low_precision=False), expected)


def test_an_objective_of_another_shape_is_refused():
    class Wrong(nn.Module):
        def log_prob(self, x):
            return x.flatten(1)

    x = torch.rand(5, 1, 4, 4)
    with pytest.raises(ShapeError, match="one value per image"):
        Objective.of(Wrong()).loss(x, x.new_empty(5, 0), low_precision=False)
