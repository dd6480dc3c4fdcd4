"""What works with what: estimators, tools of scikit-learn and kinds of labels.

``REFUSED`` has what an estimator of scikit-learn does not fit, and why; all the rest of
the matrix works, with an explicit splitter. docs/scikit-learn.md says the same in
prose; test_composition.py has what scikit-learn refuses before an estimator is called.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from versions import CHAINED

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

rng = np.random.RandomState(0)
N = 72
X = rng.normal(size=(N, 3))
CV = MultiTaskStratifiedKFold(2, shuffle=True, random_state=0)
SCORER = multitask_scorer("accuracy")

ESTIMATORS = {
    "ours": (MultiTaskTextClassifier(max_iter=10, random_state=0), "alpha"),
    "per column": (MultiOutputClassifier(LogisticRegression()), "estimator__C"),
    "forest": (RandomForestClassifier(5, random_state=0), "min_samples_leaf"),
    "chain": (ClassifierChain(LogisticRegression()), f"{CHAINED}__C"),
}
GRID = [1, 2]


def three_kinds():
    """A task of three classes as text, one of numbers and one of truth values."""
    return {
        "topic": np.array(["arts", "news", "tech"])[np.digitize(X[:, 0], [-0.5, 0.5])],
        "stars": np.where(X[:, 1] > 0, 5, 1),
        "urgent": X[:, 2] > 0,
    }


def with_holes(columns):
    holes = rng.rand(N, len(columns)) < 0.25
    return {
        name: [None if hole else cell for hole, cell in zip(h, column, strict=True)]
        for (name, column), h in zip(columns.items(), holes.T, strict=True)
    }


BINARY = {f"t{k}": (X[:, k] > 0).astype(int) for k in range(3)}
TEXTS = {f"t{k}": np.where(X[:, k] > 0, "yes", "no") for k in range(3)}
HOLES = {name: np.array(cells, dtype=float) for name, cells in
         with_holes(BINARY).items()}  # fmt: skip
LABELS = {
    "numbers, array": np.column_stack(list(BINARY.values())),
    "text, DataFrame": pd.DataFrame(TEXTS),
    "mixed, DataFrame": pd.DataFrame(three_kinds()),
    "missing, array": np.column_stack(list(HOLES.values())),
    "missing text, DataFrame": pd.DataFrame(with_holes(TEXTS)),
    "missing and mixed, DataFrame": pd.DataFrame(with_holes(three_kinds())),
}
_HOLES = {
    "missing, array": "y contains NaN",
    # pandas 2 keeps None among texts, which scikit-learn then tries to sort.
    "missing text, DataFrame": "contains NaN|'<' not supported",
    "missing and mixed, DataFrame": "contains NaN",
}
_ORDER = {"mixed, DataFrame": "not supported between instances of 'bool' and 'str'"}
_FLOAT = dict.fromkeys(
    ["text, DataFrame", "mixed, DataFrame"], "could not convert string to float"
)
REFUSED = {
    "ours": {},
    "per column": _HOLES | _ORDER,
    "forest": _HOLES | _ORDER,
    "chain": _HOLES | _FLOAT,
}
WORKS = [
    (name, labels)
    for name, refused in REFUSED.items()
    for labels in LABELS
    if labels not in refused
]


def run_cross_validate(estimator, parameter, y):
    scores = cross_validate(estimator, X, y, cv=CV, scoring=SCORER, error_score="raise")
    return scores["test_mean"]


def run_search(search, estimator, parameter, y):
    found = search(
        estimator,
        {parameter: GRID},
        cv=CV,
        scoring=SCORER,
        refit="mean",
        error_score="raise",
    ).fit(X, y)
    assert found.predict(X).shape == (N, 3)
    return found.cv_results_["mean_test_worst"]


def run_grid_search(*args):
    return run_search(GridSearchCV, *args)


def run_randomized_search(*args):
    def search(*args, **kwargs):
        return RandomizedSearchCV(*args, n_iter=2, random_state=0, **kwargs)

    return run_search(search, *args)


def run_cross_val_predict(estimator, parameter, y):
    predicted = cross_val_predict(estimator, X, y, cv=CV)
    assert predicted.shape == (N, 3)
    return [1.0]


def run_learning_curve(estimator, parameter, y):
    _, _, scores = learning_curve(
        estimator,
        X,
        y,
        train_sizes=[0.9, 1.0],
        cv=CV,
        scoring=multitask_scorer(output="mean"),
        error_score="raise",
    )
    return scores


def run_permutation_importance(estimator, parameter, y):
    fitted = clone(estimator).fit(X, y)
    found = permutation_importance(fitted, X, y, scoring=SCORER, n_repeats=2)
    return 0.5 + found["mean"].importances_mean


TOOLS = {
    "cross_validate": run_cross_validate,
    "GridSearchCV": run_grid_search,
    "RandomizedSearchCV": run_randomized_search,
    "cross_val_predict": run_cross_val_predict,
    "learning_curve": run_learning_curve,
    "permutation_importance": run_permutation_importance,
}


@pytest.mark.parametrize(("name", "labels"), WORKS)
@pytest.mark.parametrize("tool", TOOLS)
def test_what_works(name, labels, tool):
    estimator, parameter = ESTIMATORS[name]
    scores = TOOLS[tool](clone(estimator), parameter, LABELS[labels])
    assert np.min(scores) > 0.4


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [(n, labels, m) for n, refused in REFUSED.items() for labels, m in refused.items()],
)
def test_what_scikit_learn_refuses(name, labels, message):
    estimator, _ = ESTIMATORS[name]
    with pytest.raises((ValueError, TypeError), match=message):
        clone(estimator).fit(X, LABELS[labels])
