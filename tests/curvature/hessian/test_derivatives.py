import torch

from curvature import expand
from curvature.hessian.derivatives import directional_curvature
from curvature.precision import LogDensity
from tests.curvature.densities import CouplingFlow, randn


def test_directional_curvature_is_the_second_derivative_along_the_line():
    model = LogDensity.of(CouplingFlow((2, 3)))
    x, d = randn(7, 2, 3, seed=1), randn(7, 2, 3, seed=2)
    h = 1e-3
    with torch.no_grad():
        values = [model(x + k * h * d) for k in (-2, -1, 0, 1, 2)]
    stencil = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * h * h)
    torch.testing.assert_close(directional_curvature(model, x, d), stencil, rtol=1e-6, atol=1e-6)
    each = [expand(CouplingFlow((2, 3)), at=a).quadratic(b) for a, b in zip(x, d, strict=True)]
    torch.testing.assert_close(directional_curvature(model, x, d), torch.stack(each))
