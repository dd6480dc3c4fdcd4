"""What a user sets for torch, numpy or scikit-learn changes no result, and stays."""

import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from numpy.testing import assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer, multitask_scores
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.trunks import ConvTrunk

TEXTS, Y = make_multitask_texts(
    220, n_tasks=2, n_classes=3, missing_rate=0.2, random_state=0
)
CONV = ConvTrunk(embedding_dim=4, n_filters=4, n_units=6)


@contextmanager
def setting(get, put, value):
    before = get()
    put(value)
    try:
        yield
        assert get() == value  # still what the user asked for
    finally:
        put(before)


SETTINGS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "set_grad_enabled": lambda: torch.set_grad_enabled(False),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "default_device": lambda: torch.device("meta"),
    "default_dtype": lambda: setting(
        torch.get_default_dtype, torch.set_default_dtype, torch.float64
    ),
    "deterministic": lambda: setting(
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
        True,
    ),
    "num_threads": lambda: setting(torch.get_num_threads, torch.set_num_threads, 3),
    "errstate": lambda: np.errstate(all="raise"),
    "printoptions": lambda: np.printoptions(precision=1, threshold=2),
    "pandas output": lambda: sklearn.config_context(transform_output="pandas"),
    "polars output": lambda: sklearn.config_context(transform_output="polars"),
    "assume_finite": lambda: sklearn.config_context(assume_finite=True),
    "skip validation": lambda: sklearn.config_context(skip_parameter_validation=True),
    "routing": lambda: sklearn.config_context(enable_metadata_routing=True),
    "working_memory": lambda: sklearn.config_context(working_memory=1),
    "warnings": warnings.catch_warnings,
}


def results():
    found = []
    for trunk in ("auto", CONV):
        clf = MultiTaskTextClassifier(
            trunk=trunk, max_iter=2, early_stopping=True, random_state=0
        )
        clf.fit(TEXTS, Y)
        predicted = pd.DataFrame(clf.predict(TEXTS), columns=["a", "b"])
        found += [
            *clf.predict_proba(TEXTS),
            clf.predict(TEXTS),
            np.asarray(clf.transform(TEXTS)),
            clf.score(TEXTS, Y),
            list(multitask_scores({"a": Y[:, 0], "b": Y[:, 1]}, predicted)),
        ]
    search = LossWeightSearchCV(
        MultiTaskTextClassifier(max_iter=2, random_state=0),
        [[1, 1], [1, 4]],
        cv=2,
        scoring=multitask_scorer("neg_log_loss"),
        refit="mean",
    ).fit(TEXTS, Y)
    return [*found, search.cv_results_["mean_test_mean"], search.predict(TEXTS)]


@pytest.fixture(scope="module")
def wanted():
    return results()


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_the_user_change_nothing(name, wanted):
    with SETTINGS[name]():
        found = results()
    for own, expected in zip(found, wanted, strict=True):
        assert_array_equal(own, expected)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_vectorizers_that_give_frames(kind):
    def dense(vectorizer):
        return make_pipeline(CountVectorizer(), _Dense(), vectorizer)

    plain, framed = (
        MultiTaskTextClassifier(dense(scaler), max_iter=2, random_state=0).fit(TEXTS, Y)
        for scaler in (StandardScaler(), StandardScaler().set_output(transform=kind))
    )
    for a, b in zip(
        plain.predict_proba(TEXTS), framed.predict_proba(TEXTS), strict=True
    ):
        assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_our_own_transform_gives_what_was_asked_for(kind):
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(TEXTS, Y)
    plain = clf.transform(TEXTS)
    frame = clf.set_output(transform=kind).transform(TEXTS)
    assert type(frame).__module__.startswith(kind)
    assert list(frame.columns) == clf.get_feature_names_out().tolist()
    assert_array_equal(np.asarray(frame), plain)


class _Dense(sklearn.base.TransformerMixin, sklearn.base.BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.toarray()

    def __sklearn_is_fitted__(self):
        return True

    def get_feature_names_out(self, names=None):
        return names
