"""A trace ``Tr{H Sigma}`` and how it was found (docs/theory.md, eq. 10)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trace:
    """A trace ``Tr{H Sigma}``; ``float(trace)`` is its value.

    Attributes
    ----------
    value
        In nats (H is in nats per squared unit of the input, Sigma in squared units).
    standard_error_nats
        Standard error of a stochastic estimate; 0 for an exact route. It says nothing about the sampling of the data
        behind Sigma: see `Prediction.standard_error_nats`.
    gauss_newton
        The share of the negative semi-definite part ``-J'J / sigma^2`` in nats; None if the route does not
        compute it.
    route
        Name of the route taken.
    num_matvecs
        Number of columns that were pushed through the model or multiplied with its Hessian.
    obstacles
        Where `exact` differentiated log p: what keeps the model from each faster route.
    """

    value: float
    standard_error_nats: float
    gauss_newton: float | None
    route: str
    num_matvecs: int
    obstacles: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.value
