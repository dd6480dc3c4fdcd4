"""What MultiTaskTextClassifier promises: containers, weights, training, persistence."""

import ast
import copy
import pickle
from itertools import combinations

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.utils.class_weight import compute_class_weight
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from skorch.dataset import ValidSplit
from versions import needs_scikit_learn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    HardSharing,
    MixtureOfExperts,
    ProgressiveLayers,
    Separate,
    SharedPrivate,
)
from sklearn_mtl.trunks import BagTrunk, DenseTrunk

OPENINGS = ["A great", "An awful", "Such a great", "What an awful", "Really great"]
THINGS = ["phone call", "long film", "tomato soup", "radio phone", "silent film"]
TEXTS = [f"{opening} {thing}." for opening in OPENINGS for thing in THINGS]
TONE = ["bad" if "awful" in text else "good" for text in TEXTS]
TOPIC = [2 if "phone" in text else 1 if "film" in text else 0 for text in TEXTS]
LONG = ["long" in text or "silent" in text for text in TEXTS]
# Some cells are empty, in other rows for each task; no row has none at all.
TONE = [None if row % 4 == 0 else cell for row, cell in enumerate(TONE)]
TOPIC = [None if row % 7 == 1 else cell for row, cell in enumerate(TOPIC)]
LABELS = {"tone": TONE, "topic": TOPIC, "long": LONG}
NUMBERS = np.random.default_rng(0).normal(size=(len(TEXTS), 5))


def make(**params):
    return MultiTaskTextClassifier(**{"max_iter": 5, "random_state": 0, **params})


def fit(X=TEXTS, y=LABELS, sample_weight=None, **params):
    if getattr(X, "ndim", 1) == 1:
        # Small steps: at probabilities of 0 and 1 all fits would look alike.
        params = {"learning_rate_init": 2.0, **params}
    return make(**params).fit(X, y, sample_weight)


def assert_same(ours, theirs, X=TEXTS, tolerance=0.0):
    """Both predict the same probabilities."""
    pairs = zip(ours.predict_proba(X), theirs.predict_proba(X), strict=True)
    for our, their in pairs:
        assert_allclose(our, their, rtol=0, atol=tolerance)


def differ(ours, theirs, X=TEXTS):
    pairs = zip(ours.predict_proba(X), theirs.predict_proba(X), strict=True)
    return any(np.abs(our - their).max() > 1e-3 for our, their in pairs)


@pytest.fixture(scope="module")
def fitted():
    return make(max_iter="auto").fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def brief():
    """Five steps only, for comparisons."""
    return fit()


@pytest.fixture(scope="module")
def larger():
    """Enough rows for batches, dropout and a validation split."""
    return make_multitask_texts(
        260, 3, [2, 3, 2], missing_rate=0.2, n_words=60, length=15, random_state=0
    )


# --- predict, predict_proba, transform ---------------------------------------------


def test_it_learns_what_it_was_given(fitted):
    assert fitted.score(TEXTS, LABELS) == 1


def test_fitted_attributes_describe_the_tasks(fitted):
    assert fitted.task_names_ == ["tone", "topic", "long"]
    assert fitted.task_types_ == {
        "tone": "binary",
        "topic": "multiclass",
        "long": "binary",
    }
    assert fitted.n_outputs_ == 3
    assert [c.tolist() for c in fitted.classes_] == [
        ["bad", "good"],
        [0, 1, 2],
        [False, True],
    ]
    assert isinstance(fitted.trunk_, BagTrunk)
    assert isinstance(fitted.sharing_, SharedPrivate)


def test_probabilities_are_those_of_classes(fitted):
    probabilities = fitted.predict_proba(TEXTS)
    assert isinstance(probabilities, list)
    for task, (own, classes) in enumerate(
        zip(probabilities, fitted.classes_, strict=True)
    ):
        assert own.shape == (len(TEXTS), len(classes))
        assert own.dtype == np.float32
        assert (own >= 0).all()
        assert_allclose(own.sum(axis=1), 1, rtol=1e-6)
        predicted = classes[own.argmax(axis=1)]
        assert_array_equal(predicted, fitted.predict(TEXTS)[:, task])


def test_predictions_of_several_kinds_are_objects(fitted):
    predicted = fitted.predict(TEXTS[:1])
    assert predicted.dtype == object
    assert predicted.tolist() == [["good", 2, False]]


def test_predictions_as_a_dict_keep_each_dtype(fitted):
    predicted = fitted.predict(TEXTS, output="dict")
    assert list(predicted) == ["tone", "topic", "long"]
    assert [column.dtype.kind for column in predicted.values()] == ["U", "i", "b"]
    for column, own in zip(predicted.values(), fitted.predict(TEXTS).T, strict=True):
        assert_array_equal(column, own)


def test_probabilities_as_a_dict_have_task_names(fitted):
    named = fitted.predict_proba(TEXTS, output="dict")
    assert list(named) == fitted.task_names_
    assert_array_equal(named["topic"], fitted.predict_proba(TEXTS)[1])


def test_the_representation_is_that_of_the_trunk(fitted):
    hidden = fit(trunk=BagTrunk(n_units=7)).transform(TEXTS)
    assert hidden.shape == (len(TEXTS), 7)
    assert hidden.dtype == np.float32
    assert (hidden >= 0).all()
    assert hidden.any()


def test_feature_names_count_the_units():
    clf = fit(trunk=BagTrunk(n_units=2))
    names = ["multitasktextclassifier0", "multitasktextclassifier1"]
    assert clf.get_feature_names_out().tolist() == names


def test_set_output_names_the_representation():
    clf = make(trunk=BagTrunk(n_units=2)).set_output(transform="pandas")
    frame = clf.fit_transform(TEXTS, LABELS)
    assert frame.columns.tolist() == clf.get_feature_names_out().tolist()


@pytest.mark.parametrize("params", [{"trunk": None}, {"sharing": "separate"}], ids=str)
def test_there_are_no_feature_names_where_nothing_is_shared(params):
    assert not hasattr(fit(**params), "get_feature_names_out")


# --- X ------------------------------------------------------------------------------

TEXT_CONTAINERS = {
    "tuple": tuple,
    "str array": np.array,
    "object array": lambda texts: np.array(texts, dtype=object),
    "pandas": lambda texts: pd.Series(texts, index=range(len(texts), 0, -1)),
    "pandas category": lambda texts: pd.Series(texts, dtype="category"),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "pyarrow chunks": lambda texts: pa.chunked_array([texts[:3], texts[3:]]),
    "generator": lambda texts: (text for text in texts),
    "np.str_": lambda texts: [np.str_(text) for text in texts],
}


@pytest.mark.parametrize("wrap", TEXT_CONTAINERS.values(), ids=TEXT_CONTAINERS.keys())
def test_texts_come_in_any_container(brief, wrap):
    clf = fit(wrap(TEXTS))
    for ours, theirs in zip(
        clf.predict_proba(wrap(TEXTS)), brief.predict_proba(TEXTS), strict=True
    ):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "wrap", [csr_array, pd.DataFrame, pl.DataFrame, np.ndarray.tolist]
)
def test_numbers_come_in_any_container(wrap):
    params = {"trunk": "bag", "learning_rate_init": 2.0}
    expected, clf = fit(NUMBERS, **params), fit(wrap(NUMBERS), **params)
    for ours, theirs in zip(
        clf.predict_proba(wrap(NUMBERS)), expected.predict_proba(NUMBERS), strict=True
    ):
        assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_both_kinds_of_sparse_rows_give_the_same():
    matrix, array = csr_matrix(NUMBERS), csr_array(NUMBERS)
    assert_same(fit(matrix), fit(array), matrix)
    assert_same(fit(matrix), fit(array), array)


