"""The mixture of an ensemble's members: density, curvature, WAIC, training, and what cannot be averaged."""

import copy
import math

import pytest
import torch

from analysis.representation import Representation
from curvature import expand
from curvature.errors import ConfigError, ShapeError, TooFewSamplesError
from experiments.models.density import DensityModel
from experiments.models.families.ensemble.config import EnsembleConfig, describe, fit, size
from experiments.models.families.ensemble.model import Ensemble
from experiments.models.registry import build, configuration
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import from_plain, to_plain
from experiments.study.configuration import ExperimentConfig
from experiments.training.config import TrainingConfig
from experiments.training.loop import train
from tests.experiments.models.cases import glow, images, seeded

SHAPE = (1, 4, 4)
SMALL = configuration("glow", levels=1, steps=1, width=4)


class Gaussian(DensityModel):
    """N(mean, precision^-1) on vectors."""

    objective_noise = 2

    def __init__(self, dim, seed, offset):
        super().__init__((dim,))
        root = torch.randn(dim, dim, generator=seeded(seed), dtype=torch.float64)
        self.precision = torch.nn.Parameter(root @ root.mT + torch.eye(dim))
        self.mean = torch.nn.Parameter(offset + torch.rand(dim, generator=seeded(seed + 9), dtype=torch.float64))

    def log_prob(self, x):
        d = x - self.mean
        volume = torch.linalg.slogdet(self.precision).logabsdet - self.dim * math.log(2 * math.pi)
        return (volume - torch.einsum("bi,ij,bj->b", d, self.precision, d)) / 2

    def training_objective(self, x, noise):
        return self.log_prob(x) + noise.sum(1)


@pytest.fixture
def gaussians():
    return Ensemble([Gaussian(4, seed, 0.1 * seed) for seed in range(3)]).eval()


def test_log_p_is_the_logarithm_of_the_mean_of_densities(gaussians):
    x = torch.rand(5, 4, generator=seeded(1), dtype=torch.float64)
    members = [
        torch.distributions.MultivariateNormal(member.mean, precision_matrix=member.precision)
        for member in gaussians.models()
    ]
    densities = torch.stack([member.log_prob(x).exp() for member in members])
    torch.testing.assert_close(gaussians.log_prob(x), densities.mean(0).log())
    torch.testing.assert_close(gaussians.member_log_probs(x), densities.log())
    far = 1e4 * torch.ones(1, 4, dtype=torch.float64)  # densities underflow there
    assert gaussians.log_prob(far).isfinite().all()


def test_curvature_is_the_closed_form_of_a_mixture(gaussians):
    """H = sum_k r_k (H_k + g_k g_k') - g g', with r_k the members' shares of the density and g = sum_k r_k g_k."""
    x0 = torch.rand(4, generator=seeded(2), dtype=torch.float64)
    with torch.no_grad():
        share = gaussians.member_log_probs(x0[None])[:, 0].softmax(0)
        g_k = torch.stack([-member.precision @ (x0 - member.mean) for member in gaussians.models()])
        H_k = torch.stack([-member.precision for member in gaussians.models()])
    assert share.min() > 0.02
    g = share @ g_k
    H = torch.einsum("k,kij->ij", share, H_k + torch.einsum("ki,kj->kij", g_k, g_k)) - torch.outer(g, g)
    e = expand(gaussians, at=x0)
    torch.testing.assert_close(e.gradient, g)
    torch.testing.assert_close(e.hessian(), H)


def test_waic_is_mean_less_variance_by_hand():
    class Constant(DensityModel):
        def __init__(self, value):
            super().__init__((1,))
            self.value = torch.nn.Parameter(torch.tensor(value))

        def log_prob(self, x):
            return self.value + x[:, 0]

    ensemble = Ensemble([Constant(-1.0), Constant(-2.0), Constant(-6.0)])
    # The mean is -3 + x; the deviations 2, 1, -3 have the sum of squares 14, and 14 / 2 = 7.
    torch.testing.assert_close(ensemble.waic(torch.tensor([[0.0], [0.5]])), torch.tensor([-10.0, -9.5]))


def test_the_objective_is_the_mean_of_the_members_with_noise_of_their_own(gaussians):
    x = torch.rand(5, 4, generator=seeded(1), dtype=torch.float64)
    assert gaussians.objective_noise == 6
    noise = torch.randn(5, 6, generator=seeded(3), dtype=torch.float64)
    expected = (gaussians.member_log_probs(x).sum(0) + noise.sum(1)) / 3
    torch.testing.assert_close(gaussians.training_objective(x, noise), expected)


