"""A flow on embeddings: its events are features, and every study sees them."""

import pandas as pd
import pytest
import torch

from curvature import expand
from curvature.errors import ConfigError, ShapeError, UnknownNameError
from experiments.models.families.embedding.config import EmbeddingConfig
from experiments.models.families.embedding.flow import EmbeddingFlow
from experiments.models.registry import build, describe, fit, size
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import (
    ComparisonConfig,
    DataConfig,
    EvaluationConfig,
    ExperimentConfig,
    ExplanationConfig,
)
from experiments.study.explanation import explain
from experiments.study.progress import SILENT
from experiments.study.train_and_compare import train_and_compare
from experiments.study.trained_model import load_run
from experiments.training.config import TrainingConfig

SHAPE = (3, 8, 8)
CONFIG = EmbeddingConfig(features=5, couplings=2, width=8)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def flow():
    model = build(CONFIG, SHAPE)
    model.initialise(torch.rand(100, *SHAPE, generator=seeded()))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=seeded(1)))
    return model.double().eval()


def test_events_are_components_of_unit_variance(flow):
    x = torch.rand(400, *SHAPE, generator=seeded(2))
    events = flow.embed(x)
    assert events.shape == (400, 5)
    assert flow.event_shape == (5,)
    assert flow.image_shape == SHAPE


def test_log_det_inverse_and_density_of_features(flow):
    x = torch.randn(3, 5, generator=seeded(), dtype=torch.float64)
    z, log_det = flow(x)
    jacobian = torch.func.jacrev(lambda event: flow(event[None])[0][0])(x[0])
    torch.testing.assert_close(log_det[0], torch.linalg.slogdet(jacobian).logabsdet, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(flow.inverse(z), x, rtol=0, atol=1e-10)
    torch.testing.assert_close(flow.prior.log_prob(z) + log_det, flow.log_prob(x))
    assert flow.sample(2, seeded()).shape == (2, 5)


def test_curvature_is_exact_without_products_of_the_hessian(flow):
    e = expand(flow, at=torch.zeros(5, dtype=torch.float64))
    expected = torch.func.hessian(lambda event: flow.log_prob(event[None])[0])(torch.zeros(5, dtype=torch.float64))
    torch.testing.assert_close(e.hessian(), expected, rtol=1e-9, atol=1e-9)


def test_more_components_than_features_and_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="extractor rotation finds 128 features"):
        EmbeddingFlow(SHAPE, EmbeddingConfig(extractor="rotation", features=129))
    with pytest.raises(UnknownNameError, match="pixels"):
        EmbeddingConfig(extractor="pixel")
    with pytest.raises(ConfigError, match="features"):
        EmbeddingConfig(features=0)


def test_images_of_another_shape_are_refused(flow):
    with pytest.raises(ShapeError, match="batch of images"):
        flow.embed(torch.rand(2, 1, 8, 8))


def test_description_and_size():
    assert describe(CONFIG).label == "embedding-pixels-5-2x2-w8-silu"
    assert fit(EmbeddingConfig(features=32), (1, 2, 2)).features == 4
    assert size(CONFIG, SHAPE).parameters == sum(p.numel() for p in build(CONFIG, SHAPE).parameters())


def test_training_and_comparison_see_features(tmp_path):
    experiment = ExperimentConfig(
        DataConfig("china"),
        CONFIG,
        TrainingConfig(steps=20, batch_size=16, warmup_steps=0, device="cpu"),
        EvaluationConfig(n_images=32, per_decade=1),
    )
    run = RunDirectory.create(tmp_path / "run", experiment)
    train_and_compare(run, experiment, ComparisonConfig(("china/test", "constant=128"), n_images=64), SILENT)
    rows = pd.read_csv(run.comparison_path)
    trained = load_run(run.path)
    assert trained.representation.bits == 0
    full = rows[rows["rung"] == "full"].set_index("input_set")
    # Components of unit variance: log p of a Gaussian is 2.05 bits for each, and the training images lie near it.
    assert 1 < full.loc["china/test", "bpd"] < 4
    assert "published" not in set(rows["rung"])
    explain(trained, ExplanationConfig(("china/test",), n_images=16, eigenpairs=2), run)
    assert pd.read_csv(run.path / "frequencies.csv").empty
    assert set(pd.read_csv(run.path / "validity.csv")["input_set"]) == {"china/test"}
