import pytest
import torch

from curvature import curvature_ladder
from tests.curvature.densities import CouplingFlow, Mixture, randn


@pytest.mark.parametrize("model", [CouplingFlow((4,)).double(), Mixture(randn(3, 4, seed=0))])
def test_path_converges_to_the_measured_gap(model):
    q, p = 0.25 * randn(20, 4, seed=1) + 0.3, 0.5 * randn(30, 4, seed=2)
    nodes = (1, 2, 4, 8, 16, 32, 64)
    ladder = curvature_ladder(model, q=q, p=p, rungs=[f"path-{n}" for n in nodes])
    errors = [abs(ladder[f"path-{n}"].difference) for n in nodes]
    assert errors[-1] < 1e-9
    assert errors[-1] < 1e-3 * errors[2] < errors[0]
    with torch.no_grad():
        assert ladder.measured.nats == pytest.approx(float(model.log_prob(q).mean() - model.log_prob(p).mean()))
