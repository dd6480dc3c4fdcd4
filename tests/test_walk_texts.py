"""All that reads X, over all containers of texts: the same as for a list of str."""

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy.sparse import issparse
from test_rows import Cells

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import (
    FastCountVectorizer,
    FastHashingVectorizer,
    FastTfidfVectorizer,
    SequenceVectorizer,
    SubwordVectorizer,
    TextCleaner,
    WordVectorVectorizer,
)
from sklearn_mtl.inspection import top_words
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    compare_sharing,
    loss_weight_grid,
    task_affinity,
    task_view,
    train_test_split,
)
from sklearn_mtl.search import LossWeightSearchCV

TEXTS = ["late parcel", "wrong bill", "late box", "bill again"] * 3
Y = {"topic": ["ship", "pay", "ship", "pay"] * 3, "rush": [1, 0, 1, 1] * 3}
CLF = MultiTaskTextClassifier(random_state=0, max_iter=3)
FITTED = MultiTaskTextClassifier(random_state=0, max_iter=3).fit(TEXTS, Y)
VECTORS = {"late": [1.0, 0.0], "bill": [0.0, 1.0]}

CONTAINERS = {
    "tuple": tuple,
    "generator": iter,
    "str array": np.array,
    "object array": lambda X: np.array(X, dtype=object),
    "StringDType": lambda X: np.array(X, dtype=np.dtypes.StringDType()),
    "table of an array": lambda X: np.array(X, dtype=object)[:, np.newaxis],
    "sequence": Cells,
    "Series.values": lambda X: pd.Series(X, dtype="string").values,
    "Series": lambda X: pd.Series(X, index=range(7, 7 + len(X))),
    "pandas frame": lambda X: pd.DataFrame({"text": X}),
    "polars": pl.Series,
    "polars frame": lambda X: pl.DataFrame({"text": X}),
    "narwhals": lambda X: nw.from_native(pl.Series(X), series_only=True),
    "pyarrow": pa.array,
    "string_view": lambda X: pa.array(X, pa.string_view()),
    "chunks": lambda X: pa.chunked_array([X[:1], X[1:]]),
    "pyarrow table": lambda X: pa.table({"text": X}),
}


def split(X):
    parts = train_test_split(X, list(range(12)), stratify=Y, random_state=0)
    cleaner = TextCleaner(lowercase=False)
    return [*map(cleaner.transform, parts[:2]), *parts[2:]]


def search(X):
    grid = loss_weight_grid(list(Y), "pairs", ratios=[2])
    found = LossWeightSearchCV(CLF, grid, cv=2).fit(X, Y)
    return found.cv_results_["mean_test_score"]


def dense(rows):
    return rows.toarray() if issparse(rows) else rows


ENTRIES = {
    "fit": lambda X: CLF.fit(X, Y).predict_proba(TEXTS),
    "predict": lambda X: FITTED.predict(X),
    "predict_proba": lambda X: FITTED.predict_proba(X),
    "transform": lambda X: FITTED.transform(X),
    "score": lambda X: FITTED.score(X, Y),
    "scorer": lambda X: list(
        multitask_scorer(["accuracy", "neg_log_loss"])(FITTED, X, Y).values()
    ),
    "task_view": lambda X: task_view(FITTED, "rush").predict_proba(X),
    "top_words": lambda X: str(top_words(FITTED, X)),
    "splitter": lambda X: list(MultiTaskStratifiedKFold(2).split(X, Y)),
    "train_test_split": split,
    "search": search,
    "compare_sharing": lambda X: list(
        compare_sharing(CLF, X, Y, cv=2, n_seeds=1).scores.values()
    ),
    "task_affinity": lambda X: task_affinity(CLF, X, Y, cv=2).affinity,
    "TextCleaner": lambda X: TextCleaner().fit_transform(X),
    **{
        type(vectorizer).__name__: lambda X, own=vectorizer: dense(own.fit_transform(X))
        for vectorizer in (
            FastCountVectorizer(),
            FastTfidfVectorizer(),
            FastHashingVectorizer(n_features=16),
            SequenceVectorizer(max_length=4),
            SubwordVectorizer(max_length=6),
            WordVectorVectorizer(VECTORS),
        )
    },
}
EXPECTED = {}


def flat(found):
    if isinstance(found, list | tuple):
        return [part for item in found for part in flat(item)]
    return [np.asarray(found)]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_reads_every_container_of_texts(entry, container):
    if entry not in EXPECTED:
        EXPECTED[entry] = flat(ENTRIES[entry](TEXTS))
    found = flat(ENTRIES[entry](CONTAINERS[container](TEXTS)))
    for expected, own in zip(EXPECTED[entry], found, strict=True):
        np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_the_output_of_transformers_is_no_matter_of_the_inside(output):
    with sklearn.config_context(transform_output=output):
        clf = MultiTaskTextClassifier(random_state=0, max_iter=3).fit(TEXTS, Y)
        np.testing.assert_array_equal(clf.predict(TEXTS), FITTED.predict(TEXTS))
        frame = clf.transform(TEXTS)
    assert type(frame).__module__.split(".")[0] == output
    np.testing.assert_array_equal(frame.to_numpy(), FITTED.transform(TEXTS))


def test_set_output_is_for_what_the_estimator_returns():
    clf = MultiTaskTextClassifier(
        WordVectorVectorizer(VECTORS).set_output(transform="pandas"),
        random_state=0,
        max_iter=3,
    ).set_output(transform="pandas")
    frame = clf.fit(TEXTS, Y).transform(TEXTS)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame) == clf.get_feature_names_out().tolist()
