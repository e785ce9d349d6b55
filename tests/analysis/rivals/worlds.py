"""Small worlds in which log p is known: settings and images for scores."""

import torch
from torch.distributions import MultivariateNormal

from analysis.representation import UNIFORM
from analysis.rivals.score import ScoredImages, ScoreOptions, ScoreSetting
from curvature import expand

SHAPE = (1, 4, 4)
DIM = 16


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pixels(count, seed, low=0, high=256, shape=SHAPE):
    return torch.randint(low, high, (count, *shape), generator=generator(seed), dtype=torch.uint8)


def smooth_pixels(count, seed):
    """Images of a gray level with a little noise: pixels that depend on each other."""
    levels = torch.randint(60, 200, (count, 1, 1, 1), generator=generator(seed))
    return (levels + torch.randint(-20, 21, (count, *SHAPE), generator=generator(seed + 1))).to(torch.uint8)


def events(images, seed=9):
    return UNIFORM(images, generator(seed), torch.float64)


REFERENCE = events(smooth_pixels(400, 3))


def fitted_normal():
    """The Gaussian with the moments of the reference images."""
    x = REFERENCE.flatten(1)
    return MultivariateNormal(x.mean(0), x.T.cov())


def gaussian_log_prob(x):
    return fitted_normal().log_prob(x.flatten(1))


def scored(name, images, log_prob=gaussian_log_prob):
    x = events(images)
    return ScoredImages(name, x, log_prob(x), images)


def setting(log_prob=gaussian_log_prob, reference=REFERENCE, model=None, train=None, **options):
    train = train or scored("train", smooth_pixels(40, 5), log_prob)
    return ScoreSetting(
        expand(log_prob, at=reference.mean(0)), model, train, reference, UNIFORM, 120, ScoreOptions(**options)
    )


def three_sets(log_prob=gaussian_log_prob):
    return [
        scored("train", smooth_pixels(40, 5), log_prob),
        scored("smooth", smooth_pixels(40, 6), log_prob),
        scored("dark", pixels(40, 7, 0, 120), log_prob),
    ]
