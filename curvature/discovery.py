"""How registries find their members: every module of a package that defines the registry's attribute is one."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


def modules_of(package: str) -> list[ModuleType]:
    """Import every module and package directly in a package, in alphabetical order.

    Parameters
    ----------
    package
        Dotted name, such as ``curvature.rungs``.
    """
    paths = import_module(package).__path__
    return [import_module(f"{package}.{found.name}") for found in iter_modules(paths)]


def discover(package: str, attribute: str) -> list[Any]:
    """Collect one attribute of all modules of a package that define it.

    Parameters
    ----------
    package
        Dotted name.
    attribute
        Name that every member module defines, such as ``RUNG``.
    """
    return [getattr(module, attribute) for module in modules_of(package) if hasattr(module, attribute)]
