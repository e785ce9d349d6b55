"""The options of every command that takes your own model. No torch here."""

from dataclasses import dataclass
from typing import Annotated

from experiments.settings import Range, require_ranges


@dataclass(frozen=True)
class OwnModelOptions:
    """How your own model, package.module:factory, is made, and what it was trained on."""

    model_args: tuple[str, ...] = ()
    """KEY=VALUE for each argument of your factory; values are read as Python literals, else as text."""
    train_inputs: str | None = None
    """What your own model was trained on: SET/train, FILE.npy, FILE.npz or FILE.npz:KEY."""

    value_range: tuple[float, float] | None = None
    """LOW HIGH of the values that your own model takes, such as -1 1; floats in your files are on the same scale, and
    bits per dimension count its levels. Default: 0 1."""
    levels: Annotated[int, Range(2, 256)] = 256
    """Number of levels of a pixel within this range; 256 for 8-bit images."""

    def __post_init__(self) -> None:
        require_ranges(self, "own model")

    @property
    def first_given(self) -> str | None:
        """Name of the first of these options that was given; None if none was."""
        given = {
            "--model-args": bool(self.model_args),
            "--train-inputs": self.train_inputs is not None,
            "--value-range": self.value_range is not None,
            "--levels": self.levels != 256,
        }
        return next((name for name, is_given in given.items() if is_given), None)
