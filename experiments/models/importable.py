"""One's own model by name: ``package.module:factory``, from the working directory or wherever Python finds it."""

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from curvature.errors import ConfigError
from curvature.names import require_known


def is_importable(name: str) -> bool:
    """Whether a name has the form ``package.module:factory``."""
    module, separator, attribute = name.partition(":")
    parts = [*module.split("."), *attribute.split(".")]
    return bool(separator) and all(part.isidentifier() for part in parts)


def import_model(name: str, arguments: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """Import a model: an object with `log_prob`, a function of x, or what a callable makes.

    Parameters
    ----------
    name
        ``package.module:factory``.
    arguments
        What the factory is called with, by name; without any it must not ask for one.

    Raises
    ------
    ConfigError
        If the name has another form, the module cannot be imported, or the factory raises or gives no model.
    UnknownNameError
        If the module has nothing of that name.
    """
    found = import_object(name)
    if not arguments and not is_factory(found):
        return found
    try:
        model = found(**arguments)
    except Exception as error:  # whatever a user's factory may raise
        raise ConfigError(f"{name}: {_told(error)}") from error
    if not hasattr(model, "log_prob") and not callable(model):
        raise ConfigError(f"{name}: expected a model with log_prob, or a function of x, got {type(model).__name__}")
    return model


def is_factory(found: Any) -> bool:
    """Whether an object is a callable without required arguments, and no model itself."""
    if not callable(found) or (hasattr(found, "log_prob") and not isinstance(found, type)):
        return False
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return False
    optional = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return all(one.default is not inspect.Parameter.empty or one.kind in optional for one in parameters)


def import_object(name: str) -> Any:
    """Import whatever has the name ``package.module:name``.

    Raises
    ------
    ConfigError
        If the name has another form, or the module cannot be imported.
    UnknownNameError
        If the module has nothing of that name.
    """
    if not is_importable(name):
        raise ConfigError(f"{name}: expected package.module:factory")
    path, _, attributes = name.partition(":")
    if str(Path.cwd()) not in sys.path:  # the command's own directory is there instead
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(path)
    except Exception as error:  # whatever a user's module may raise
        raise ConfigError(f"{name}: the module {path} cannot be imported: {_told(error)}") from error
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            require_known(f"name in {path}", attribute, [one for one in dir(found) if not one.startswith("_")])
        found = getattr(found, attribute)
    return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
