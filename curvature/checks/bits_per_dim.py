"""Check: dequantised 8-bit images have at least zero bits per dimension (docs/theory.md, eqs. 1 and 2)."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from curvature.checks.engine.cases import Point
from curvature.checks.engine.check import Check
from curvature.checks.engine.standard_errors import STANDARD_ERRORS
from curvature.checks.engine.subject import Subject
from curvature.not_applicable import NotApplicableError
from curvature.property_testing.evaluation import ROUND_OFF, Evaluation
from curvature.units import LEVELS, bits_per_dim

DRAWS = 16


def images(subject: Subject) -> SearchStrategy[Point]:
    """Samples, and seeds of their dequantisation."""
    return st.builds(Point, st.integers(0, len(subject.x) - 1), seed=st.integers(0, 99))


def mean_bits(subject: Subject, case: Point) -> Evaluation:
    """Bits/dim of one 8-bit image, averaged over draws of its dequantisation, against zero.

    The mean over a cell of log p is at most the log of its mean, which is that of the image's probability times 256^D.
    """
    if float(subject.x.min()) < 0 or float(subject.x.max()) > 1:
        raise NotApplicableError("the data are not dequantised 8-bit images in [0, 1]: x = (x8 + u) / 256")
    x8 = (LEVELS * subject.x[case.sample]).floor().clamp(0, LEVELS - 1)
    if subject.is_mass:
        bits = bits_per_dim(subject.log_probs((x8[None] + 0.5) / LEVELS), subject.dim, bits=0)
        return Evaluation(float(bits), ">=", 0.0, ROUND_OFF)
    u = torch.rand(DRAWS, *x8.shape, generator=torch.Generator().manual_seed(case.seed), dtype=torch.float64)
    bits = bits_per_dim(subject.log_probs((x8 + u.to(x8)) / LEVELS), subject.dim)
    error = STANDARD_ERRORS * float(bits.std()) / DRAWS**0.5
    return Evaluation(float(bits.mean()), ">=", 0.0, error)


CHECK = Check(
    name="bits-per-dim",
    order=290,
    statement="Where the data are dequantised 8-bit images in [0, 1], -log p / (D ln 2) + 8 is not below zero: no "
    "image has a probability above one",
    source="docs/theory.md, eqs. 1 and 2; Theis, van den Oord and Bethge 2016, arXiv 1511.01844, section 3.1",
    cases=images,
    evaluate=mean_bits,
    sides=("bits/dim of an 8-bit image", "zero"),
)
