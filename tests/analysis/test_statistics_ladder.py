"""The statistics ladder in worlds where one statistic alone differs between the sets."""

import math

import pytest
import torch

from analysis.statistics_ladder import COLUMNS, evaluate_statistics, prepare_statistics, statistics_ladder
from curvature import expand
from curvature.errors import OptionError, ShapeError
from curvature.ladder.options import GaussianOptions

C, H, W = 2, 4, 4
SHAPE, D, N = (C, H, W), 32, 1500
OPTIONS = GaussianOptions(pairs=64, left_out_pairs=16)
STEPS = [
    "mean",
    "variance",
    "variances of the channels",
    "variances of the pixels",
    "colour",
    "spatial correlation",
    "non-stationarity",
    "beyond two moments",
]


def randn(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def precision():
    """Curvature that differs from channel to channel, from row to row, and couples channels and neighbours."""
    A = torch.zeros(C, H, W, C, H, W).double()
    for h in range(H):
        for w in range(W):
            upper = h < H // 2
            for c in range(C):
                A[c, h, w, c, h, w] = 2 + c + 1.5 * upper
                A[c, h, w, c, h, (w + 1) % W] = A[c, h, (w + 1) % W, c, h, w] = -0.7 if upper else -0.2
            A[0, h, w, 1, h, w] = A[1, h, w, 0, h, w] = -0.5
    return A.reshape(D, D)


P = precision()


def gaussian_model(x):
    rows = x.flatten(1)
    return -torch.einsum("ni,ij,nj->n", rows, P, rows) / 2


def quartic_model(x):
    return gaussian_model(x) - x.pow(4).flatten(1).sum(1) / 8


def white(seed):
    return randn(N, *SHAPE, seed=seed)


def smooth(seed):
    """Stationary with joined borders, of unit variance."""
    xi = white(seed)
    return (xi + xi.roll(1, 3)) / math.sqrt(2)


def one_colour(seed):
    """Both channels alike at every pixel, pixels independent."""
    return white(seed)[:, :1].expand(N, *SHAPE).contiguous()


def half_bright(seed):
    scale = torch.ones(H, W).double()
    scale[:2] = math.sqrt(1.9)
    scale[2:] = math.sqrt(0.1)
    return scale * white(seed)


def paired_pixels(seed):
    """Neighbours alike in one half of the image only: no variance changes, the spectra do, and so does the rest."""
    x = white(seed)
    x[:, :, :2, 1::2] = x[:, :, :2, ::2]
    return x


def heavy(seed):
    """Independent entries of unit variance that are no Gaussians."""
    return white(seed).sign()


WORLDS = {
    "mean": (lambda seed: 0.7 + white(seed), {"mean"}),
    "variance": (lambda seed: 1.5 * white(seed), {"variance"}),
    "channels": (lambda seed: white(seed) * torch.tensor([1.3, math.sqrt(0.31)])[:, None, None], {STEPS[2]}),
    "pixels": (half_bright, {STEPS[3], "spatial correlation", "non-stationarity"}),
    "colour": (one_colour, {"colour"}),
    "spectrum": (smooth, {"spatial correlation"}),
    "place": (paired_pixels, {"spatial correlation", "non-stationarity"}),
}


def table(model, make_q, options=OPTIONS):
    p = white(1)
    prepared = prepare_statistics(expand(model, torch.zeros(SHAPE)), p, options)
    return statistics_ladder(evaluate_statistics(prepared, make_q(2)), evaluate_statistics(prepared, p))


@pytest.mark.parametrize("world", WORLDS)
def test_the_step_of_the_statistic_that_differs_makes_the_gap_and_no_other(world):
    make, expected = WORLDS[world]
    found = table(gaussian_model, make).set_index("adds")
    assert list(found.index) == STEPS
    for name, row in found.iterrows():
        assert row["gaussian_step"] == pytest.approx(row["taylor2_step"], abs=1e-8), "the model is Gaussian"
        errors = abs(row["taylor2_step"]) / (row["taylor2_step_se"] + 1e-9)
        assert (errors > 5) if name in expected else (errors < 4), name


def test_steps_add_up_to_the_measured_gap_for_any_model():
    found = table(quartic_model, lambda seed: 0.3 + half_bright(seed))
    for rung in ("taylor2", "gaussian"):
        assert found[f"{rung}_step"].sum() == pytest.approx(found[rung].iloc[-1])
        assert found[rung].iloc[-1] == found["taylor2"].iloc[-1]
    assert tuple(found.columns) == COLUMNS
    assert (found.drop(columns=["statistic", "adds"]).notna()).all().all()


def test_what_two_moments_cannot_say_is_the_last_step():
    """``E x^4`` is 1 for signs and 3 for Gaussians: log p has -1/8 of it."""
    last = table(quartic_model, heavy, GaussianOptions(pairs=400, left_out_pairs=50)).iloc[-1]
    assert last["adds"] == "beyond two moments"
    assert abs(last["gaussian_step"] - (1 - 3) / 8 / math.log(2)) < 4 * last["gaussian_step_se"]
    assert last["gaussian_step_se"] < 0.1 * abs(last["gaussian_step"])


def test_draws_from_pixel_variances_have_the_closed_form_of_a_quartic():
    found = table(lambda x: -x.pow(4).flatten(1).sum(1), half_bright, GaussianOptions(pairs=2000, left_out_pairs=2))
    row = found.set_index("statistic").loc["pixel variances"]
    expected = 3 * (1.9**2 + 0.1**2) / 2 - 3
    assert abs(row["gaussian"] * math.log(2) - expected) < 4 * row["gaussian_se"] * math.log(2)
    assert row["gaussian_se"] < 0.05 * expected


def test_sets_must_share_what_was_prepared_and_be_images():
    p = white(1)[:20]
    first, second = (prepare_statistics(expand(gaussian_model, torch.zeros(SHAPE)), p, OPTIONS) for _ in range(2))
    with pytest.raises(OptionError, match="different prepared statistics"):
        statistics_ladder(evaluate_statistics(first, p), evaluate_statistics(second, p))
    with pytest.raises(ShapeError, match="statistics ladder: expected images"):
        prepare_statistics(expand(gaussian_model, torch.zeros(D)), p.flatten(1))
