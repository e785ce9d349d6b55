"""The theory: moments, second-order expansions and the curvature ladder, for any differentiable log density.

>>> from curvature import Moments, expand, curvature_ladder  # doctest: +SKIP
>>> p, q = Moments.from_samples(x_train), Moments.from_samples(x_other)  # doctest: +SKIP
>>> print(expand(model.log_prob, at=p.mean).predict(q, versus=p))  # doctest: +SKIP
>>> print(curvature_ladder(model.log_prob, q=x_other, p=x_train))  # doctest: +SKIP

The public names are listed in ``__init__.pyi`` and imported at first use, so that a program that needs only
`curvature.errors`, such as the command line's --help, does not wait for torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
