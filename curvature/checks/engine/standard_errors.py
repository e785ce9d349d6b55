"""How far a mean over samples may be off."""

import math

from jaxtyping import Float
from torch import Tensor

# Among thousands of cases none shall fail by chance.
STANDARD_ERRORS = 6.0


def sampling_error(values: Float[Tensor, " n"]) -> float:
    """Six standard errors of the mean."""
    return STANDARD_ERRORS * float(values.std()) / math.sqrt(len(values))
