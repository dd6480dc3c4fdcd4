"""Searching loss weights: all candidates of a fold in one pass over its batches."""

import time
from copy import copy
from functools import partial
from math import gcd

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import _fit_context, clone
from sklearn.model_selection._search import (
    BaseSearchCV,
    _insert_error_scores,
    _warn_or_raise_about_fit_failures,
)
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params

from ._base import fitted_attributes, take_over
from ._callbacks import FitTasks
from ._classifier import MultiTaskTextClassifier
from .model_selection import MultiTaskStratifiedKFold
from .model_selection._split import take_rows

__all__ = ["LossWeightSearchCV"]


class LossWeightSearchCV(BaseSearchCV):
    """Search the loss weights of a :class:`~sklearn_mtl.MultiTaskTextClassifier`.

    What ``GridSearchCV(classifier, {"loss_weights": candidates})`` finds, with less
    work: the texts of a fold are vectorised once for all candidates, its batches are
    made once, and candidates are trained side by side, a step of all of them at a time.
    It saves most where each text is labelled for a few of many classes. Each candidate
    gets the scores that a fit of its own gets, but for rounding.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier or Pipeline
        A Pipeline must end in the classifier; its first steps are fitted once a fold.

    loss_weights : list
        Candidates for the parameter of that name, for instance from
        :func:`~sklearn_mtl.model_selection.loss_weight_grid`.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`; usually from
        :func:`~sklearn_mtl.metrics.multitask_scorer`, with ``refit="mean"``. None is
        the classifier's ``score``. A scorer gets vectorised rows as X.

    n_jobs : int or None, default=None
        Processes, as joblib counts, to which folds are dealt and, where their number
        does not divide evenly, parts of the candidates.

    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    cv : int, splitter or None, default=None
        None is 5. An int makes :class:`~sklearn_mtl.model_selection.\
MultiTaskStratifiedKFold` of so many folds, not shuffled.

    verbose : int, default=0
        Above 0, a line for each fold.

    error_score : "raise" or number, default=nan
        Score of a candidate whose training diverges.

    return_train_score : bool, default=False
        Whether to score on the training rows too.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in :class:`~sklearn.model_selection.GridSearchCV`. The fit time of a
        candidate is its part of the time of the fold.

    best_estimator_ : estimator
        Fitted to all rows with the best weights.

    best_score_ : float

    best_params_ : dict

    best_index_ : int

    scorer_ : callable or dict

    n_splits_ : int

    refit_time_ : float
        Seconds.

    multimetric_ : bool

    Notes
    -----
    Memory is that of the candidates of one fold together, a network each; with early
    stopping two each.

    A step of all candidates at a time is for bags of words, one trunk and categorical
    tasks, without a penalty, `net_params`, `callbacks`, `verbose` or CUDA. Others are
    trained in turn, on up to 1 GiB of batches that are made once.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.model_selection import loss_weight_grid
    >>> from sklearn_mtl.search import LossWeightSearchCV
    >>> texts, labels = make_multitask_texts(120, n_tasks=2, random_state=0)
    >>> search = LossWeightSearchCV(
    ...     MultiTaskTextClassifier(random_state=0),
    ...     loss_weight_grid(["task0", "task1"], "pairs", ratios=[4]),
    ...     cv=2,
    ... ).fit(texts, labels)
    >>> len(search.cv_results_["mean_test_score"])
    3
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "loss_weights": ["array-like"],
        "cv": ["cv_object"],
        "estimator": [HasMethods(["fit"])],
    }
    _parameter_constraints.pop("pre_dispatch")

    def __init__(
        self,
        estimator,
        loss_weights,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        error_score=np.nan,
        return_train_score=False,
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.loss_weights = loss_weights

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Train and score all candidates on all folds, and the best one on all rows.

        Parameters
        ----------
        X : texts or rows

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        **params : dict
            ``sample_weight`` for the classifier and, where it takes them, the scorer;
            ``groups`` for the splitter.

        Returns
        -------
        self : LossWeightSearchCV

        Raises
        ------
        ValueError
            If there are no candidates, or data or candidates cannot be used.
        """
        tasks = FitTasks(self, X, y, params.get("sample_weight"))
        fresh = copy(self)
        fresh._search(X, y, params, tasks)
        take_over(self, fresh)
        return self

    def _search(self, X, y, params, tasks):
        head, classifier, name = _take_apart(self.estimator)
        candidates = list(self.loss_weights)
        if not candidates:
            raise ValueError(
                "loss_weights holds no candidate. Pass a list of loss weights, for "
                "instance of loss_weight_grid."
            )
        scorer, refit_metric = self._get_scorers()
        routed = self._get_routed_params_for_fit(params)
        splits = list(self._splitter().split(X, y, **routed.splitter.split))
        self.n_splits_ = len(splits)
        whole = tasks.begin_fit(len(splits) + bool(self.refit))
        out = [[] for _ in candidates]
        folds = (_Fold(X, y, split, routed) for split in splits)
        settings = self.error_score, self.return_train_score
        score = partial(_score_fold, head, classifier, scorer, *settings)
        all_scored = self._deal(score, folds, candidates)
        for number in range(1, len(splits) + 1):
            start = time.perf_counter()
            with tasks.part(whole, "fold"):
                scored = next(all_scored)
            for own, row in zip(out, scored, strict=True):
                own.append(row)
            if self.verbose:
                seconds = time.perf_counter() - start
                print(
                    f"fold {number} of {len(splits)}: {len(candidates)} candidates in "
                    f"{seconds:.1f} s"
                )
        out = [row for own in out for row in own]
        _warn_or_raise_about_fit_failures(out, self.error_score)
        _insert_error_scores(out, self.error_score)
        values = [{name: weights} for weights in candidates]
        self._choose(values, out, scorer, refit_metric)
        if self.refit:
            best = clone(self.estimator).set_params(**self.best_params_)
            start = time.perf_counter()
            last = whole.subcontext("refit")
            with last.propagate_callback_context(best):
                tasks.begin(last)
                self.best_estimator_ = best.fit(X, y, **routed.estimator.fit)
            tasks.end(last, lambda: fitted_attributes(self))
            if hasattr(best, "feature_names_in_"):
                self.feature_names_in_ = best.feature_names_in_
            self.refit_time_ = time.perf_counter() - start
        tasks.end(whole, lambda: fitted_attributes(self))

    def _splitter(self):
        if hasattr(self.cv, "split"):
            return self.cv
        if self.cv is None or isinstance(self.cv, int):
            return MultiTaskStratifiedKFold(self.cv or 5)
        return _Splits(self.cv)

    def _deal(self, score, folds, candidates):
        """Yield the results of each fold, worked out by several processes."""
        n_jobs = effective_n_jobs(self.n_jobs)
        n_parts = min(n_jobs // gcd(n_jobs, self.n_splits_), len(candidates))
        parts = [candidates[k::n_parts] for k in range(n_parts)]
        # With one job nothing is worked out before it is asked for.
        found = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(score)(fold, part) for fold in folds for part in parts
        )
        for _ in range(self.n_splits_):
            scored = [None] * len(candidates)
            for k in range(n_parts):
                scored[k::n_parts] = next(found)
            yield scored

    def _choose(self, values, out, scorer, refit_metric):
        """Set what the search found."""
        first = next(row["test_scores"] for row in out)
        self.multimetric_ = isinstance(first, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first)
            refit_metric = self.refit
        self.cv_results_ = self._format_results(values, self.n_splits_, out)
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(
                self.refit, refit_metric, self.cv_results_
            )
            if not callable(self.refit):
                scores = self.cv_results_[f"mean_test_{refit_metric}"]
                self.best_score_ = scores[self.best_index_]
            self.best_params_ = values[self.best_index_]
        self.scorer_ = getattr(scorer, "_scorers", scorer)

    def _run_search(self, evaluate_candidates):
        raise NotImplementedError("The candidates of a fold are trained together.")


