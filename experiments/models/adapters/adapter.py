"""What a file of this package gives to be found as the adapter of a library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Adapter:
    """How models of one library become modules with `log_prob`.

    Attributes
    ----------
    library
        Name of the library's top-level package; empty for the adapter of plain modules.
    extra
        The optional dependencies of this project that install it; empty where none are needed.
    order
        Adapters of a lower number are asked first.
    applies
        Whether it takes this model. It looks at names of classes alone and imports no library.
    adapt
        Makes the module, given an independent copy of the model in evaluation mode, and a context to hold fixed or
        None.
    """

    library: str
    extra: str
    order: int
    applies: Callable[[Any], bool]
    adapt: Callable[[Any, Any], nn.Module]

    @property
    def install_command(self) -> str:
        """What to type to install the library."""
        return f"pip install -e '.[{self.extra}]'"


def is_of(library: str, *class_names: str) -> Callable[[Any], bool]:
    """Return a test whether a model's class, or a parent of it, is one of a library, and of one of these names if any.

    Parameters
    ----------
    library
        Name of a package, such as ``zuko`` or ``torch.distributions``.
    class_names
        Names of classes; all classes of the package if left out.
    """

    def applies(model: Any) -> bool:
        return any(
            f"{parent.__module__}.".startswith(f"{library}.") and (not class_names or parent.__name__ in class_names)
            for parent in type(model).__mro__
        )

    return applies