def test_sparse_rows_may_come_unsorted_or_with_duplicates():
    rows = csr_matrix(NUMBERS)
    unsorted = csr_matrix((rows.data[::-1], rows.indices[::-1], rows.indptr))[::-1]
    halves = csr_matrix(
        (rows.data.repeat(2) / 2, rows.indices.repeat(2), rows.indptr * 2)
    )
    for X in (unsorted, halves):
        assert_array_equal(X.toarray(), NUMBERS)
        assert_same(fit(X), fit(rows), rows, tolerance=1e-9)


def test_a_bag_reads_dense_rows_as_sparse_ones():
    assert_same(fit(NUMBERS, trunk="bag"), fit(csr_matrix(NUMBERS)), NUMBERS)


def test_dense_rows_have_a_dense_trunk():
    clf = fit(NUMBERS)
    assert isinstance(clf.trunk_, DenseTrunk)
    assert clf.vectorizer_ is None


@pytest.mark.parametrize("wrap", [np.asarray, csr_array, pd.DataFrame])
@pytest.mark.parametrize(
    ("given", "computed"),
    [("float64", "float64"), ("float32", "float32"), ("int64", "float32")],
)
def test_the_float_type_of_rows_is_that_of_probabilities(wrap, given, computed):
    X = wrap(np.round(NUMBERS * 3).astype(given))
    clf = fit(X)
    assert {p.dtype.name for p in clf.predict_proba(X)} == {computed}
    assert clf.transform(X).dtype == computed


def test_feature_names_and_their_number_are_those_of_numeric_frames():
    frame = pd.DataFrame(NUMBERS, columns=list("abcde"))
    clf = fit(frame)
    assert clf.n_features_in_ == 5
    assert clf.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame[list("edcba")])


def test_texts_have_no_number_of_features(fitted):
    assert not hasattr(fitted, "n_features_in_")
    clf = fit(pd.DataFrame(NUMBERS, columns=list("abcde")))
    clf.fit(TEXTS, LABELS)
    assert not hasattr(clf, "n_features_in_")
    assert not hasattr(clf, "feature_names_in_")


def test_the_vectorizer_of_the_user_is_cloned():
    vectorizer = TfidfVectorizer()
    clf = fit(vectorizer=vectorizer)
    assert not hasattr(vectorizer, "vocabulary_")
    assert_array_equal(
        clf.vectorizer_.get_feature_names_out(),
        TfidfVectorizer().fit(TEXTS).get_feature_names_out(),
    )
    assert {p.dtype.name for p in clf.predict_proba(TEXTS)} == {"float64"}


def test_a_vectorizer_may_read_what_is_no_text():
    tokens = [text.split() for text in TEXTS]
    clf = fit(tokens, vectorizer=TfidfVectorizer(analyzer=list))
    assert "phone" in clf.vectorizer_.vocabulary_
    assert clf.predict([["great", "phone"], ["awful"]]).shape == (2, 3)
    assert clf.predict([["great", "phone"]]).shape == (1, 3)
    counts = [{"great": k % 3, "phone": 1} for k in range(len(TEXTS))]
    clf = fit(counts, vectorizer=DictVectorizer())
    assert clf.predict([{"great": 1}]).shape == (1, 3)


class CountingVectorizer(TfidfVectorizer):
    n_fits = 0

    def fit_transform(self, raw_documents, y=None):
        CountingVectorizer.n_fits += 1
        return super().fit_transform(raw_documents, y)


@pytest.mark.parametrize("wrap", [str, lambda path: joblib.Memory(path, verbose=0)])
def test_memory_keeps_what_the_vectorizer_made(tmp_path, wrap):
    CountingVectorizer.n_fits = 0
    params = {"vectorizer": CountingVectorizer(), "memory": wrap(tmp_path)}
    first, again = fit(**params), fit(**params)
    assert CountingVectorizer.n_fits == 1
    assert_same(first, again)
    fit(TEXTS[1:], {"tone": TONE[1:]}, **params)
    assert CountingVectorizer.n_fits == 2


# --- y ------------------------------------------------------------------------------

ARROW = pa.table(LABELS)
LABEL_TABLES = {
    "pandas": pd.DataFrame(LABELS),
    "pandas reindexed": pd.DataFrame(LABELS, index=range(len(TEXTS), 0, -1)),
    "pandas nullable": pd.DataFrame(LABELS).convert_dtypes(),
    "pandas categories": pd.DataFrame(LABELS).astype({"tone": "category"}),
    "polars": pl.DataFrame(LABELS),
    "pyarrow": ARROW,
    "dict of arrays": {k: np.array(v, dtype=object) for k, v in LABELS.items()},
    "dict of columns": {
        "tone": pd.Series(TONE),
        "topic": pl.Series(TOPIC),
        "long": ARROW["long"],
    },
    "object array": np.array(list(zip(*LABELS.values(), strict=True)), dtype=object),
    "list of lists": [list(row) for row in zip(*LABELS.values(), strict=True)],
    "list of tuples": list(zip(*LABELS.values(), strict=True)),
}


@pytest.mark.parametrize("y", LABEL_TABLES.values(), ids=LABEL_TABLES.keys())
def test_labels_come_in_any_container(brief, y):
    clf = fit(y=y)
    named = isinstance(y, dict) or hasattr(y, "columns")
    names = list(LABELS) if named else ["task0", "task1", "task2"]
    assert clf.task_names_ == names
    assert clf.task_types_ == dict(zip(names, brief.task_types_.values(), strict=True))
    for ours, theirs in zip(clf.classes_, brief.classes_, strict=True):
        assert_array_equal(ours, theirs)
    assert_same(clf, brief)


@pytest.mark.parametrize(
    "y", list(LABEL_TABLES.values())[:6], ids=list(LABEL_TABLES)[:6]
)
def test_a_frame_comes_back_as_it_went_in(y):
    predicted = fit(y=y).predict(TEXTS, output="frame")
    assert type(predicted) is type(y)
    if isinstance(y, pd.DataFrame):
        expected = y.dtypes.replace({np.dtype(float): np.dtype("int64")})
        assert predicted.dtypes.drop("topic").equals(y.dtypes.drop("topic"))
        assert predicted.columns.equals(y.columns)
        assert expected.index.equals(predicted.columns)
    else:
        assert predicted.schema == y.schema
    assert predicted.shape == (len(TEXTS), 3)


def test_a_pandas_frame_has_the_index_of_the_texts():
    clf = fit(y=pd.DataFrame(LABELS))
    texts = pd.Series(TEXTS, index=[f"row{k}" for k in range(len(TEXTS))])
    assert clf.predict(texts, output="frame").index.equals(texts.index)
    assert clf.predict(TEXTS, output="frame").index.equals(pd.RangeIndex(len(TEXTS)))


def test_a_frame_of_numbers_with_gaps_gives_numbers_back():
    y = pd.DataFrame({"stars": [1.0, np.nan, 2.0, 5.0, 1.0] * 5})
    predicted = fit(y=y).predict(TEXTS, output="frame")
    assert predicted.dtypes.equals(y.dtypes)
    assert set(predicted["stars"]) <= {1.0, 2.0, 5.0}


def test_integer_column_names_make_numbered_tasks():
    y = pd.DataFrame([[1, 0], [0, 1]] * 12 + [[0, 0]], columns=[7, 3])
    assert fit(y=y).task_names_ == ["task0", "task1"]


LONG_NUMBERS = [int(cell) for cell in LONG]


@pytest.mark.parametrize("wrap", [list, np.array, pd.Series, pl.Series, pa.array])
@pytest.mark.parametrize(
    ("labels", "kind"), [(LONG_NUMBERS, "i"), (LONG, "b"), (TONE, "U")]
)
def test_one_dimension_in_gives_one_dimension_out(wrap, labels, kind):
    clf = fit(y=wrap(labels))
    assert isinstance(clf.classes_, np.ndarray)
    assert clf.predict(TEXTS).shape == (len(TEXTS),)
    assert clf.predict(TEXTS).dtype.kind == kind
    assert clf.predict_proba(TEXTS).shape == (len(TEXTS), 2)
    assert clf.task_names_ == ["task0"]
    assert list(clf.predict(TEXTS, output="dict")) == ["task0"]


