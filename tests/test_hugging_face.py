"""Columns and tables of Hugging Face's datasets, as X and as y."""

from collections import UserList, deque
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import cross_validate

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.labels._tables import as_label_table
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, train_test_split
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.utils._rows import at_once
from sklearn_mtl.utils._texts import read_texts

TEXTS, CODES = make_multitask_texts(60, n_tasks=2, missing_rate=0.2, random_state=0)
TEXTS = list(TEXTS)
HOLES = np.isnan(CODES.astype(float))
TONE = [None if h else "abcde"[int(c)] for c, h in zip(CODES.T[0], HOLES.T[0])]  # noqa: B905
STARS = [None if h else int(c) for c, h in zip(CODES.T[1], HOLES.T[1])]  # noqa: B905
EXPECTED = MultiTaskTextClassifier(max_iter=2, random_state=0).fit(
    TEXTS, {"tone": TONE, "stars": STARS}
)


class Lazy(Sequence):
    """A column that makes cells when it is asked for them, and counts how often."""

    def __init__(self, cells):
        self.cells, self.n_reads = cells, 0

    def __len__(self):
        return len(self.cells)

    def __getitem__(self, rows):
        self.n_reads += 1
        return self.cells[rows]


# With a stand-in ---------------------------------------------------------------------


@pytest.mark.parametrize("cells", [TONE, STARS, [["a"], []] * 5, np.array([1, 0, 1])])
def test_a_lazy_column_is_read_at_once(cells):
    column = Lazy(cells)
    table = as_label_table({"own": column})
    expected = as_label_table({"own": cells})
    assert_array_equal(table.columns[0], expected.columns[0])
    assert_array_equal(table.missing, expected.missing)
    assert column.n_reads == 1


def test_a_lazy_vector_of_labels_or_texts_is_read_at_once():
    column = Lazy(STARS)
    assert as_label_table(column).columns[0].dtype == np.int64
    assert column.n_reads == 1
    column = Lazy(TEXTS)
    assert read_texts(column) == TEXTS
    assert column.n_reads == 1


def test_integers_stay_integers_where_a_slice_has_floats():
    # As numpy's format of a Dataset has it.
    class Formatted(Lazy):
        def __getitem__(self, rows):
            if isinstance(rows, slice):
                return np.array(self.cells[rows], dtype=float)
            return self.cells[rows]

    assert as_label_table(Formatted(STARS)).columns[0].dtype == np.int64


@pytest.mark.parametrize("column", [[1, 2], (1, 2), range(2), "ab", deque([1, 2]),
                                    UserList([1, 2]), np.arange(2)])  # fmt: skip
def test_other_columns_are_left_as_they_are(column):
    assert at_once(column) is column


def test_a_slice_of_another_length_is_not_believed():
    class Wrong(Lazy):
        def __getitem__(self, rows):
            return self.cells[:1] if isinstance(rows, slice) else self.cells[rows]

    column = Wrong([1, 2])
    assert at_once(column) is column


# With the library --------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset():
    hf = pytest.importorskip("datasets", reason="Hugging Face's datasets not installed")
    features = {
        "text": hf.Value("string"),
        "tone": hf.Value("string"),
        "stars": hf.ClassLabel(names=["one", "two", "three", "four", "five"]),
    }
    columns = {"text": TEXTS, "tone": TONE, "stars": STARS}
    return hf.Dataset.from_dict(columns, features=hf.Features(features))


def test_a_dataset_is_what_its_columns_are(dataset):
    table = dataset.select_columns(["tone", "stars"])
    columns = {"tone": dataset["tone"], "stars": dataset["stars"]}
    for y in (table, columns, table[:]):
        for X in (dataset["text"], dataset.select_columns(["text"])):
            found = MultiTaskTextClassifier(max_iter=2, random_state=0).fit(X, y)
            assert found.task_names_ == ["tone", "stars"]
            # Of a ClassLabel the integers are kept, not its names.
            assert found.classes_[1].dtype == np.int64
            assert_array_equal(found.predict(X), EXPECTED.predict(TEXTS))
            assert found.score(X, y) == EXPECTED.score(
                TEXTS, {"tone": TONE, "stars": STARS}
            )


@pytest.mark.parametrize("kind", ["numpy", "torch", "pandas", "polars", "arrow"])
def test_formats_of_a_dataset(dataset, kind):
    formatted = dataset.with_format(kind)
    for y in (formatted.select_columns(["tone", "stars"]), formatted["stars"]):
        clf = MultiTaskTextClassifier(max_iter=1, random_state=0)
        clf.fit(formatted["text"], y)
        classes = clf.classes_ if clf.n_outputs_ == 1 else clf.classes_[1]
        assert_array_equal(classes, sorted({s for s in STARS if s is not None}))


def test_splits_and_searches_of_a_dataset(dataset):
    y = dataset.select_columns(["tone", "stars"])
    splitter = MultiTaskStratifiedKFold(2)
    clf = MultiTaskTextClassifier(max_iter=2, random_state=0)
    search = LossWeightSearchCV(clf, [None, [3, 1]], cv=splitter)
    search.fit(dataset["text"], y)
    same = LossWeightSearchCV(clf, [None, [3, 1]], cv=splitter)
    same.fit(TEXTS, {"tone": TONE, "stars": STARS})
    assert_array_equal(
        search.cv_results_["mean_test_score"], same.cv_results_["mean_test_score"]
    )
    parts = train_test_split(dataset["text"], y, random_state=0)
    assert [type(part) for part in parts] == [list, list, dict, dict]
    # scikit-learn's tools index rows, which a Dataset answers with dicts.
    frame = y.to_pandas().convert_dtypes()
    scores = cross_validate(
        clf, dataset["text"], frame, cv=splitter, scoring=multitask_scorer()
    )
    assert np.isfinite(scores["test_mean"]).all()


def test_what_is_no_table_of_labels_says_what_to_pass(dataset):
    clf = MultiTaskTextClassifier(max_iter=1)
    with pytest.raises(ValueError, match=r"table of shape \(60, 3\).*X\['text'\]"):
        clf.fit(dataset, dataset["tone"])
    stream = dataset.to_iterable_dataset()
    with pytest.raises(ValueError, match=r"row\['text'\] for row in X"):
        clf.fit(stream, dataset["tone"])
