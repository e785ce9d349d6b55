"""Imports run downwards and never in a circle: between modules, not only between packages, and in the tests as well.

The order of packages and rooms is kept by import-linter (pyproject.toml, `make lint`).
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("curvature", "analysis", "paper_figures", "experiments")  # from the lowest to the highest


@pytest.fixture(scope="module")
def imports():
    """The modules that every module imports, wherever in the file."""
    graph = grimp.build_graph(*LAYERS, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle(imports):
    """Modules along one circle of imports, or nothing."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_modules_import_each_other_in_a_circle(imports):
    assert not circle(imports)


def test_a_circle_is_found():
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


def imports_in_functions(package):
    """Module and function of every import statement inside a function."""
    return {
        (".".join(path.relative_to(ROOT).with_suffix("").parts), function.name)
        for path in sorted((ROOT / package).rglob("*.py"))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Import | ast.ImportFrom)
    }


@pytest.mark.parametrize("package", ["curvature", "analysis"])
def test_imports_stand_at_the_top_of_the_file(package):
    assert not imports_in_functions(package)


def imported_packages(path):
    """First parts of the names of all modules that a file imports."""
    for statement in ast.walk(ast.parse(path.read_text())):
        if isinstance(statement, ast.Import):
            yield from (alias.name.split(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from (".".join(statement.module.split(".")[:2]), statement.module.split(".")[0])


@pytest.mark.parametrize("package", LAYERS)
def test_tests_of_a_layer_import_no_higher_one(package):
    higher = LAYERS[LAYERS.index(package) + 1 :]
    forbidden = {*higher, *(f"tests.{name}" for name in higher)}
    found = {
        path.relative_to(ROOT / "tests").as_posix()
        for path in (ROOT / "tests" / package).rglob("*.py")
        if forbidden & set(imported_packages(path))
    }
    assert not found