@pytest.mark.parametrize(
    "y",
    [
        np.array(LONG_NUMBERS).reshape(-1, 1),
        [[label] for label in LONG_NUMBERS],
        pd.DataFrame({"long": LONG_NUMBERS}),
        {"long": LONG_NUMBERS},
    ],
    ids=["array", "lists", "frame", "dict"],
)
def test_one_column_in_gives_one_column_out(y):
    clf = fit(y=y)
    vector = fit(y=LONG_NUMBERS)
    assert isinstance(clf.classes_, list)
    assert_array_equal(clf.predict(TEXTS), vector.predict(TEXTS).reshape(-1, 1))
    (probabilities,) = clf.predict_proba(TEXTS)
    assert_array_equal(probabilities, vector.predict_proba(TEXTS))


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array([[0, 1], [1, 0]]), np.int64),
        (np.array([[0.0, 1], [1, np.nan]]), np.float64),
        (np.array([[True, False], [False, True]]), np.bool_),
        (np.array([["a", "bcd"], ["b", "a"]]), np.dtype("<U3")),
        (np.array([["a", 1], ["b", 2]], dtype=object), object),
    ],
    ids=["int", "float", "bool", "str", "mixed"],
)
def test_array_predictions_have_the_dtype_tasks_have_in_common(y, dtype):
    y = np.tile(y, (12, 1))
    if y.dtype == float:  # a task of one class would not learn
        y[3, 1] = 0
    predicted = fit(TEXTS[:24], y).predict(TEXTS)
    assert predicted.dtype == dtype


@pytest.mark.parametrize(
    ("empty", "topic"),
    [
        (-1, TOPIC),
        (-1, [None if cell is None else np.int64(cell) for cell in TOPIC]),
        ("", [None if cell is None else "abc"[cell] for cell in TOPIC]),
        ("unknown", [None if cell is None else "abc"[cell] for cell in TOPIC]),
    ],
    ids=["-1", "-1 among numpy's", "empty string", "unknown"],
)
def test_missing_label_marks_a_missing_cell(empty, topic):
    expected = fit(y={"topic": topic, "long": LONG})
    marker = type(topic[0])(empty)
    filled = [marker if cell is None else cell for cell in topic]
    rows = np.array(list(zip(filled, LONG, strict=True)), dtype=object)
    for y in ({"topic": filled, "long": LONG}, rows):
        clf = fit(y=y, missing_label=empty)
        assert clf.classes_[0].tolist() == expected.classes_[0].tolist()
        assert_same(clf, expected)


def test_missing_label_adds_to_the_usual_ones():
    y = ["?" if cell is None and row % 8 else cell for row, cell in enumerate(TONE)]
    assert_same(fit(y={"tone": y}, missing_label="?"), fit(y={"tone": TONE}))


@pytest.mark.parametrize("kind", [list, tuple, set, np.array])
def test_missing_label_may_be_several_values(kind):
    marks = ["?", "N/A", None]
    y = [marks[row % 3] if cell is None else cell for row, cell in enumerate(TONE)]
    clf = fit(y={"tone": y}, missing_label=kind(["?", "N/A"]))
    assert_same(clf, fit(y={"tone": TONE}))
    assert clf.score(TEXTS, {"tone": y}) == clf.score(TEXTS, {"tone": TONE})
    assert set(clone(clf).missing_label) == {"?", "N/A"}
    assert "missing_label" in repr(clf)


def test_a_missing_label_that_no_cell_holds_is_warned_of():
    message = (
        r"missing_label=\['-1', 7\]: no cell of y holds \['-1', 7\]\. Check that it "
        r"has the type of the labels\. The columns hold {'n': 'int64'}\. "
        r"Did you mean \[-1\]\?"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        MultiTaskTextClassifier(missing_label=["-1", 7], max_iter=1).fit(
            TEXTS, {"n": [-1, 0, 1, 2] * (len(TEXTS) // 4) + [1] * (len(TEXTS) % 4)}
        )
    assert caught[0].filename == __file__


@pytest.mark.parametrize("mark", ["nan", "", "None", "NULL", "N/A", " NA "])
def test_classes_that_look_like_empty_cells_are_warned_of(mark):
    y = [mark if cell is None else cell for cell in TONE]
    message = rf"y has the class\(es\) \['{mark}'\], which look like empty cells"
    with pytest.warns(UserWarning, match=message) as caught:
        MultiTaskTextClassifier(max_iter=1).fit(TEXTS, y)
    assert caught[0].filename == __file__
    # The advice helps.
    assert_same(fit(y={"tone": y}, missing_label=[mark]), fit(y={"tone": TONE}))


def test_texts_that_look_like_lists_are_warned_of():
    y = [str(["a", "b"]) if cell == "good" else str(["a"]) for cell in TONE]
    with pytest.warns(UserWarning, match=r"texts that look like lists.*literal_eval"):
        MultiTaskTextClassifier(max_iter=1).fit(TEXTS, {"tags": y})
    lists = {"tags": [ast.literal_eval(cell) for cell in y]}
    assert fit(y=lists).task_types_ == {"tags": "multilabel"}


def test_missing_label_reaches_only_cells_of_its_type():
    clf = fit(y={"long": np.array(LONG), "topic": TOPIC}, missing_label=0)
    assert clf.classes_[0].tolist() == [False, True]
    assert clf.classes_[1].tolist() == [1, 2]


# --- rows and weights ---------------------------------------------------------------


def with_empty_rows(rows):
    """Texts and labels with unlabelled texts put in before the given rows."""
    texts, labels = list(TEXTS), {task: list(cells) for task, cells in LABELS.items()}
    for row in sorted(rows, reverse=True):
        texts.insert(row, "words that no other text has")
        for cells in labels.values():
            cells.insert(row, None)
    return texts, labels


@settings(max_examples=5, deadline=None)
@given(st.sets(st.integers(0, len(TEXTS)), min_size=1, max_size=5))
def test_rows_without_a_label_contribute_nothing(rows):
    texts, labels = with_empty_rows(rows)
    clf = fit(texts, labels)
    expected = fit()
    names = clf.vectorizer_.get_feature_names_out().tolist()
    assert names == expected.vectorizer_.get_feature_names_out().tolist()
    assert_same(clf, expected)


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}], ids=str)
def test_rows_without_a_label_contribute_nothing_in_batches(larger, params):
    texts, y = larger
    labelled = ~np.isnan(y).all(axis=1)
    kept = [text for text, label in zip(texts, labelled, strict=True) if label]
    assert len(kept) < len(texts)
    clf = fit(texts, y, max_iter=1, **params)
    assert_same(clf, fit(kept, y[labelled], max_iter=1, **params), texts)


def test_rows_of_weight_zero_count_as_absent():
    weights = np.ones(len(TEXTS))
    weights[:6] = 0
    fewer = {task: cells[6:] for task, cells in LABELS.items()}
    assert_same(fit(sample_weight=weights), fit(TEXTS[6:], fewer))


def test_cells_of_weight_zero_count_as_missing():
    labels = {task: list(cells) for task, cells in LABELS.items()}
    weights = np.ones((len(TEXTS), 3))
    for row, task in [(0, 2), (1, 0), (6, 1), (7, 0), (7, 1), (7, 2)]:
        labels[list(labels)[task]][row] = None
        weights[row, task] = 0
    assert_same(fit(sample_weight=weights), fit(y=labels))


def test_only_the_ratio_of_weights_counts():
    weights = np.linspace(0.5, 2, len(TEXTS))
    clf = fit(sample_weight=weights)
    assert_same(clf, fit(sample_weight=7 * weights), tolerance=1e-6)
    assert differ(clf, fit())


def test_a_weight_of_two_is_the_row_given_twice():
    X = NUMBERS
    weights = np.ones(len(X))
    weights[::3] = 2
    twice = np.repeat(np.arange(len(X)), weights.astype(int))
    labels = {task: [cells[k] for k in twice] for task, cells in LABELS.items()}
    assert_same(fit(X, sample_weight=weights), fit(X[twice], labels), X, 1e-7)


