"""What the package asks of scikit-learn beyond its public names, in one module."""

import ast
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix, isspmatrix
from sklearn import metrics
from versions import needs_scikit_learn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._progress import FitProgress
from sklearn_mtl.utils import _compat

PACKAGE = Path(_compat.__file__).parents[1]


def foreign_names(path):
    """Yield (line, dotted name) for each import from scikit-learn."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "sklearn":
                yield node.lineno, name


def test_no_other_module_imports_what_scikit_learn_keeps_to_itself():
    wrong = [
        f"{path.relative_to(PACKAGE)}, line {line}: {name}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "_compat.py"
        for line, name in foreign_names(path)
        if any(part.startswith("_") or part == "callback" for part in name.split("."))
    ]
    assert not wrong, f"Import these from sklearn_mtl.utils._compat: {wrong}"


@needs_scikit_learn(1, 7, why="its Brier score is of two classes only")
def test_the_brier_score_of_older_releases_is_that_of_newer_ones():
    for n_classes, weighted in product([2, 3, 5], [False, True]):
        check_brier_score(n_classes, weighted)


def check_brier_score(n_classes, weighted):
    rng = np.random.default_rng(0)
    labels = np.array(list("abcde"))[:n_classes]
    y = rng.choice(labels[1:], 30)  # one of the classes does not occur
    p = rng.dirichlet(np.ones(n_classes), 30)
    weight = rng.uniform(size=30) if weighted else None
    expected = metrics.brier_score_loss(y, p, sample_weight=weight, labels=labels)
    found = _compat.brier_score_loss(y, p, sample_weight=weight, labels=labels)
    assert found == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "brier_score_loss", lambda y_true, y_proba: None)
        found = _compat.brier_score_loss(y, p, sample_weight=weight, labels=labels)
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_fit_without_callbacks_is_the_same_fit(monkeypatch):
    texts, labels = ["late box", "wrong bill"] * 4, ["ship", "pay"] * 4
    clf = MultiTaskTextClassifier(max_iter=2, random_state=0)
    expected = clf.fit(texts, labels).predict_proba(texts)
    monkeypatch.setattr(_compat, "hasattr", lambda *args: False, raising=False)
    assert type(FitProgress(clf, texts, labels).begin_fit(2)) is _compat._NoCallbacks
    found = clf.fit(texts, labels).predict_proba(texts)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("kind", [csr_array, csr_matrix])
def test_matrices_are_what_comes_unless_asked_otherwise(kind):
    found = _compat._align_api_if_sparse(kind(np.eye(2, dtype=np.int32)))
    assert isspmatrix(found)
    assert found.dtype == np.int32
    dense = np.eye(2)
    assert _compat._align_api_if_sparse(dense) is dense
