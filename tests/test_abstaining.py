"""Cells without a label where the classifier is not sure."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.naive_bayes import GaussianNB
from stated import Probabilities

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.decisions import AbstainingMultiTaskClassifier
from sklearn_mtl.decisions._blanks import with_blanks
from sklearn_mtl.labels._missing import find_empty
from sklearn_mtl.model_selection._per_task import PerTask

rng = np.random.default_rng(0)
# Two tasks: a binary one, whose probabilities are true, and one of three classes.
FIRST = rng.random(2000)
SECOND = rng.dirichlet([1, 1, 1], size=2000)
X = np.column_stack([1 - FIRST, FIRST, SECOND])
CODES = np.column_stack(
    [
        rng.random(2000) < FIRST,
        (rng.random((2000, 1)) > SECOND.cumsum(axis=1)).sum(axis=1),
    ]
)
Y = {"mood": np.array(["bad", "good"])[CODES[:, 0]], "level": CODES[:, 1]}
MODEL = Probabilities(["mood", "level"], [["bad", "good"], [0, 1, 2]])


def abstaining(**parameters):
    return AbstainingMultiTaskClassifier(MODEL, cv="prefit", **parameters)


def test_only_confident_cells_get_a_label():
    found = abstaining(min_confidence=0.8).fit(X, Y)
    labels, plain = found.predict(X, output="dict"), MODEL.predict(X)
    for k, (name, sure) in enumerate(
        {"mood": np.maximum(FIRST, 1 - FIRST), "level": SECOND.max(axis=1)}.items()
    ):
        assert_allclose(found.confidence(X)[:, k], sure)
        assert_array_equal(find_empty(labels[name]), sure < 0.8)
        assert_array_equal(labels[name][sure >= 0.8], plain[name][sure >= 0.8])


def test_a_dict_leaves_the_other_tasks_alone():
    found = abstaining(min_confidence={"level": 0.7}).fit(X, Y)
    labels = found.predict(X, output="dict")
    assert not find_empty(labels["mood"]).any()
    assert find_empty(labels["level"]).any()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_the_asked_share_of_cells_gets_a_label(share):
    found = abstaining(coverage=share).fit(X, Y)
    for column in found.predict(X, output="dict").values():
        assert np.mean(~find_empty(column)) == pytest.approx(share, abs=1e-3)


def test_the_risk_is_met_with_as_many_labels_as_possible():
    found = abstaining(max_risk={"mood": 0.1}).fit(X, Y)
    sure = found.confidence(X)[:, 0]
    right = MODEL.predict(X)["mood"] == Y["mood"]
    shares = {t: np.mean(~right[sure >= t]) for t in np.unique(sure)}
    threshold = found.thresholds_["mood"]
    assert shares[threshold] <= 0.1
    assert all(shares[t] > 0.1 for t in shares if t < threshold)
    assert found.score(X, {"mood": Y["mood"], "level": Y["level"]}) > 0.7


def test_a_risk_out_of_reach_says_what_is_reachable():
    with pytest.raises(
        ValueError,
        match=r"0\.01 wrong labels is not reached for task 'mood' on its 4 held-out "
        r"cells\. The lowest is 0\.500",
    ):
        abstaining(max_risk=0.01).fit(
            np.tile([0.2, 0.8, 0.5, 0.3, 0.2], (4, 1)),
            {"mood": ["good", "bad"] * 2, "level": [0] * 4},
        )


def test_a_risk_of_few_cells_is_doubtful():
    confident = np.where(np.arange(40) < 5, 0.99, 0.6)
    X = np.column_stack([1 - confident, confident, np.tile([1, 0, 0], (40, 1))])
    labels = {"mood": ["good"] * 5 + ["good", "bad"] * 17 + ["bad"], "level": [0] * 40}
    with pytest.warns(UserWarning, match=r"'mood'.*only 5 held-out cell"):
        abstaining(max_risk=0.1).fit(X, labels)


def test_weights_are_repeated_cells():
    times = rng.integers(0, 3, size=2000)
    for option in ({"coverage": 0.4}, {"max_risk": 0.15}):
        weighted = abstaining(**option).fit(X, Y, sample_weight=times)
        rows = np.repeat(np.arange(2000), times)
        repeated = abstaining(**option).fit(X[rows], {n: c[rows] for n, c in Y.items()})
        for name, threshold in weighted.thresholds_.items():
            assert threshold == pytest.approx(repeated.thresholds_[name])


def test_the_score_counts_cells_with_a_label():
    found = abstaining(min_confidence={"mood": 0.9}).fit(X, Y)
    sure = np.maximum(FIRST, 1 - FIRST) >= 0.9
    plain = MODEL.predict(X)
    accuracy = [
        np.mean(plain["mood"][sure] == Y["mood"][sure]),
        np.mean(plain["level"] == Y["level"]),
    ]
    assert found.score(X, Y) == pytest.approx(np.mean(accuracy))


def test_thresholds_are_chosen_on_rows_not_fitted():
    class Memory(GaussianNB):
        """Is sure and right about rows it has seen."""

        def fit(self, X, y):
            self.seen_ = {row.tobytes(): label for row, label in zip(X, y, strict=True)}
            return super().fit(X, y)

        def predict_proba(self, X):
            codes = [self.seen_.get(row.tobytes()) for row in np.asarray(X)]
            sure = np.where([code is None for code in codes], 0.6, 1.0)
            first = [code in (None, self.classes_[0]) for code in codes]
            own = np.where(first, sure, 1 - sure)
            return np.column_stack([own, 1 - own])

        def predict(self, X):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]

    rows, labels = rng.normal(size=(60, 2)), {"y": np.arange(60) % 2}
    found = AbstainingMultiTaskClassifier(PerTask(Memory()), coverage=0.5, cv=3)
    assert found.fit(rows, labels).thresholds_["y"] == pytest.approx(0.6)


CELLS = {
    "text": ["a", "b", "a", "b"],
    "number": [1, 2, 1, 2],
    "flag": [True, False, True, False],
    "tags": [["x"], ["x"], ["y"], ["y"]],  # a table, if numpy may choose
}
BLANK = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)


def blanked(labels, output, **options):
    classifier = MultiTaskTextClassifier(max_iter=2, random_state=0)
    texts = ["one", "two", "three", "four"]
    targets = classifier.fit(texts, labels).targets_
    codes = targets.encode(_table(labels))
    blank = BLANK[:, : len(targets.names)]
    return with_blanks(targets, codes, blank, output, texts, **options)


def _table(labels):
    from sklearn_mtl.labels._tables import as_label_table

    return as_label_table(labels)


def test_dicts_have_none_or_nan():
    found = blanked(CELLS, "dict")
    assert found["text"].tolist() == [None, "b", "a", "b"]
    assert_array_equal(found["number"], [1.0, np.nan, 1.0, 2.0])
    assert found["flag"].tolist() == [True, None, True, False]
    assert found["tags"].tolist() == [None, ["x"], ["y"], ["y"]]


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        ({}, {"number": "float64", "flag": "object"}),
        (
            {"number": "Int64", "flag": "boolean", "text": "category"},
            {"number": "Int64", "flag": "boolean", "text": "category"},
        ),
    ],
)
def test_pandas_keeps_types_that_have_empty_cells(types, wanted):
    frame = pd.DataFrame(CELLS).astype(types)
    found = blanked(frame, "frame")
    assert_array_equal(found.isna().to_numpy(), BLANK)
    assert {name: str(found.dtypes[name]) for name in wanted} == wanted
    kept = ~BLANK[:, 0]
    assert found["text"][kept].tolist() == frame["text"][kept].tolist()


def test_polars_and_arrow_keep_all_types():
    frame = pl.DataFrame(CELLS)
    found = blanked(frame, "frame")
    assert found.schema == frame.schema
    assert [found[name].null_count() for name in CELLS] == [1, 1, 1, 1]
    table = pa.table(CELLS)
    found = blanked(table, "frame")
    assert found.schema == table.schema
    assert found.column("number").to_pylist() == [1, None, 1, 2]


def test_arrays_of_numbers_stay_numbers():
    found = blanked(np.array([[1, 5], [2, 6], [1, 5], [2, 6]]), "array")
    assert_array_equal(found, [[np.nan, 5], [2, np.nan], [1, 5], [2, 6]])
    mixed = blanked(np.array([["a"], ["b"], ["a"], ["b"]]), "array")
    assert mixed.tolist() == [[None], ["b"], ["a"], ["b"]]


def test_the_users_missing_label_marks_empty_cells():
    labels = np.array([[1, 5], [2, 6], [1, 5], [2, 6]])
    found = blanked(labels, "array", missing_label=[-1, "?"])
    assert found.dtype.kind == "i"
    assert found.tolist() == [[-1, 5], [2, -1], [1, 5], [2, 6]]
    texts = np.array(["a", "b", "a", "b"])
    found = blanked(texts, "array", missing_label=[-1, "?"])
    assert found.tolist() == ["?", "b", "a", "b"]
    assert found.dtype.kind == "U"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, r"Set exactly one of .* Got none of them"),
        ({"coverage": 0.5, "max_risk": 0.1}, r"Got \['coverage', 'max_risk'\]"),
        ({"coverage": 1.2}, r"coverage must be above 0 and below 1\. Got 1\.2"),
        ({"max_risk": {"mood": 0}}, r"max_risk\['mood'\] must be above 0"),
        ({"min_confidence": True}, "min_confidence must be above 0 and below 1"),
        ({"coverage": {"tone": 0.5}}, r"coverage names unknown tasks \['tone'\]"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        abstaining(**parameters).fit(X, Y)