def test_a_row_weight_is_the_weight_of_all_its_cells():
    weights = np.linspace(0.5, 2, len(TEXTS))
    cells = np.repeat(weights[:, None], 3, axis=1)
    assert_same(fit(sample_weight=weights), fit(sample_weight=cells))


def test_a_heavy_cell_wins():
    labels = {"tone": ["good", "bad"] * 2, "topic": [1, 1, 2, 2]}
    weights = np.ones((4, 2))
    weights[:2, 0] = [1, 50]
    # Full adjustment would treat both classes alike, whatever they weigh.
    params = {"max_iter": 100, "logit_adjustment": 0.25}
    clf = fit(["phone"] * 4, labels, weights, **params)
    assert clf.predict(["phone"])[0, 0] == "bad"
    weights[:2, 0] = [50, 1]
    clf = fit(["phone"] * 4, labels, weights, **params)
    assert clf.predict(["phone"])[0, 0] == "good"


def balanced(cells):
    labels = [cell for cell in cells if cell is not None]
    classes = np.unique(labels)
    weights = compute_class_weight("balanced", classes=classes, y=labels)
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))


@pytest.mark.parametrize(
    ("y", "word", "written_out"),
    [
        (LABELS, "balanced", {task: balanced(cells) for task, cells in LABELS.items()}),
        (LABELS, {"topic": "balanced", "tone": None}, {"topic": balanced(TOPIC)}),
        (TONE, "balanced", balanced(TONE)),
    ],
    ids=["all tasks", "one task", "vector"],
)
def test_balanced_counts_labelled_cells(y, word, written_out):
    clf = fit(y=y, class_weight=word)
    expected = fit(y=y, class_weight=written_out)
    unweighted = fit(y=y)
    if y is TONE:
        assert_allclose(clf.predict_proba(TEXTS), expected.predict_proba(TEXTS), 1e-6)
        assert differ(clf, unweighted)
    else:
        assert_same(clf, expected, tolerance=1e-6)
        assert differ(clf, unweighted)


def test_balanced_counts_with_sample_weights():
    y = {"tone": TONE}
    weights = np.array([4.0 if cell == "bad" else 0.5 for cell in TONE])
    total = {c: weights[[cell == c for cell in TONE]].sum() for c in ("good", "bad")}
    written_out = {c: sum(total.values()) / 2 / total[c] for c in total}
    clf = fit(y=y, sample_weight=weights, class_weight="balanced")
    params = {"sample_weight": weights, "class_weight": {"tone": written_out}}
    assert_same(clf, fit(y=y, **params), tolerance=1e-6)
    params["class_weight"] = {"tone": balanced(TONE)}
    assert differ(clf, fit(y=y, **params))


@pytest.mark.parametrize("adjustment", [0, "auto"])
def test_a_heavy_class_is_predicted_more(adjustment):
    params = {"max_iter": 2, "learning_rate_init": 1, "logit_adjustment": adjustment}
    clf, before = fit(class_weight={"topic": {2: 3}}, **params), fit(**params)
    gap = clf.predict_proba(TEXTS)[1][:, 2] - before.predict_proba(TEXTS)[1][:, 2]
    # A class of more weight has a larger share, too, and adjustment takes back some.
    assert (gap > 0).all() if adjustment == 0 else gap.mean() > 0.01


# --- logit adjustment ---------------------------------------------------------------


def class_shares(cells):
    labels = [cell for cell in cells if cell is not None]
    _, counts = np.unique(labels, return_counts=True)
    return counts / len(labels)


@pytest.mark.parametrize("sparse", [False, True])
def test_adjustment_makes_up_for_rare_classes(sparse):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    rare = rng.random(600) < 1 / (1 + np.exp(2 - 1.5 * X[:, 0]))
    third = np.where(rng.random(600) < 0.15, 2, rng.integers(2, size=600))
    y = {"rare": rare, "third": np.where(X[:, 1] > 1.5, 2, third)}
    assert rare.mean() < 0.25
    X = csr_array(X) if sparse else X
    n_rare, n_third = [], []
    for adjustment in (0, 0.5, 1):
        params = {"trunk": None, "max_iter": 10, "batch_size": 100}
        rates = {"optimizer_dense__lr": 0.05, "optimizer_sparse__lr": 20.0}
        params["net_params"] = rates if sparse else {"optimizer_dense__lr": 0.05}
        clf = make(**params, logit_adjustment=adjustment).fit(X, y)
        predicted = clf.predict(X, output="dict")
        n_rare.append(predicted["rare"].sum())
        n_third.append((predicted["third"] == 2).sum())
    assert n_rare[0] * 1.2 < n_rare[1] < n_rare[2]
    assert n_third[0] < n_third[1] < n_third[2]


def test_without_evidence_probabilities_are_shares_of_classes():
    # Nothing was learnt, so shares of classes are all that is known.
    for adjustment in (0.5, 5):
        clf = fit(logit_adjustment=adjustment, learning_rate_init=1e-12)
        pairs = zip(clf.predict_proba(TEXTS), LABELS.values(), strict=True)
        for probabilities, cells in pairs:
            share = class_shares(cells) ** adjustment
            expected = np.broadcast_to(share / share.sum(), probabilities.shape)
            assert_allclose(probabilities, expected, atol=0.01)


@pytest.mark.parametrize(("task", "usual"), [("tone", 0.25), ("topic", 0.5)])
def test_the_usual_adjustment_depends_on_the_number_of_classes(task, usual):
    X, y = NUMBERS, {task: LABELS[task]}
    clf = fit(X, y)
    assert_same(fit(X, y, logit_adjustment=usual), clf, X)
    assert differ(fit(X, y, logit_adjustment=0), clf, X)


def test_the_usual_adjustment_of_few_texts_is_full_unless_classes_are_weighed():
    clf = fit()
    assert_same(fit(logit_adjustment=1), clf)
    weights = {"class_weight": {"tone": {"good": 3, "bad": 1}}}
    y = {"tone": TONE}
    clf = fit(y=y, **weights)
    assert_same(fit(y=y, logit_adjustment=0.25, **weights), clf)


def test_balanced_classes_need_no_adjustment():
    params = {"class_weight": "balanced"}
    clf = fit(**params, logit_adjustment=0)
    assert_same(fit(**params, logit_adjustment=3), clf, tolerance=1e-5)
    one = {"class_weight": {"tone": "balanced"}}
    clf, adjusted = fit(**one, logit_adjustment=0), fit(**one, logit_adjustment=3)
    assert differ(clf, adjusted)
    params = {"sharing": "separate", **one}
    clf, adjusted = fit(**params, logit_adjustment=0), fit(**params, logit_adjustment=3)
    tone, topic, _ = (
        np.abs(ours - theirs).max()
        for ours, theirs in zip(
            clf.predict_proba(TEXTS), adjusted.predict_proba(TEXTS), strict=True
        )
    )
    assert tone < 1e-5
    assert topic > 1e-3


def test_adjustment_counts_with_sample_weights():
    # Weights that make both classes of the task weigh the same.
    y, params = {"tone": TONE}, {"logit_adjustment": 3}
    even = balanced(TONE)
    weights = np.array([1.0 if cell is None else even[cell] for cell in TONE])
    clf = fit(y=y, sample_weight=weights, **params)
    assert_same(clf, fit(y=y, class_weight="balanced", **params), tolerance=1e-5)
    plain = fit(y=y, sample_weight=weights, logit_adjustment=0)
    assert_same(clf, plain, tolerance=1e-5)
    assert differ(fit(y=y, **params), fit(y=y, logit_adjustment=0))


def test_a_vector_of_one_class_has_no_adjustment():
    with pytest.warns(UserWarning, match="single class"):
        clf = fit(y=["en"] * len(TEXTS), logit_adjustment=3)
    assert set(clf.predict(TEXTS)) == {"en"}
    assert clf.history_[-1]["loss"] == 0


