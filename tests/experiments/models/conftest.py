"""Load torch's forward-mode rules once: their import warns of torch's own use of torch.jit."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch._decomp.decompositions_for_jvp  # noqa: F401