def test_a_model_of_flows_is_built_initialised_and_has_members_of_their_own_seeds():
    ensemble = build(configuration("ensemble", members=2, member=SMALL), SHAPE, seed=5)
    alone = build(SMALL, SHAPE, seed=6)
    assert all(torch.equal(a, b) for a, b in zip(ensemble.models()[1].parameters(), alone.parameters(), strict=True))
    x = torch.rand(30, *SHAPE, generator=seeded())
    ensemble.initialise(x)
    alone.initialise(x)
    torch.testing.assert_close(ensemble.member_log_probs(x)[1], alone.log_prob(x))
    assert all(member.is_initialised for member in ensemble.models())
    assert ensemble.image_shape == ensemble.event_shape == SHAPE


@pytest.mark.parametrize("optimizer", ["adam", "adamax"])
def test_training_trains_each_member_as_if_alone_on_the_same_batches(tmp_path, optimizer):
    """What differs from a run with the seed of a member: the order of the images and the noise have the run's seed.

    In double precision and away from the start: the first step of Adam turns gradients that are zero but for rounding,
    such as those of a new actnorm, into whole steps.
    """
    pixels = torch.randint(0, 256, (64, *SHAPE), generator=seeded(), dtype=torch.uint8) // 2
    config = TrainingConfig(steps=12, batch_size=16, warmup_steps=2, optimizer=optimizer, clip_norm=None, device="cpu")
    ensemble = Ensemble([glow(SHAPE, seed, levels=1) for seed in (0, 1)])
    untrained, alone = copy.deepcopy(ensemble), copy.deepcopy(ensemble.models())
    train(ensemble, pixels, config, RunDirectory.create(tmp_path / "ensemble", {}))
    for k, member in enumerate(alone):
        train(member, pixels, config, RunDirectory.create(tmp_path / str(k), {}))
        for name, parameter in member.named_parameters():
            assert not torch.allclose(parameter, untrained.models()[k].get_parameter(name), rtol=0, atol=1e-2)
            torch.testing.assert_close(ensemble.models()[k].get_parameter(name), parameter, rtol=0, atol=3e-4)


def test_what_cannot_be_averaged_is_refused():
    first = glow(SHAPE, levels=1)
    with pytest.raises(TooFewSamplesError, match="at least 2 members, got 1"):
        Ensemble([first])
    with pytest.raises(ShapeError, match=r"\(1, 4, 4\) and \(2, 4, 4\)"):
        Ensemble([first, glow((2, 4, 4), levels=1)])
    other = glow(SHAPE, levels=1)
    other.representation = Representation(cells="centre", bits=0)
    with pytest.raises(ConfigError, match="in different ways"):
        Ensemble([first, other])
    first.representation = other.representation = Representation(bits=0, embed=torch.flatten)
    with pytest.raises(ConfigError, match="features"):
        Ensemble([first, other])


def test_shapes_and_precisions_are_those_of_the_members():
    ensemble = Ensemble([glow(SHAPE, seed, levels=1) for seed in (0, 1)])
    assert ensemble.dtype == torch.float64
    with pytest.raises(ShapeError, match="Expected a batch of shape"):
        ensemble.log_prob(images(ensemble.models()[0], 2)[..., :-1])


def test_settings_are_checked_and_members_keep_theirs_in_a_configuration():
    for members in (1, 0, 1.5, True):
        with pytest.raises(ConfigError, match="model setting members: expected a whole number from 2"):
            EnsembleConfig(members=members)
    with pytest.raises(ConfigError, match="member: expected a model of another family than ensemble"):
        EnsembleConfig(member=EnsembleConfig())
    config = ExperimentConfig(model=EnsembleConfig(member=configuration("transformer", blocks=2)))
    plain = to_plain(config)
    assert plain["model"]["member"]["kind"] == "transformer"
    assert from_plain(ExperimentConfig, plain) == config
    with pytest.raises(ConfigError, match=r"member\.width: expected a whole number"):
        from_plain(ExperimentConfig, {"model": {"kind": "ensemble", "member": {"width": "5"}}})


def test_description_fit_and_size_are_made_of_the_members():
    config = EnsembleConfig(members=4, member=configuration("glow", levels=3, width=5))
    assert describe(config).label == "ensemble-4x-glow-additive-3x6-w5-silu"
    fitted = fit(config, SHAPE)
    assert fitted == EnsembleConfig(members=4, member=configuration("glow", levels=2, width=5))
    model = build(fitted, SHAPE)
    assert size(fitted, SHAPE).parameters == sum(parameter.numel() for parameter in model.parameters())
    with pytest.raises(ShapeError, match="cannot be halved"):
        fit(config, (1, 5, 5))