def test_a_warm_start_without_a_class_may_be_adjusted():
    clf = make(warm_start=True, logit_adjustment=1).fit(TEXTS, LABELS)
    rows = [row for row, cell in enumerate(TOPIC) if cell in (0, 1)]
    few = {task: [cells[row] for row in rows] for task, cells in LABELS.items()}
    clf.fit([TEXTS[row] for row in rows], few)
    assert np.isfinite([row["loss"] for row in clf.history_]).all()


# --- degenerate tasks ---------------------------------------------------------------


def test_a_task_with_one_class_is_constant_and_warned_of_once():
    y = {"tone": TONE, "language": ["en", None] * 12 + ["en"]}
    with pytest.warns(UserWarning, match=r"\['language'\] have a single class") as seen:
        clf = fit(y=y)
    assert len(seen) == 1
    constant = clf.predict_proba(TEXTS)[1]
    assert_array_equal(constant, np.ones((len(TEXTS), 1)))
    assert set(clf.predict(TEXTS)[:, 1]) == {"en"}
    assert clf.history_[-1]["loss_language"] == 0


def test_a_vector_with_one_class_is_constant():
    with pytest.warns(UserWarning, match="single class"):
        clf = fit(y=["en"] * len(TEXTS))
    assert set(clf.predict(TEXTS)) == {"en"}
    assert clf.predict_proba(TEXTS).shape == (len(TEXTS), 1)


def test_a_type_that_is_declared_is_kept():
    clf = fit(task_types={"tone": "multiclass"})
    assert clf.task_types_ == {
        "tone": "multiclass",
        "topic": "multiclass",
        "long": "binary",
    }


# --- loss weights -------------------------------------------------------------------


def shares():
    cells = np.array([[c is not None for c in column] for column in LABELS.values()])
    return cells.mean(axis=1)


@pytest.mark.parametrize(
    ("loss_weights", "expected"),
    [
        ("auto", shares() ** -0.5),
        (None, np.ones(3)),
        ({"topic": 3}, np.array([1, 3, 1]) * shares() ** -0.5),
        ([1, 3, 0], np.array([1, 3, 0]) * shares() ** -0.5),
        (np.array([2, 6, 0]), np.array([1, 3, 0]) * shares() ** -0.5),
        (FixedWeights({"topic": 3}), np.array([1, 3, 1]) * shares() ** -0.5),
        (FixedWeights(share_power=1), 1 / shares()),
    ],
    ids=["auto", "None", "dict", "list", "array", "object", "power"],
)
def test_loss_weights_are_corrected_for_the_labelled_share(loss_weights, expected):
    clf = fit(loss_weights=loss_weights, max_iter=1)
    assert list(clf.loss_weights_) == list(LABELS)
    assert_allclose(list(clf.loss_weights_.values()), expected / expected.mean())


def test_the_labelled_share_counts_with_sample_weights():
    weights = np.array([3.0 if cell is None else 1.0 for cell in TONE])
    clf = fit(sample_weight=weights, loss_weights=FixedWeights(share_power=1))
    tone, topic = clf.loss_weights_["tone"], clf.loss_weights_["topic"]
    labelled = np.array([cell is not None for cell in TOPIC])
    assert tone / topic == pytest.approx(
        weights[labelled].sum() / weights[weights == 1].sum()
    )


@pytest.mark.parametrize(
    "loss_weights",
    [[1, 3, 1], (1, 3, 1), np.array([2, 6, 2]), FixedWeights({"topic": 3})],
    ids=["list", "tuple", "array", "object"],
)
def test_loss_weights_of_any_kind_mean_the_same(loss_weights):
    clf = fit(loss_weights={"topic": 3})
    assert_same(clf, fit(loss_weights=loss_weights), tolerance=1e-6)
    assert differ(clf, fit())


@pytest.mark.parametrize("sharing", ["shared-private", "hard"])
def test_a_task_of_weight_zero_teaches_nothing(sharing):
    params = {"loss_weights": {"topic": 0}, "sharing": sharing}
    shuffled = [None if cell is None else 2 - cell for cell in TOPIC]
    ours, theirs = fit(**params), fit(y={**LABELS, "topic": shuffled}, **params)
    for task in (0, 2):
        assert_array_equal(
            ours.predict_proba(TEXTS)[task], theirs.predict_proba(TEXTS)[task]
        )
    assert ours.history_[-1]["weighted_loss_topic"] == 0


# --- score --------------------------------------------------------------------------


# Labels that the fit did not see, so that it makes mistakes.
HELD_BACK = {
    "tone": TONE[1:] + TONE[:1],
    "topic": TOPIC[3:] + TOPIC[:3],
    "long": LONG[:-9] + [True] * 9,
}


def test_score_is_the_mean_of_task_accuracies(brief):
    predicted = brief.predict(TEXTS, output="dict")
    accuracies = [
        np.mean(
            [
                p == c
                for p, c in zip(predicted[task], cells, strict=True)
                if c is not None
            ]
        )
        for task, cells in HELD_BACK.items()
    ]
    assert len(set(accuracies)) > 1
    assert brief.score(TEXTS, HELD_BACK) == pytest.approx(np.mean(accuracies))


def test_score_finds_columns_by_name(brief):
    turned = dict(reversed(HELD_BACK.items()))
    assert brief.score(TEXTS, pd.DataFrame(turned)) == brief.score(TEXTS, HELD_BACK)


@pytest.mark.parametrize("width", [1, 3])
def test_score_counts_with_sample_weights(brief, width):
    weights = np.linspace(0, 3, len(TEXTS))
    if width > 1:
        weights = np.column_stack([weights, weights[::-1], weights])
    by_task = weights.T if width > 1 else [weights] * 3
    predicted = brief.predict(TEXTS, output="dict")
    accuracies = []
    for own, (task, cells) in zip(by_task, HELD_BACK.items(), strict=True):
        labelled = np.array([cell is not None for cell in cells])
        right = np.array([p == c for p, c in zip(predicted[task], cells, strict=True)])
        accuracies.append(np.average(right[labelled], weights=own[labelled]))
    score = brief.score(TEXTS, HELD_BACK, sample_weight=weights)
    assert score == pytest.approx(np.mean(accuracies))


def test_score_leaves_out_tasks_without_labels(brief):
    nothing = [None] * len(TEXTS)
    alone = {**HELD_BACK, "topic": nothing, "long": nothing}
    predicted = brief.predict(TEXTS, output="dict")["tone"]
    right = [
        p == c
        for p, c in zip(predicted, HELD_BACK["tone"], strict=True)
        if c is not None
    ]
    assert brief.score(TEXTS, alone) == pytest.approx(np.mean(right))
    with pytest.warns(UndefinedMetricWarning, match="No task has labelled cells"):
        assert np.isnan(brief.score(TEXTS, dict.fromkeys(HELD_BACK, nothing)))


def test_score_of_a_vector_is_accuracy():
    clf = fit(y=LONG)
    held_back = np.array(LONG[3:] + LONG[:3])
    expected = np.mean(clf.predict(TEXTS) == held_back)
    assert 0 < expected < 1
    assert clf.score(TEXTS, held_back) == pytest.approx(expected)


