"""An extractor of one's own, ``package.module:name``: a map from images to features, or a factory of one."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import ConfigError
from experiments.models.families.embedding.extractor import Extractor
from experiments.models.importable import import_object, is_factory


class Imported(Extractor):
    """A frozen map that was made elsewhere.

    Parameters
    ----------
    function
        From images ``[B, C, H, W]`` on the scale [0, 1] to features ``[B, *features]``. A module is put into evaluation
        mode, and its weights are kept with those of the flow.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function.eval().requires_grad_(False) if isinstance(function, nn.Module) else function

    def train(self, mode: bool = True) -> "Imported":
        """Stay in evaluation mode: normalisation by the batch would make features depend on the other images."""
        return super().train(False)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B *features"]:
        """Return the features of images on the scale [0, 1]."""
        return self.function(x)


def load(name: str) -> Imported:
    """Import an extractor by its name.

    Raises
    ------
    ConfigError
        If it cannot be imported, or is nothing that can be called.
    UnknownNameError
        If the module has nothing of that name.
    """
    found = import_object(name)
    if not isinstance(found, nn.Module) and is_factory(found):
        found = found()
    if not callable(found):
        raise ConfigError(f"{name}: expected a map from images to features, got {type(found).__name__}")
    return Imported(found)
