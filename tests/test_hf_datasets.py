"""Tables of Hugging Face's datasets, as X and as y."""

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import cross_validate

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, train_test_split
from sklearn_mtl.search import LossWeightSearchCV

if find_spec("datasets") is None:
    pytest.skip("Hugging Face's datasets is not installed", allow_module_level=True)

TEXTS, CODES = make_multitask_texts(60, n_tasks=2, missing_rate=0.2, random_state=0)
TEXTS = list(TEXTS)
CELLS = [[None if np.isnan(c) else int(c) for c in column] for column in CODES.T]
TONE, STARS = [None if c is None else "abcde"[c] for c in CELLS[0]], CELLS[1]
EXPECTED = MultiTaskTextClassifier(max_iter=2, random_state=0).fit(
    TEXTS, {"tone": TONE, "stars": STARS}
)


@pytest.fixture(scope="module")
def dataset():
    import datasets as hf

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