# --- training -----------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [csr_array, np.asarray])
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_the_parts_in_history_add_up_to_the_total(larger, wrap, alpha):
    texts, y = larger
    X = wrap(TfidfVectorizer(dtype=np.float32).fit_transform(texts).toarray())
    clf = fit(X, y, alpha=alpha, max_iter=3)
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3]
    for row, totals in zip(clf.history_, clf.net_.history, strict=True):
        parts = [row[f"weighted_loss_{task}"] for task in clf.task_names_]
        assert (row["regularization"] > 0) == (alpha > 0)
        assert row["loss"] == pytest.approx(
            sum(parts) + row["regularization"], rel=1e-6
        )
        # What the optimizer really went down on, recorded by skorch on its own.
        assert sum(parts) == pytest.approx(totals["train_loss"], rel=1e-5)
        share = dict(
            zip(
                clf.task_names_,
                np.mean(~np.isnan(y[~np.isnan(y).all(1)]), axis=0),
                strict=True,
            )
        )
        for task in clf.task_names_:
            assert row[f"weight_{task}"] == pytest.approx(clf.loss_weights_[task])
            expected = row[f"weight_{task}"] * row[f"loss_{task}"] * share[task]
            assert row[f"weighted_loss_{task}"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("adjustment", [0, 0.25, 1, 2])
def test_the_first_loss_is_that_of_guessing(adjustment):
    params = {"loss_weights": None, "max_iter": 1, "logit_adjustment": adjustment}
    row = fit(**params).history_[0]
    for task, n_classes in [("tone", 2), ("topic", 3)]:
        share = class_shares(LABELS[task])
        guess = share**adjustment / (share**adjustment).sum()
        expected = -(share * np.log(guess)).sum()
        assert row[f"loss_{task}"] == pytest.approx(expected, rel=0.01)
        if adjustment == 0:
            assert expected == pytest.approx(np.log(n_classes))


def test_epochs_are_counted(brief):
    assert brief.n_iter_ == brief.best_iter_ == len(brief.history_) == 5


def test_small_data_are_one_full_batch():
    for X, n_steps in [(TEXTS, 10), (NUMBERS, 100)]:
        clf = make(max_iter="auto").fit(X, LABELS)
        assert clf.n_iter_ == n_steps
        assert len(clf.net_.history[-1, "batches"]) == 1


def test_batch_size_is_the_number_of_rows_a_step(larger):
    texts, y = larger
    kept = int((~np.isnan(y).all(axis=1)).sum())
    for batch_size, n_batches in [(32, -(-kept // 32)), (100, 3), (10**6, 1)]:
        clf = fit(texts, y, batch_size=batch_size, max_iter=1)
        assert len(clf.net_.history[-1, "batches"]) == n_batches


def test_a_higher_rate_learns_faster():
    slow, fast = fit(learning_rate_init=0.1), fit(learning_rate_init=10)
    assert fast.history_[-1]["loss"] < slow.history_[-1]["loss"]


def test_a_penalty_shrinks_probabilities():
    free, bound = fit(max_iter=50), fit(max_iter=50, alpha=0.05)
    for ours, theirs in zip(
        bound.predict_proba(TEXTS), free.predict_proba(TEXTS), strict=True
    ):
        assert ours.max(axis=1).mean() < theirs.max(axis=1).mean()


class KeepValidation(Callback):
    """Keeps the rows that were set aside."""

    def __init__(self, kept):
        self.kept = kept

    def on_epoch_end(self, net, dataset_train, dataset_valid, **kwargs):
        self.kept[:] = [dataset_train, dataset_valid]


@pytest.mark.parametrize("metric", ["mean", "worst", "task1"])
def test_early_stopping_restores_the_best_epoch(larger, metric):
    texts, y = larger
    kept = []
    clf = make(
        max_iter=12,
        early_stopping=True,
        early_stopping_metric=metric,
        n_iter_no_change=3,
        learning_rate_init=150,
        callbacks=[KeepValidation(kept)],
    ).fit(texts, y)
    watched = [row[f"valid_score_{metric}"] for row in clf.history_]
    assert clf.best_iter_ == 1 + int(np.argmax(watched))
    assert clf.n_iter_ == min(clf.best_iter_ + 3, 12)
    assert clf.best_iter_ < clf.n_iter_, "nothing was restored, the test shows nothing"
    train, valid = kept
    assert len(valid) == pytest.approx(0.1 * (len(train) + len(valid)), abs=6)
    best = clf.history_[clf.best_iter_ - 1]
    logits = clf.net_.forward(valid)
    for k, (task, name) in enumerate(
        zip(clf.targets_.tasks, clf.task_names_, strict=True)
    ):
        labelled = valid.codes[:, k] >= 0
        right = task.choose(task.probabilities(logits[k].numpy())) == valid.codes[:, k]
        assert best[f"valid_score_{name}"] == pytest.approx(right[labelled].mean())
    by_task = [best[f"valid_score_{name}"] for name in clf.task_names_]
    assert best["valid_score_mean"] == pytest.approx(np.mean(by_task))
    assert best["valid_score_worst"] == pytest.approx(min(by_task))


def test_without_early_stopping_no_row_is_set_aside(larger):
    texts, y = larger
    kept = []
    clf = fit(texts, y, max_iter=1, callbacks=[KeepValidation(kept)])
    assert kept[1] is None
    assert len(kept[0]) == (~np.isnan(y).all(axis=1)).sum()
    assert not [key for key in clf.history_[0] if key.startswith("valid")]


def test_a_fitted_estimator_keeps_no_training_rows(larger):
    texts, y = larger
    clf = fit(texts, y, max_iter=1, early_stopping=True)
    assert b"RowDataset" not in pickle.dumps(clf)


def test_a_pickle_holds_the_weights_once(larger):
    net = fit(*larger, max_iter=1).net_
    n_bytes = sum(weight.nbytes for weight in net.module_.parameters())
    assert len(pickle.dumps(net)) < 1.2 * n_bytes


# --- warm start ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "rate"),
    [(TEXTS, 1), (NUMBERS, 0.01), (csr_matrix(NUMBERS), 1)],
    ids=["texts", "dense", "sparse"],
)
def test_a_warm_start_goes_on(X, rate):
    clf = make(warm_start=True, learning_rate_init=rate).fit(X, LABELS)
    clf.fit(X, LABELS)
    assert [row["epoch"] for row in clf.history_] == list(range(1, 11))
    assert clf.n_iter_ == clf.best_iter_ == 10
    losses = [row["loss"] for row in clf.history_]
    assert losses[5] < losses[0]
    assert losses == sorted(losses, reverse=True)


def test_a_warm_start_begins_where_the_last_fit_ended(brief):
    clf = copy.deepcopy(brief).set_params(
        warm_start=True, max_iter=1, learning_rate_init=1e-12
    )
    assert_same(clf.fit(TEXTS, LABELS), brief, tolerance=1e-6)


def test_a_warm_start_takes_fewer_classes_and_other_rows():
    clf = make(warm_start=True).fit(TEXTS, LABELS)
    clf.fit(
        ["a great phone"] * 2,
        {"tone": ["good", "bad"], "topic": [2, 2], "long": LONG[:2]},
    )
    assert clf.classes_[1].tolist() == [0, 1, 2]


def test_without_warm_start_a_fit_forgets():
    clf = fit(y={"tone": TONE}, max_iter=3)
    assert_same(clf.set_params(max_iter=5).fit(TEXTS, LABELS), fit())
    assert clf.n_iter_ == 5


def test_a_warm_start_is_fresh_the_first_time(brief):
    assert_same(fit(warm_start=True), brief)


def test_a_warm_start_survives_pickling(brief):
    clf = pickle.loads(pickle.dumps(brief)).set_params(warm_start=True)
    again = copy.deepcopy(brief).set_params(warm_start=True)
    assert_same(clf.fit(TEXTS, LABELS), again.fit(TEXTS, LABELS))


# --- randomness and threads ---------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_seed_gives_the_same_again_and_another_seed_something_else(
    larger, early_stopping
):
    texts, y = larger
    params = {"max_iter": 2, "early_stopping": early_stopping}
    first = fit(texts, y, **params)
    assert_same(first, fit(texts, y, **params), texts)
    assert differ(first, fit(texts, y, **params, random_state=1), texts)


def test_fit_leaves_the_random_state_of_torch_alone(larger):
    texts, y = larger
    state = torch.get_rng_state()
    fit(texts, y, max_iter=1)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_random_state_object_moves_on():
    rng = np.random.RandomState(0)
    first, second = fit(random_state=rng), fit(random_state=rng)
    assert differ(first, second)
    assert_same(first, fit(random_state=np.random.RandomState(0)))


def test_threads_change_no_label(larger):
    texts, y = larger
    one, two = (fit(texts, y, max_iter=2, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert_array_equal(one.predict(texts), two.predict(texts))
    assert_same(one, two, texts, tolerance=1e-6)


def test_n_jobs_leaves_the_threads_of_torch_as_they_were():
    before = torch.get_num_threads()
    fit(n_jobs=2, max_iter=1).predict(TEXTS)
    assert torch.get_num_threads() == before


# --- sharing ------------------------------------------------------------------------


@pytest.mark.parametrize("X", [TEXTS, NUMBERS], ids=["texts", "dense"])
def test_separate_tasks_do_not_touch_each_other(X):
    # The labelled cells, and so rows kept and balancing weights, stay what they are.
    other = [None if cell is None else 2 - cell % 2 for cell in TOPIC]
    changed = {**LABELS, "topic": other}
    # Settings that are read off the data are those of all tasks.
    params = {"alpha": 0.0, "temperature": 1.0, "term_weighting": None}
    for sharing, touched in [("separate", False), ("shared-private", True)]:
        params["sharing"] = sharing
        clf, again = fit(X, **params), fit(X, changed, **params)
        gap = np.abs(clf.predict_proba(X)[0] - again.predict_proba(X)[0]).max()
        assert (gap > 1e-6) == touched


@pytest.mark.parametrize(
    ("alias", "sharing"),
    [
        ("shared-private", SharedPrivate()),
        ("hard", HardSharing()),
        ("separate", Separate()),
        ("mmoe", MixtureOfExperts()),
        ("ple", ProgressiveLayers()),
        ("adversarial", AdversarialSharedPrivate()),
    ],
)
def test_an_alias_is_its_object(alias, sharing):
    clf = fit(sharing=alias)
    assert type(clf.sharing_) is type(sharing)
    assert_same(clf, fit(sharing=sharing))


def test_for_a_single_task_separate_is_shared_private():
    y = {"tone": TONE}
    assert_same(fit(y=y, sharing="separate"), fit(y=y, sharing="shared-private"))


def test_separate_is_a_fit_of_the_task_alone():
    other = LONG[1:] + LONG[:1]
    both = fit(y={"long": LONG, "other": other}, sharing="separate")
    alone = fit(y={"long": LONG})
    ours, theirs = both.predict_proba(TEXTS)[0], alone.predict_proba(TEXTS)[0]
    assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_sharing_schemes_differ():
    schemes = ["shared-private", "hard", "separate", "mmoe", "ple"]
    # Beside the linear path the adversary alone moves little in these few steps.
    schemes.append(AdversarialSharedPrivate(private="trunk"))
    for one, other in combinations([fit(sharing=scheme) for scheme in schemes], 2):
        assert differ(one, other)


# In a sparse layer the two optimizers divide weights and bias among them. The usual
# step is for many rare features; four that every row has need a smaller one.
RATES = {"optimizer_dense__lr": 0.3, "optimizer_sparse__lr": 50.0}


@pytest.mark.parametrize("penalty", [1.0, 0.1])
@pytest.mark.parametrize(
    ("wrap", "params"),
    [
        (np.asarray, {"learning_rate_init": 0.3}),
        (csr_array, {"net_params": RATES}),
    ],
    ids=["dense", "sparse"],
)
def test_without_a_trunk_it_is_logistic_regression(wrap, params, penalty):
    X = normalize(np.random.default_rng(1).normal(size=(60, 4)))
    y = (X @ [1, -2, 0.5, 0] + 0.3 > 0).astype(int)
    expected = LogisticRegression(C=1 / penalty, tol=1e-8).fit(X, y).predict_proba(X)
    params = {"trunk": None, "alpha": penalty / len(X), "max_iter": 200, **params}
    clf = make(**params, logit_adjustment=0, temperature=1.0)
    probabilities = clf.fit(wrap(X), y).predict_proba(wrap(X))
    assert probabilities.dtype == np.float64
    assert_allclose(probabilities, expected, rtol=0, atol=1e-2)


@pytest.mark.parametrize("adjustment", [0.25, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    ("wrap", "params"),
    [
        (np.asarray, {"learning_rate_init": 0.3}),
        (csr_array, {"net_params": RATES}),
    ],
    ids=["dense", "sparse"],
)
def test_adjustment_shifts_the_intercepts_of_logistic_regression(
    wrap, params, n_classes, adjustment
):
    X = normalize(np.random.default_rng(1).normal(size=(80, 4)))
    y = np.digitize(X @ [1, -2, 0.5, 0], [1.0, 1.6][: n_classes - 1])
    share = np.bincount(y) / len(y)
    assert share.min() < 0.25
    model = LogisticRegression(C=1.0, tol=1e-8).fit(X, y)
    shift = adjustment * np.log(share)
    logits = np.log(model.predict_proba(X)) - shift
    params = {"trunk": None, "alpha": 1 / len(X), "max_iter": 300, **params}
    params["temperature"] = 1.0
    clf = make(**params, logit_adjustment=adjustment).fit(wrap(X), y)
    probabilities = clf.predict_proba(wrap(X))
    assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-2)
    sure = np.diff(np.sort(logits, axis=1)[:, -2:]).ravel() > 0.1
    assert_array_equal(clf.predict(wrap(X))[sure], logits.argmax(axis=1)[sure])
    # And beside a fit of our own: the same weights, and intercepts that far apart.
    plain = make(**params, logit_adjustment=0).fit(wrap(X), y)
    ours, theirs = (dict(c.net_.module_.named_parameters()) for c in (clf, plain))
    for name in ours:
        gap, wanted = (ours[name] - theirs[name]).detach().numpy(), 0.0
        if name.endswith("bias"):
            # Of two classes the first has a logit of 0; of more, only gaps count.
            wanted = shift[0] - shift[1] if n_classes == 2 else shift.mean() - shift
            gap = gap if n_classes == 2 else gap - gap.mean()
        assert_allclose(gap, wanted, rtol=0, atol=0.03)


# --- copies, parameters, display ----------------------------------------------------


def joblib_round_trip(clf, path):
    joblib.dump(clf, path / "model")
    return joblib.load(path / "model")


@pytest.mark.parametrize(
    "round_trip",
    [
        lambda clf, path: pickle.loads(pickle.dumps(clf)),
        lambda clf, path: copy.deepcopy(clf),
        joblib_round_trip,
    ],
    ids=["pickle", "deepcopy", "joblib"],
)
@pytest.mark.parametrize(
    ("X", "params"),
    [
        (TEXTS, {}),
        (TEXTS, {"vectorizer": TfidfVectorizer(), "sharing": "separate"}),
        (TEXTS, {"sharing": "ple"}),
        (TEXTS, {"sharing": "adversarial"}),
        (NUMBERS, {"trunk": None}),
        (
            TEXTS,
            {"loss_weights": {"tone": 2}, "callbacks": [EarlyStopping("train_loss")]},
        ),
    ],
    ids=["texts", "separate", "experts", "adversarial", "linear", "callbacks"],
)
def test_a_copy_predicts_the_same(round_trip, X, params, tmp_path):
    clf = fit(X, pd.DataFrame(LABELS), **params)
    again = round_trip(clf, tmp_path)
    assert_same(again, clf, X)
    assert_array_equal(again.predict(X), clf.predict(X))
    assert again.history_ == clf.history_
    assert again.predict(X, output="frame").equals(clf.predict(X, output="frame"))


def test_a_clone_has_the_parameters_and_no_fit(brief):
    again = clone(brief)
    assert again.get_params() == brief.get_params()
    assert not hasattr(again, "net_")


def test_fit_changes_no_parameter():
    params = {
        "trunk": BagTrunk(n_units=4),
        "sharing": HardSharing(),
        "loss_weights": {"tone": 2.0},
        "callbacks": [],
        "net_params": {},
    }
    clf = make(**params)
    before = dict(vars(clf))
    clf.fit(TEXTS, LABELS)
    assert all(vars(clf)[name] is value for name, value in before.items())
    assert params["loss_weights"] == {"tone": 2.0}
    assert params["trunk"].get_params() == {"n_units": 4, "dropout": "auto"}


def test_nested_names_reach_trunk_and_weights():
    clf = make(trunk=BagTrunk(), loss_weights={"tone": 2.0})
    clf.set_params(trunk__n_units=3, loss_weights__tone=5.0, loss_weights__topic=0.5)
    params = clf.get_params()
    assert params["trunk__n_units"] == 3
    assert params["loss_weights__tone"] == 5.0
    assert clf.loss_weights == {"tone": 5.0, "topic": 0.5}
    assert "loss_weights__tone" not in clf.get_params(deep=False)


def test_set_params_replaces_the_weights_of_the_user():
    weights = {"tone": 2.0}
    make(loss_weights=weights).set_params(loss_weights__tone=5.0)
    assert weights == {"tone": 2.0}


def test_weights_and_one_of_them_can_be_set_at_once():
    clf = make().set_params(loss_weights={"tone": 2.0}, loss_weights__topic=3.0)
    assert clf.loss_weights == {"tone": 2.0, "topic": 3.0}


def test_weights_of_an_object_have_names_too():
    weights = FixedWeights({"tone": 2.0})
    clf = make(loss_weights=weights)
    assert clf.get_params()["loss_weights__tone"] == 2.0
    again = clone(clf).set_params(loss_weights__topic=3.0, loss_weights__share_power=0)
    assert again.loss_weights.weights == {"tone": 2.0, "topic": 3.0}
    assert again.loss_weights.share_power == 0
    assert weights.weights == {"tone": 2.0}


@needs_scikit_learn(1, 9, why="diagrams have no table of fitted attributes")
def test_the_diagram_shows_parameters_and_fitted_attributes(brief):
    unfitted = make(trunk=BagTrunk(n_units=9))._repr_html_()
    assert "n_units" in unfitted
    assert "Not fitted" in unfitted
    assert "task_names_" in brief._repr_html_()


def test_repr_shows_what_was_changed():
    assert repr(make(sharing="hard")) == (
        "MultiTaskTextClassifier(max_iter=5, random_state=0, sharing='hard')"
    )


# --- the door to skorch -------------------------------------------------------------


class Count(Callback):
    def __init__(self, seen):
        self.seen = seen

    def on_epoch_end(self, net, **kwargs):
        self.seen.append(len(net.history))


@pytest.mark.parametrize(
    "wrap", [lambda c: c, lambda c: ("mine", c)], ids=["bare", "named"]
)
def test_callbacks_of_the_user_run(wrap):
    seen = []
    fit(callbacks=[wrap(Count(seen))])
    assert seen == [1, 2, 3, 4, 5]


class KeepRates(Callback):
    def __init__(self, rates):
        self.rates = rates

    def on_batch_begin(self, net, **kwargs):
        self.rates.append([group["lr"] for group in net.optimizer_.param_groups])


def test_steps_decay_over_all_batches_of_all_epochs(larger):
    texts, y = larger
    rates = []
    params = {"batch_size": 64, "max_iter": 3, "early_stopping": True}
    clf = fit(texts, y, **params, n_iter_no_change=9, callbacks=[KeepRates(rates)])
    history = clf.net_.history
    n_train = sum("train_loss" in batch for batch in history[-1, "batches"])
    assert len(rates) == sum(len(epoch) for epoch in history[:, "batches"])
    found = np.array(rates)[:, 0] / rates[0][0]
    steps = np.unique(found)[::-1]
    assert_allclose(steps, 1 - np.arange(3 * n_train) / (3 * n_train))


def test_steps_decay_to_zero_unless_a_scheduler_of_the_user_says_otherwise():
    ours, theirs = [], []
    fit(callbacks=[KeepRates(ours)])
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.5)
    fit(callbacks=[scheduler, KeepRates(theirs)])
    ours, theirs = np.array(ours), np.array(theirs)
    factors = np.linspace(1, 0.2, 5)[:, None]
    assert_allclose(ours, ours[:1] * factors)
    assert_allclose(theirs, ours[:1] * 0.5 ** np.arange(5)[:, None])


def test_checkpoint_saves_and_its_parameters_load(tmp_path):
    clf = fit(callbacks=[Checkpoint(monitor=None, dirname=tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} >= {"params.pt", "optimizer.pt"}
    other = fit(random_state=1)
    assert differ(clf, other)
    other.net_.load_params(
        f_params=tmp_path / "params.pt", f_optimizer=tmp_path / "optimizer.pt"
    )
    assert_same(other, clf)


def test_early_stopping_of_skorch_stops():
    stopping = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0)
    assert fit(callbacks=[stopping], max_iter=9).n_iter_ < 5


def test_epoch_scoring_reads_predictions(larger):
    def mean_logit(net, dataset, y=None):
        return float(net.forward(dataset)[0].mean())

    scoring = EpochScoring(mean_logit, name="logit", on_train=True, use_caching=False)
    clf = fit(*larger, max_iter=2, callbacks=[scoring])
    logits = clf.net_.history[:, "logit"]
    assert len(logits) == 2
    assert logits[0] != logits[1]


def test_a_splitter_of_skorch_sets_rows_aside():
    splitter = ValidSplit(4)
    clf = make(net_params={"train_split": splitter}).fit(TEXTS, LABELS)
    aside = make().fit(TEXTS, LABELS)
    assert 0 <= clf.history_[-1]["valid_score_tone"] <= 1
    assert "valid_score_tone" not in aside.history_[-1]
    # Cells are counted on the rows that are trained on, so the parts still add up.
    learn = splitter(np.zeros((len(TEXTS), 1)))[0].indices
    share = np.mean([LABELS["topic"][row] is not None for row in learn])
    row = clf.history_[0]
    weighted = row["weight_topic"] * row["loss_topic"] * share
    assert row["weighted_loss_topic"] == pytest.approx(weighted, rel=1e-5)


def test_net_params_reach_the_optimizers_and_the_net():
    clf = fit(
        max_iter=1,
        net_params={
            "optimizer_dense__betas": (0.8, 0.9),
            "optimizer_dense": torch.optim.AdamW,
            "optimizer_sparse__lr": 0.25,
        },
    )
    sparse, *dense = clf.net_.optimizer_.param_groups
    assert {group["betas"] for group in dense} == {(0.8, 0.9)}
    assert sparse["lr"] == 0.25  # of the only step


class KeepNorms(Callback):
    def __init__(self, norms):
        self.norms = norms

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [float(p.grad.square().sum()) for _, p in named_parameters]
        self.norms.append(sum(squares) ** 0.5)


def test_gradients_may_be_clipped():
    free, bound = [], []
    clf = fit(NUMBERS, callbacks=[KeepNorms(free)])
    callbacks = [GradientNormClipping(0.01), KeepNorms(bound)]
    clipped = fit(NUMBERS, callbacks=callbacks)
    assert len(free) == len(bound) == 5
    assert min(free) > 0.02
    assert_allclose(bound, 0.01, rtol=1e-3)
    assert any(
        (ours != theirs).any()
        for ours, theirs in zip(
            clf.predict_proba(NUMBERS), clipped.predict_proba(NUMBERS), strict=True
        )
    )


def test_verbose_shows_a_bar_and_a_line_an_epoch(capsys):
    fit(verbose=1, max_iter=2)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert "epoch" in lines[0]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2"]
    assert "0/1 [" in captured.err  # one batch an epoch


def test_silence_is_the_default(capsys):
    fit().predict(TEXTS)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_the_device_is_the_one_asked_for(device):
    clf = fit(device=device)
    (kind,) = {p.device.type for p in clf.net_.module_.parameters()}
    assert kind == ("cuda" if device == "auto" and torch.cuda.is_available() else "cpu")
