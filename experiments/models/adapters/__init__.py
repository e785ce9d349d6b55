"""Models of other libraries as log densities that the toolkit can expand: one file a library, found by its `ADAPTER`.

>>> from experiments.models.adapters import adapt  # doctest: +SKIP
>>> e = expand(adapt(zuko.flows.NICE(784)), at=p.mean)  # doctest: +SKIP
"""

from experiments.models.adapters.adapting import adapt as adapt