def _score_fold(
    head, classifier, scorer, error_score, return_train_score, fold, candidates
):
    """Return a row of the results for each candidate."""
    start = time.perf_counter()
    train, test = fold.X
    if head is not None:
        head = clone(head)
        train = head.fit_transform(train, fold.y[0])
        test = head.transform(test)
    fitted = classifier._fit_each(train, fold.y[0], candidates, **fold.fit_params[0])
    seconds = (time.perf_counter() - start) / len(candidates)
    rows = [None if isinstance(each, ValueError) else each for each in fitted]
    first = next((each for each in rows if each is not None), None)
    # Vectorised once, and read by all.
    parts = {"test_scores": 1}
    if return_train_score:
        parts["train_scores"] = 0
    X = {}
    if first is not None:
        X[1] = first._transform_rows(test)
        if return_train_score:
            X[0] = first._transform_rows(train)
    results = []
    for each in fitted:
        row = {"fit_time": seconds, "score_time": 0.0, "fit_error": None}
        if isinstance(each, ValueError):
            row["fit_error"] = str(each)
            row |= dict.fromkeys(parts, error_score)
            if error_score == "raise":
                raise each
        else:
            begun = time.perf_counter()
            reader = _reader_of_rows(each)
            for key, part in parts.items():
                row[key] = scorer(
                    reader, X[part], fold.y[part], **fold.score_params[part]
                )
            row["score_time"] = time.perf_counter() - begun
        results.append(row)
    return results


class _Fold:
    """Training and test rows of a split, with their metadata."""

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


class _Splits:
    """An iterable of splits as a splitter."""

    def __init__(self, splits):
        self.splits = list(splits)

    def split(self, X, y=None, **params):
        return self.splits


def _take_apart(estimator):
    """Return the steps before the classifier, the classifier and its parameter."""
    head, classifier, name = None, estimator, "loss_weights"
    if isinstance(estimator, Pipeline):
        last, classifier = estimator.steps[-1]
        name = f"{last}__loss_weights"
        if len(estimator.steps) > 1:
            head = estimator[:-1]
    if not isinstance(classifier, MultiTaskTextClassifier):
        raise ValueError(
            "estimator must be a MultiTaskTextClassifier, or a Pipeline that ends in "
            f"one. Got {type(classifier).__name__}. For others use GridSearchCV."
        )
    return head, classifier, name


def _reader_of_rows(fitted):
    """Return a fitted classifier that reads vectorised rows."""
    if fitted.vectorizer_ is None and fitted.term_weights_ is None:
        return fitted
    reader = copy(fitted)
    reader.vectorizer, reader.vectorizer_, reader.term_weights_ = "auto", None, None
    reader.n_features_in_ = fitted.net_.module__spec.n_features
    return reader
