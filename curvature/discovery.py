"""The one way a registry finds its members: every module of a package that defines the registry's attribute."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def discover(package: str, attribute: str) -> list[tuple[str, Any]]:
    """Import every module directly in a package and collect one attribute of those that define it.

    Parameters
    ----------
    package
        Dotted name of the package, such as ``curvature.rungs``.
    attribute
        Name that a module defines to be a member, such as ``RUNG``.

    Returns
    -------
    list of (str, object)
        Name of the module and its attribute, in alphabetical order of the modules.
    """
    paths = import_module(package).__path__
    modules = [import_module(f"{package}.{found.name}") for found in iter_modules(paths) if not found.ispkg]
    return [(module.__name__, getattr(module, attribute)) for module in modules if hasattr(module, attribute)]
