"""One fold of a search: all candidates are fitted and scored."""

import time
from copy import copy
from traceback import format_exception

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from ..data._embedding import packed
from ..utils._compat import _check_method_params, _score
from ..utils._rows import take_rows


class Split:
    """The rows of a fold and its routed parameters, before the rows are taken.

    An object of its own, because Dask sends a Bunch as a plain dict.

    Parameters
    ----------
    rows : (ndarray, ndarray)
        Numbers of the training rows and of the test rows.

    routed : Bunch
    """

    def __init__(self, rows, routed):
        self.rows, self.routed = rows, routed

    def of(self, data):
        """Return the Fold of the data, a SentOnce."""
        return Fold(data.X, data.y, self.rows, self.routed)


class Fold:
    """Training and test rows of a split, with metadata."""

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


class FoldSearch:
    """All candidates of a fold, which train a few epochs at a time.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier or Pipeline

    scorer : callable

    error_score : "raise" or float

    return_train_score : bool

    fold : Fold

    candidates : list
        Values for the parameter `loss_weights`.

    Attributes
    ----------
    n_epochs : int
        Number of epochs of a whole fit; 0 before :meth:`begin`, and if that failed.
    """

    def __init__(
        self, estimator, scorer, error_score, return_train_score, fold, candidates
    ):
        self.estimator, self.scorer = estimator, scorer
        self.error_score, self.fold = error_score, fold
        self.candidates = list(candidates)
        self.parts = {"test_scores": 1}
        if return_train_score:
            self.parts["train_scores"] = 0
        self.fits = self.transformer = self.error = None
        self.n_epochs, self.rows, self.fit_seconds = 0, {}, 0.0

    def begin(self):
        """Vectorize the texts and build the nets; return self."""
        start = time.perf_counter()
        try:
            self.fits, self.transformer = _begin_fold(
                self.estimator, self.fold, self.candidates
            )
            self.n_epochs = self.fits.n_epochs
        except Exception as error:
            self.error = error
        self.fit_seconds = time.perf_counter() - start
        return self

    def train(self, until=None):
        """Train up to an epoch, None is the last, and return a row for each candidate.

        The times of a row are those since the previous row.
        """
        if self.fits is None and self.error is None:
            self.begin()
        start, n_fits, seconds = time.perf_counter(), len(self.candidates), 0.0
        fitted = [self.error] * n_fits
        try:
            if self.error is None:
                fitted = self.fits.train(until)
        except Exception as error:
            self.error, fitted = error, [error] * n_fits
        fit_time = (self.fit_seconds + time.perf_counter() - start) / n_fits
        self.fit_seconds = 0.0
        try:
            seconds = self._transform(fitted) / n_fits
        except Exception as error:
            self.error, fitted = error, [error] * n_fits
        return [self._score(each, seconds) | {"fit_time": fit_time} for each in fitted]

    def keep(self, kept):
        """Continue with some of the candidates, a list of their numbers."""
        self.candidates = [self.candidates[k] for k in kept]
        if self.error is None:
            self.fits.keep(kept)

    def _transform(self, fitted):
        """Vectorize the rows to score, once for all; return the time for test rows."""
        first = next((each for each in fitted if not isinstance(each, Exception)), None)
        if self.rows or first is None:
            return 0.0
        seconds = {}
        for part in self.parts.values():
            begun, X = time.perf_counter(), self.fold.X[part]
            if self.transformer is not None:
                X = self.transformer.transform(X)
            self.rows[part] = packed(*first._transform_rows(X))
            seconds[part] = time.perf_counter() - begun
        return seconds[1]

    def _score(self, fitted, seconds):
        row = {"score_time": 0.0, "fit_error": None}
        if isinstance(fitted, Exception):
            if self.error_score == "raise":
                raise fitted
            row["fit_error"] = "".join(format_exception(fitted))
            return row | dict.fromkeys(self.parts, self.error_score)
        for key, part in self.parts.items():
            begun, rows = time.perf_counter(), self.rows[part]
            row[key] = _score(
                _reader_of_rows(fitted, rows),
                rows,
                self.fold.y[part],
                self.scorer,
                self.fold.score_params[part],
                self.error_score,
            )
            if part == 1:
                row["score_time"] = seconds + time.perf_counter() - begun
        return row


def _begin_fold(estimator, fold, candidates):
    """Return the begun fits, and the fitted steps before the classifier."""
    fit = _BeginEach(estimator, candidates)
    transformer = None
    if isinstance(estimator, Pipeline):
        name, classifier = estimator.steps[-1]
        fit = _BeginEach(classifier, candidates)
        estimator = clone(estimator).set_params(**{name: fit})
        if len(estimator.steps) > 1:
            transformer = estimator[:-1]
    else:
        estimator = fit
    estimator.fit(fold.X[0], fold.y[0], **fold.fit_params[0])
    return fit.fits_, transformer


class _BeginEach(BaseEstimator):
    """Replaces the classifier of a pipeline and begins a fit with each candidate.

    The pipeline can then run its earlier steps and route metadata itself.
    """

    def __init__(self, classifier, candidates):
        self.classifier = classifier
        self.candidates = candidates

    def fit(self, X, y, **params):
        self.fits_ = self.classifier._begin_each(X, y, self.candidates, **params)
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
