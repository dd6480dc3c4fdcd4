"""One fold of a search: all candidates are fitted and scored."""

import time
from copy import copy
from traceback import format_exception

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from .data._embedding import packed
from .utils._compat import _check_method_params, _score
from .utils._rows import take_rows


class Fold:
    """Training and test rows of a split, with metadata.

    Made where it is used, so that a cluster is sent the data of all folds once.
    """

    def __init__(self, X, y, split, routed):
        self.X = [take_rows(X, rows) for rows in split]
        self.y = [take_rows(y, rows) for rows in split]
        self.fit_params = [
            _check_method_params(X, routed.estimator.fit, indices=rows)
            for rows in split
        ]
        self.score_params = [
            _check_method_params(X, routed.scorer.score, indices=rows) for rows in split
        ]


def score_fold(
    data, split, routed, candidates, *, estimator, scorer, error_score, on_train
):
    """Return a row of results for each candidate.

    Parameters
    ----------
    data : SentOnce
        All rows and labels.

    split : (ndarray, ndarray)
        Numbers of the training rows and of the test rows.

    routed : Bunch
        Routed parameters of the search.

    candidates : list

    estimator : estimator

    scorer : callable

    error_score : "raise" or number

    on_train : bool
        Whether to score the training rows too.
    """
    fold = Fold(data.X, data.y, split, routed)
    start = time.perf_counter()
    parts = {"test_scores": 1} | ({"train_scores": 0} if on_train else {})
    rows, seconds = {}, 0.0
    try:
        fitted, transformer = _fit_fold(estimator, fold, candidates)
        fit_time = (time.perf_counter() - start) / len(candidates)
        first = next((each for each in fitted if not isinstance(each, Exception)), None)
        # Vectorized once for all candidates.
        for part in parts.values() if first is not None else ():
            begun = time.perf_counter()
            X = (
                fold.X[part]
                if transformer is None
                else transformer.transform(fold.X[part])
            )
            rows[part] = packed(*first._transform_rows(X))
            if part == 1:
                seconds = (time.perf_counter() - begun) / len(candidates)
    except Exception as error:
        fit_time = (time.perf_counter() - start) / len(candidates)
        fitted = [error] * len(candidates)
    results = []
    for each in fitted:
        row = {"fit_time": fit_time, "score_time": 0.0, "fit_error": None}
        if isinstance(each, Exception):
            if error_score == "raise":
                raise each
            row["fit_error"] = "".join(format_exception(each))
            row |= dict.fromkeys(parts, error_score)
        else:
            for key, part in parts.items():
                begun = time.perf_counter()
                reader = _reader_of_rows(each, rows[part])
                params = fold.score_params[part]
                row[key] = _score(
                    reader, rows[part], fold.y[part], scorer, params, error_score
                )
                if part == 1:
                    row["score_time"] = seconds + time.perf_counter() - begun
        results.append(row)
    return results


def _fit_fold(estimator, fold, candidates):
    """Return the fit of each candidate, and the fitted steps before the classifier."""
    fit = _FitEach(estimator, candidates)
    transformer = None
    if isinstance(estimator, Pipeline):
        name, classifier = estimator.steps[-1]
        fit = _FitEach(classifier, candidates)
        estimator = clone(estimator).set_params(**{name: fit})
        if len(estimator.steps) > 1:
            transformer = estimator[:-1]
    else:
        estimator = fit
    estimator.fit(fold.X[0], fold.y[0], **fold.fit_params[0])
    return fit.fitted_, transformer


class _FitEach(BaseEstimator):
    """Replaces the classifier of a pipeline and fits it with each candidate.

    The pipeline can then run its earlier steps and route metadata itself.
    """

    def __init__(self, classifier, candidates):
        self.classifier = classifier
        self.candidates = candidates

    def fit(self, X, y, **params):
        self.fitted_ = self.classifier._fit_each(X, y, self.candidates, **params)
        return self

    def get_metadata_routing(self):
        return self.classifier.get_metadata_routing()


def insert_error_scores(results, error_score):
    """Insert a score per metric into failed rows, if other rows have several metrics.

    scikit-learn's function of the same name skips rows in which only scoring failed.
    """
    for key in ("test_scores", "train_scores"):
        tables = [row[key] for row in results if isinstance(row.get(key), dict)]
        for row in results if tables else ():
            if not isinstance(row.get(key, {}), dict):
                row[key] = dict.fromkeys(tables[0], error_score)


def _reader_of_rows(fitted, rows):
    """Return a copy of a fitted classifier that reads these vectorized rows."""
    reader = copy(fitted)
    reader.vectorizer, reader.vectorizer_ = "auto", None
    reader.column_scales_ = reader.term_weights_ = None
    # In rows of token ids, columns are positions and features are ids.
    reader.n_features_in_ = rows.shape[1]
    if hasattr(reader, "feature_names_in_"):  # the rows have no names
        del reader.feature_names_in_
    return reader
