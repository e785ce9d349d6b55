"""The rungs `gaussian` and `price` on the reference models: one number by values of log p, and by its curvature.

Both are taken of the same moments, of 1,000 images a set, in bits/dim with the standard errors of their random draws
alone; `apart` is their difference in units of its standard error. We want at most 3. Where covariances have directions
with next to no variance, as at the borders of MNIST's images, both have such heavy tails that neither is of use.
`cpu_s` is process CPU time for the set that is compared, in one thread.
"""

import math
import time

import torch

from analysis.inputs import parse_input_set
from benchmarks.row import Row
from curvature import Ladder, evaluate_rungs, expand, prepare_rungs
from curvature.errors import ToolkitError
from curvature.ladder.options import GaussianOptions
from experiments.paper.reference_models.loading import load_model
from experiments.study.samples import load_inputs, training_mean

PAIRS = (
    ("cifar10", "svhn/train"),
    ("svhn", "cifar10/train"),
    ("celeba32", "cifar10/train"),
    ("tinyimagenet32", "cifar10/train"),
    ("fashion_mnist", "fashion_mnist/train:contrast=0.5"),
    ("mnist", "mnist/train:contrast=0.5"),
)
IMAGES, TARGET = 1000, 3.0
OPTIONS = GaussianOptions(pairs=256, left_out_pairs=2, nodes=12, pairs_per_node=32)
RUNGS = ("taylor2", "gaussian", "price")


def unavailable() -> str | None:
    """Say which data set is missing."""
    try:
        for model, shown in PAIRS:
            for name in (f"{model}/train", shown):
                load_inputs(parse_input_set(name), 2, load_model(model).train_images.event_shape, 0)
    except ToolkitError as error:
        return str(error)
    return None


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [compared(model, shown) for model, shown in PAIRS]


def compared(model: str, shown: str) -> Row:
    trained = load_model(model)
    shape, names = trained.train_images.event_shape, (f"{model}/train", shown)
    p, q = (load_inputs(parse_input_set(name), IMAGES, shape, 0) for name in names)
    expansion = expand(trained.model, at=training_mean(trained.train_images, 0))
    prepared = prepare_rungs(expansion, p, RUNGS, gaussian=OPTIONS)
    of_p = evaluate_rungs(prepared, p)
    begun = time.process_time()
    ladder = Ladder.between(evaluate_rungs(prepared, q), of_p)
    spent = time.process_time() - begun
    gaussian, price = ladder["gaussian"], ladder["price"]
    error = math.hypot(gaussian.draws_standard_error, price.draws_standard_error)
    return {
        "trained on -> shown": f"{model} -> {shown}",
        "taylor2": ladder["taylor2"].bits_per_dim,
        "gaussian": gaussian.bits_per_dim,
        "s.e.": gaussian.draws_standard_error,
        "price": price.bits_per_dim,
        "price s.e.": price.draws_standard_error,
        "apart": abs(gaussian.bits_per_dim - price.bits_per_dim) / error,
        "target": TARGET,
        "measured": ladder.measured.bits_per_dim,
        "cpu_s": spent,
    }
