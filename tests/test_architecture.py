"""Layers of the package: what may import what, and how big a module may be.

The table below is the plan of docs/architecture.md in a form that can be checked. A
part is a module right under ``sklearn_mtl``, or a folder there with all its modules. An
import must lead to a lower layer or stay in its part; parts of one layer do not know
each other. Imports inside functions count too: hiding an arrow does not remove it.
"""

import ast
import graphlib
import re
import statistics
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from sklearn_mtl.training._config import TrainingConfig

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sklearn_mtl"

LAYERS = (
    # the face and the command line
    ("__main__",),
    ("_cli",),
    ("__init__",),
    # above the estimator
    ("search", "tracking"),
    # the estimator: parameters, and how fit and predict run
    ("_classifier",),
    ("_online",),
    ("_estimator", "_params", "growing"),
    ("_fitting",),
    # answers of files without torch and scikit-learn
    ("runtime",),
    # fitted estimators as files
    ("persistence",),
    # rows, cells and settings in, a trained net out
    ("training",),
    # strategies that build networks, one idea a file
    ("trunks", "sharing", "balancing"),
    ("network",),
    # processes that train together
    ("distributed",),
    # texts to rows, labels to codes and weights
    ("data",),
    ("tasks",),
    # for any multi-output classifier, not only ours
    ("labelling",),
    ("decisions",),
    ("model_selection", "inspection", "datasets"),
    # contributions of words to answers
    ("explanation",),
    ("feature_extraction",),
    ("metrics",),
    # logits to labels
    ("answers",),
    ("labels",),
    ("utils",),
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}

# These work with plain scikit-learn classifiers, so they must not need a network.
WITHOUT_NETWORK = (
    "data",
    "tasks",
    "labelling",
    "decisions",
    "model_selection",
    "inspection",
    "datasets",
    "explanation",
    "feature_extraction",
    "metrics",
    "answers",
    "labels",
    "utils",
)
# The losses of task types, which their types import when training builds them.
LOSSES = {
    f"sklearn_mtl.tasks.{name}"
    for name in ("_asymmetric", "_cross_entropy", "_thresholds")
}
NETWORK = {"torch", "skorch"} | {
    part for part, rank in RANK.items() if RANK["search"] <= rank <= RANK["network"]
}
LONGEST_MODULE = 350
LONGEST_WITH_DOCSTRINGS = 450
MEDIAN_MODULE = 150
MOST_MODULES_IN_THE_ROOT = 8

# Where the name to install differs from the name to import.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "mlflow": "mlflow-skinny"}


def module_name(path):
    parts = ("sklearn_mtl", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def part_of(module):
    """Give the part a module of the package lies in."""
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
def test_every_module_has_a_part(module):
    part = part_of(module)
    assert part in RANK, (
        f"{module} is in no layer. Give `{part}` a place in LAYERS of "
        "tests/test_architecture.py and in docs/architecture.md."
    )


def test_every_part_is_there():
    assert {part_of(module) for module in MODULES} == set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_down(module):
    here = part_of(module)
    wrong = [
        f"line {line}: {imported}"
        for line, imported in imports_of(module)
        if is_ours(imported)
        and part_of(imported) != here
        and RANK.get(part_of(imported), -1) <= RANK.get(here, len(LAYERS))
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
        if part_of(name) in WITHOUT_NETWORK and name not in LOSSES
    ],
)
def test_parts_for_any_classifier_need_no_network(module):
    wrong = [
        f"line {line}: {imported}"
        for line, imported in imports_of(module)
        if (part_of(imported) if is_ours(imported) else imported.split(".")[0])
        in NETWORK
    ]
    assert not wrong, f"{module} must work without the network parts: {wrong}"


def test_no_torch_comes_with_parts_for_any_classifier():
    parts = [f"sklearn_mtl.{part}" for part in WITHOUT_NETWORK]
    code = f"import sys, {', '.join(parts)}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module):
    text = MODULES[module].read_text(encoding="utf-8")
    # What a class or function is documented to do must not be cut to save lines.
    documented = (ast.ClassDef, ast.FunctionDef)
    docstrings = sum(
        node.body[0].end_lineno - node.body[0].lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node)
    )
    whole = len(text.splitlines())
    assert whole <= LONGEST_WITH_DOCSTRINGS, f"{module} has {whole} lines. Split it."
    length = whole - docstrings
    assert length <= LONGEST_MODULE, (
        f"{module} has {length} lines without docstrings. Past {LONGEST_MODULE}, split "
        "it by idea."
    )


def test_most_modules_are_far_shorter():
    lengths = [
        len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES.values()
    ]
    assert statistics.median(lengths) <= MEDIAN_MODULE


def test_few_modules_stand_in_the_root():
    found = sorted(path.name for path in PACKAGE.glob("*.py"))
    assert len(found) <= MOST_MODULES_IN_THE_ROOT, found


def test_nothing_below_the_estimator_reads_its_parameters():
    parameters = {field.name for field in fields(TrainingConfig)} - {"sharing"}
    wrong = [
        f"{module}, line {node.lineno}: {node.value.id}.{node.attr}"
        for module, path in MODULES.items()
        if RANK[part_of(module)] >= RANK["training"]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in parameters
        and isinstance(node.value, ast.Name)
        and node.value.id in ("estimator", "settings", "classifier")
    ]
    assert not wrong


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
