"""Check: the model's entropy by its own log p is at most that of a Gaussian with its samples' variances.

Of a probability mass of 8-bit images the same holds for what it becomes by uniform dequantisation: a density of
256^D times the mass, whose variances are larger by that of a cell (Cover and Thomas, section 8.3).
"""

import math

from curvature.checks.engine.cases import Draw, draws
from curvature.checks.engine.check import Check
from curvature.checks.engine.standard_errors import STANDARD_ERRORS, sampling_error
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation
from curvature.units import LEVELS, bits_per_dim


def model_and_gaussian(subject: Subject, case: Draw) -> Evaluation:
    """Mean bits/dim of the model's own samples, against ``8 + 1/(2D) sum_i log2(2 pi e s_i^2)``."""
    subject.require_exact()
    x = subject.samples(case.seed).flatten(1)
    log_p, variances = subject.log_probs(subject.samples(case.seed)), x.var(0)
    if subject.is_mass:
        log_p, variances = log_p + subject.dim * math.log(LEVELS), variances + 1 / (12 * LEVELS**2)
    largest = (2 * math.pi * math.e * variances).log().sum() / 2
    # The variances' own errors are about independent, each of sqrt(2/n).
    error = STANDARD_ERRORS * math.sqrt(subject.dim / 2 / len(x)) + sampling_error(log_p)
    bits, most = (bits_per_dim(-nats, subject.dim) for nats in (-log_p.mean(), largest))
    return Evaluation(float(bits), "<=", float(most), error / (subject.dim * math.log(2)))


CHECK = Check(
    name="entropy-bound",
    order=300,
    statement="The model's own samples have at most the bits/dim of independent Gaussians with their variances: no "
    "constant, such as that of a change of scale, is missing from log p",
    source="Cover and Thomas, Elements of Information Theory, theorem 8.6.5; docs/theory.md, eq. 2",
    cases=draws,
    evaluate=model_and_gaussian,
    sides=("bits/dim of the model's samples", "of Gaussians with their variances"),
    examples=2,
)
