"""The rooms of the house: what may import what, and how big a module may be.

The table below is the plan of docs/architecture.md in a form that can be checked. A
room is a module right under ``sklearn_mtl``, or a folder there with all its modules. An
import must lead to a lower layer or stay in its room; rooms of one layer do not know
each other. Imports inside functions count too: hiding an arrow does not remove it.
"""

import ast
import graphlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sklearn_mtl"

LAYERS = (
    # the face and the command line
    ("__main__",),
    ("_cli",),
    ("__init__",),
    # above the estimator
    ("search",),
    ("_folds",),
    # the estimator: parameters, and how fit and predict run
    ("_classifier",),
    ("_estimator", "_params"),
    # rows, cells and settings in, a trained net out
    ("training",),
    # strategies that build networks, one idea a file
    ("trunks", "sharing", "balancing"),
    ("network",),
    # texts to rows, labels to codes and weights
    ("data",),
    ("tasks",),
    # leaves: for any multi-output classifier, not only ours
    ("model_selection", "inspection", "datasets", "feature_extraction"),
    ("metrics",),
    ("labels",),
    ("utils",),
)
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

# These work with plain scikit-learn classifiers, so they must not need a network.
WITHOUT_NETWORK = (
    "data",
    "tasks",
    "model_selection",
    "inspection",
    "datasets",
    "feature_extraction",
    "metrics",
    "labels",
    "utils",
)
# The losses of task types, which their types import when training builds them.
LOSSES = {
    f"sklearn_mtl.tasks.{name}"
    for name in ("_asymmetric", "_cross_entropy", "_thresholds")
}
NETWORK = {"torch", "skorch"} | {
    room for room, rank in RANK.items() if RANK["search"] <= rank <= RANK["network"]
}
LONGEST_MODULE = 400

# Where the name to install differs from the name to import.
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def module_name(path):
    parts = ("sklearn_mtl", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module):
    """Give the room a module of the package lies in."""
    _, _, rest = module.partition(".")
    return rest.split(".")[0] if rest else "__init__"


def absolute_names(node, importer, path):
    """Yield the dotted names an import statement reaches for."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        folder = importer.split(".")
        if path.name != "__init__.py":
            folder = folder[:-1]
        folder = folder[: len(folder) - node.level + 1]
        base = ".".join([*folder, *([base] if base else [])])
    yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_of(module):
    """Yield (line, imported) for each import anywhere in a module.

    Of the package's own names, ``imported`` is the longest one that is a module: what
    remains is something defined in it. Other names come whole.
    """
    path = MODULES[module]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for name in absolute_names(node, module, path):
            imported = name
            if name.split(".")[0] == "sklearn_mtl":
                while imported not in MODULES:
                    imported = imported.rpartition(".")[0]
            yield node.lineno, imported


def is_ours(name):
    return name.split(".")[0] == "sklearn_mtl"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_room(module):
    room = room_of(module)
    assert room in RANK, (
        f"{module} is in no layer. Give `{room}` a place in LAYERS of "
        "tests/test_architecture.py and in docs/architecture.md."
    )


def test_every_room_is_there():
    assert {room_of(module) for module in MODULES} == set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_down(module):
    here = room_of(module)
    wrong = [
        f"line {line}: {imported}"
        for line, imported in imports_of(module)
        if is_ours(imported)
        and room_of(imported) != here
        and RANK.get(room_of(imported), -1) <= RANK.get(here, len(LAYERS))
    ]
    assert not wrong, f"{module} imports from its own layer or from above it: {wrong}"


def test_no_import_cycle():
    graph = {
        module: {name for _, name in imports_of(module) if is_ours(name)} - {module}
        for module in MODULES
    }
    # Raises CycleError, which lists the modules of the cycle.
    list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "module",
    [
        name
        for name in MODULES
        if room_of(name) in WITHOUT_NETWORK and name not in LOSSES
    ],
)
def test_rooms_for_any_classifier_need_no_network(module):
    wrong = [
        f"line {line}: {imported}"
        for line, imported in imports_of(module)
        if (room_of(imported) if is_ours(imported) else imported.split(".")[0])
        in NETWORK
    ]
    assert not wrong, f"{module} must work without the network rooms: {wrong}"


def test_no_torch_comes_with_rooms_for_any_classifier():
    rooms = [f"sklearn_mtl.{room}" for room in WITHOUT_NETWORK]
    code = f"import sys, {', '.join(rooms)}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module):
    length = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST_MODULE, (
        f"{module} has {length} lines. Past {LONGEST_MODULE}, split it by idea."
    )


def declared_distributions():
    """Give the names of the base requirements and those of the extras."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    extras = project["optional-dependencies"].values()
    return tuple(
        {re.match(r"[\w.-]+", requirement)[0] for requirement in requirements}
        for requirements in (
            project["dependencies"],
            [requirement for extra in extras for requirement in extra],
        )
    )


@pytest.mark.parametrize("module", MODULES)
def test_imports_are_declared_dependencies(module):
    base, extras = declared_distributions()
    found = {
        DISTRIBUTIONS.get(top, top)
        for _, name in imports_of(module)
        if not is_ours(name)
        for top in [name.split(".")[0]]
        if top not in sys.stdlib_module_names
    }
    undeclared = found - base - extras
    assert not undeclared, f"{module} imports what pyproject.toml does not name"


@pytest.mark.parametrize("module", MODULES)
def test_extras_are_imported_where_they_are_used(module):
    base, extras = declared_distributions()
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    at_the_top = {
        DISTRIBUTIONS.get(name.split(".")[0], name.split(".")[0])
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in absolute_names(node, module, MODULES[module])
    }
    wrong = at_the_top & (extras - base)
    assert not wrong, f"{module} needs an extra to be imported at all: {wrong}"
