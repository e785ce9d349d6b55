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

# Importer and imported. Without these imports there is no circle today.
CIRCULAR_IMPORTS = (
    # An Expansion has methods for what is computed from an expansion. These are to stand on the Hessian's operator.
    ("curvature.expansion", "curvature.attribution"),
    ("curvature.expansion", "curvature.prediction"),
    ("curvature.expansion", "curvature.spectrum"),
    ("curvature.expansion", "curvature.traces.trace"),
    # The function that chooses a route by name knows the estimates, and the estimates know the result that it returns.
    ("curvature.traces.trace", "curvature.traces.estimators"),
    # The layers of a Glow are described in a module of their own. They are to describe themselves.
    ("experiments.models.layered", "experiments.models.glow"),
)

# Module and function.
IMPORTS_IN_FUNCTIONS = (
    # They hide the circles above.
    ("curvature.expansion", "attribution"),
    ("curvature.expansion", "predict"),
    ("curvature.expansion", "spectrum"),
    ("curvature.traces.trace", "trace"),
    # scipy takes long to import. Modules that start-up does not need are to import it at their top.
    ("curvature.mode", "_newton"),
    ("curvature.mode", "find_mode"),
    ("curvature.rungs.quadrature", "gauss_jacobi"),
    ("curvature.spectrum", "_lanczos"),
)

# Tests of the theory that use models of the experiments. They are to have models of their own.
TESTS_WITH_HIGHER_LAYERS = (
    "curvature/flows.py",
    "curvature/test_attribution.py",
    "curvature/test_closed_form.py",
    "curvature/test_layers.py",
    "curvature/test_new_rungs.py",
    "curvature/test_route_refusals.py",
    "curvature/test_symbolic.py",
    "curvature/test_trace_routes.py",
)


@pytest.fixture(scope="module")
def imports():
    """The modules that every module imports, wherever in the file."""
    graph = grimp.build_graph(*LAYERS, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle(imports, without=()):
    """Modules along one circle of imports, or nothing."""
    kept = {
        module: {name for name in imported if (module, name) not in without} for module, imported in imports.items()
    }
    try:
        TopologicalSorter(kept).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_modules_import_each_other_in_a_circle(imports):
    assert not circle(imports, CIRCULAR_IMPORTS)


@pytest.mark.parametrize("exception", CIRCULAR_IMPORTS)
def test_every_exception_is_part_of_a_circle(imports, exception):
    others = [each for each in CIRCULAR_IMPORTS if each != exception]
    assert exception[1] in imports[exception[0]]
    assert set(exception) <= set(circle(imports, others))


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
    expected = {each for each in IMPORTS_IN_FUNCTIONS if each[0].startswith(f"{package}.")}
    assert imports_in_functions(package) == expected


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
    assert found == {each for each in TESTS_WITH_HIGHER_LAYERS if each.startswith(f"{package}/")}
