"""The named errors of the toolkit: each says in one line what was wrong, where, and what to do."""


class ToolkitError(Exception):
    """A mistake that the user can repair; the command line prints it as one line and exits with code 2."""


class ShapeError(ToolkitError, ValueError):
    """An array has another shape than the model or the other arrays ask for."""


class DtypeError(ToolkitError, TypeError):
    """Integer pixels where floats are due, or floats where integer pixels are due."""


class PixelRangeError(ToolkitError, ValueError):
    """A pixel lies outside the range of its scale."""


class NonFiniteError(ToolkitError, FloatingPointError):
    """A named quantity is NaN or infinite."""


class TooFewSamplesError(ToolkitError, ValueError):
    """Fewer samples than the statistic needs."""


class TrainingModeError(ToolkitError, RuntimeError):
    """The model is in training mode, so its log p may be random or depend on the rest of the batch."""


class UninitialisedError(ToolkitError, RuntimeError):
    """A layer with data-dependent initialisation has not been initialised yet."""


class UnknownNameError(ToolkitError, LookupError):
    """A data set, input set, rung or option of that name does not exist."""


class ConfigError(ToolkitError):
    """A setting lies outside its range, has another type, is unknown, or contradicts another one.

    It is not a ValueError, because the command line's parser would catch that and print it in a format of its own.
    """


class CheckpointError(ToolkitError, RuntimeError):
    """A checkpoint is missing, damaged, or does not fit its configuration."""


class RunDirectoryError(ToolkitError, OSError):
    """A run directory cannot be read or written."""


class OptionError(ToolkitError, ValueError):
    """An option has a value that is not allowed, or a function passed as an option does not do what it must."""


class RouteError(ToolkitError, ValueError):
    """A route was requested by name that the model does not allow."""


class OtherKindOfModelError(RouteError):
    """A route is for another kind of model, such as ensembles: what keeps this one from it is nothing to mend."""


class BatchMixingError(ToolkitError, ValueError):
    """A log_prob whose value for one sample depends on the others in the batch."""


class StochasticError(ToolkitError, ValueError):
    """A log_prob that gives another value at every call."""


class GradientError(ToolkitError, ValueError):
    """Derivatives that are not those of log p, so that no curvature can explain it."""


class ModelWarning(UserWarning):
    """A model that can be expanded, though something about it is suspicious."""


class ConvergenceError(ToolkitError, RuntimeError):
    """An iteration did not converge: Lanczos found too few eigenpairs, or an ascent found no maximum."""


class FailedCheckError(ToolkitError, AssertionError):
    """A flow fails a check of `check_flow`; the message names the failed checks, with programs that show them."""
