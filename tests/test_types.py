"""Types of the public face: every signature has them, and editors see every name."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from versions import needs_scikit_learn

import sklearn_mtl

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(sklearn_mtl.__file__).parent
PUBLIC = [
    "sklearn_mtl",
    *(
        f"sklearn_mtl.{path.name.removesuffix('.py')}"
        for path in sorted(PACKAGE.iterdir())
        if not path.name.startswith(("_", "py."))
        and (path.suffix == ".py" or (path / "__init__.py").exists())
        and hasattr(
            importlib.import_module(f"sklearn_mtl.{path.name.removesuffix('.py')}"),
            "__all__",
        )
    ),
]


def own_functions(thing):
    """Yield (name, function) of what a user of a class or function may call."""
    if inspect.isfunction(thing):
        yield thing.__name__, inspect.unwrap(thing)
    if not inspect.isclass(thing):
        return
    for name, value in vars(thing).items():
        if name.startswith("_") and name not in ("__init__", "__call__"):
            continue
        value = getattr(value, "__func__", value)  # of class and static methods
        value = getattr(value, "fget", value)  # of properties
        value = getattr(value, "fn", value)  # of scikit-learn's available_if
        value = inspect.unwrap(value) if callable(value) else value
        if inspect.isfunction(value) and value.__module__.startswith("sklearn_mtl"):
            yield f"{thing.__name__}.{name}", value


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_signature_has_types(module):
    package = importlib.import_module(module)
    missing = []
    for public in package.__all__:
        for name, function in own_functions(getattr(package, public)):
            signature = inspect.signature(function)
            bare = [
                parameter.name
                for k, parameter in enumerate(signature.parameters.values())
                if parameter.annotation is parameter.empty
                and not (k == 0 and parameter.name in ("self", "cls"))
            ]
            if signature.return_annotation is signature.empty:
                bare.append("return")
            if bare:
                missing.append(f"{name}: {', '.join(bare)}")
    assert not missing


@pytest.mark.parametrize("module", PUBLIC)
def test_an_editor_finds_every_public_name_without_running_the_package(module):
    path = importlib.import_module(module).__file__
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    bound = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.Assign):
            bound |= {target.id for target in node.targets if hasattr(target, "id")}
        bound.add(getattr(node, "name", None))
    assert set(importlib.import_module(module).__all__) <= bound


def test_the_package_says_that_it_has_types():
    assert (PACKAGE / "py.typed").read_bytes() == b""


@needs_scikit_learn(1, 9, why="types are checked with the newest releases")
def test_the_types_are_right(tmp_path):
    code = """
from sklearn_mtl import MultiTaskTextClassifier, load
from sklearn_mtl.metrics import multitask_scores
from sklearn_mtl.runtime import MultiTaskPredictor

clf = MultiTaskTextClassifier(max_iter=3, random_state=0)
fitted: MultiTaskTextClassifier = clf.fit(["late", "wrong"], {"topic": ["a", None]})
number: float = fitted.score(["late"], ["a"])
scores: dict[str, dict[str, object]] = multitask_scores(["a"], ["b"])
again: MultiTaskTextClassifier = load("model.mtl")
small: MultiTaskPredictor = load("model.mtl", runtime="numpy")
clf.predict(["late"], output="table")  # type: ignore[arg-type]
"""
    (tmp_path / "use.py").write_text(code)
    for arguments in ([], [str(tmp_path / "use.py")]):
        done = subprocess.run(
            [sys.executable, "-m", "mypy", *arguments],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
