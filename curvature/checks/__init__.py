"""The contract of a flow, one file a property, run on anyone's model: `check_flow`.

>>> import torch
>>> from curvature import check_flow
>>> gaussian = torch.distributions.MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double())
>>> results = check_flow(gaussian.log_prob, torch.randn(8, 2), fast=True)
>>> print(results[0])
finite: passed: 1 case

A check is added as one file of this package that defines ``CHECK = Check(...)``, and a row of the tests' table of wrong
models; nothing else names it. Take `inverse_round_trip.py` as the pattern.

The names are those of ``__init__.pyi``. They are imported at first use, because pytest is needed by
`parametrize_with_flow_checks` alone.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
