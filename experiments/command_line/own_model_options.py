"""The options of every command that takes your own model. No torch here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OwnModelOptions:
    """How your own model, package.module:factory, is made, and what it was trained on."""

    model_args: tuple[str, ...] = ()
    """KEY=VALUE for each argument of your factory; values are read as Python literals, else as text."""
    train_inputs: str | None = None
    """What your own model was trained on: SET/train, FILE.npy, FILE.npz or FILE.npz:KEY."""

    @property
    def first_given(self) -> str | None:
        """Name of the first of these options that was given; None if none was."""
        given = {"--model-args": bool(self.model_args), "--train-inputs": self.train_inputs is not None}
        return next((name for name, is_given in given.items() if is_given), None)
