"""Search for loss weights that trains all candidates of a fold at once."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import gcd
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import Parallel, delayed

from .._classifier import MultiTaskTextClassifier
from ..labels._tables import as_label_table
from ..metrics._metrics import METRICS
from ..metrics._scorer import MultiTaskScorer
from ..model_selection._cv import as_splitter
from ..model_selection._paired import as_splittable
from ..training._progress import FitProgress
from ..utils._compat import (
    BaseSearchCV,
    _BaseScorer,
    _warn_or_raise_about_fit_failures,
    fit_context,
)
from ..utils._numpy import numpy_errors
from ..utils._rows import SentOnce, n_rows
from ..utils._state import fitted_attributes, reads_one_fit, take_over, without_fit
from ..utils._texts import as_read_by
from ..utils._typing import Labels, Rows
from ._choice import BestWhere
from ._folds import FoldSearch, Split, insert_error_scores


class LossWeightSearchCV(BaseSearchCV):
    """Search the loss weights of a :class:`~sklearn_mtl.MultiTaskTextClassifier`.

    It gives the results of ``GridSearchCV(classifier, {"loss_weights": candidates})``
    with less work: the texts of a fold are vectorized once, its batches are made once,
    and one training step updates all candidates. It saves most time if each text is
    labelled for a few of many classes. Each candidate gets the scores of a separate
    fit, up to rounding errors, which grow with the epochs: where two classes are about
    equally probable, a prediction may differ.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier or Pipeline
        A Pipeline must end in the classifier. Its other steps are fitted once per fold.

    loss_weights : list
        Candidates for the parameter `loss_weights`: weights, for instance from
        :func:`~sklearn_mtl.model_selection.loss_weight_grid`; names of methods such as
        "uncertainty"; and objects of :mod:`sklearn_mtl.balancing`.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`; usually from
        :func:`~sklearn_mtl.metrics.multitask_scorer`, with ``refit="mean"``. None uses
        the classifier's ``score``. A scorer gets vectorized rows as X. scikit-learn's
        scorers support one task, or several tasks with labels 0 and 1, without missing
        cells.

    n_jobs : int or None, default=None
        Number of processes, as in joblib. Each process gets folds or, if the folds do
        not divide evenly, a part of the candidates.

    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`; a callable may be from
        :func:`best_where`.

    cv : int, splitter, iterable of (train, test) or None, default=None
        None means 5. For an int, uses a :class:`~sklearn_mtl.model_selection.\
MultiTaskStratifiedKFold` with this number of folds, not shuffled.

    verbose : int, default=0
        If above 0, prints a line per fold.

    pre_dispatch : int or str, default="2*n_jobs"
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    error_score : "raise" or number, default=nan
        Score of a failed fit, which also gives a
        :class:`~sklearn.exceptions.FitFailedWarning`. A fit fails if training diverges,
        or if a task has no label in the training rows of a fold. Invalid parameters
        raise an error before the first fit.

    return_train_score : bool, default=False
        Whether to also score on the training rows.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in :class:`~sklearn.model_selection.GridSearchCV`. The fit time of a fold is
        divided equally among its candidates.

    best_estimator_ : estimator
        The estimator with the best loss weights, fitted on all rows.

    best_score_ : float

    best_params_ : dict

    best_index_ : int

    scorer_ : callable or dict

    n_splits_ : int

    refit_time_ : float
        Time of the refit in seconds.

    multimetric_ : bool

    Notes
    -----
    The networks of all candidates of a fold are in memory at the same time, two per
    candidate with early stopping, and for a moment when they end.

    Joint training steps require bags of words, one trunk, categorical tasks and
    constant loss weights, and do not support an L2 penalty, `net_params`, `callbacks`,
    `verbose` or CUDA. Otherwise candidates are trained one after another; batches are
    made once and kept, up to 1 GiB.

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
    }

    def __init__(
        self,
        estimator: Any,
        loss_weights: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.loss_weights = loss_weights

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: Labels, **params: Any) -> Self:
        """Fit and score all candidates on all folds, then refit the best on all rows.

        Parameters
        ----------
        X : texts or rows

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels; cells may be missing.

        **params : dict
            ``sample_weight`` for the classifier and, if it accepts weights, the scorer;
            ``groups`` for the splitter.

        Returns
        -------
        self : LossWeightSearchCV

        Raises
        ------
        ValueError
            Before the first fit, if there are no candidates, or if the data, a
            candidate, the scoring or a parameter of the classifier is invalid. Later,
            if all fits fail, or if one fails and `error_score` is "raise".
        """
        X = as_read_by(self.estimator, X)
        progress = FitProgress(self, X, y, params.get("sample_weight"))
        fresh = without_fit(self)
        with numpy_errors():
            fresh._search(X, y, params, progress)
        take_over(self, fresh)
        return self

    score = reads_one_fit(BaseSearchCV.score)

    def _search(self, X, y, params, progress):
        classifier, name = _take_apart(self.estimator)
        candidates = _read_candidates(self.loss_weights)
        table = as_label_table(y, missing_label=classifier.missing_label)
        if n_rows(X) != len(table):
            raise ValueError(
                f"X and y must have the same number of rows. Got {n_rows(X)} and "
                f"{len(table)} rows."
            )
        classifier._check_each(candidates, table.names)
        scorer, refit_metric = self._get_scorers()
        self._check_scoring(scorer, y, table)
        routed = self._get_routed_params_for_fit(params)
        splitter = as_splitter(self.cv, missing_label=classifier.missing_label)
        labels = as_splittable(y)
        splits = list(splitter.split(X, labels, **routed.splitter.split))
        self.n_splits_ = len(splits)
        if not splits:
            raise ValueError(
                "No fits were performed, because cv yields no splits. Pass a splitter "
                "with at least one split."
            )
        whole = progress.begin_fit(self._n_parts(candidates) + bool(self.refit))
        data = SentOnce(X, y)
        folds = ((data, Split(rows, routed)) for rows in splits)
        settings = scorer, self.error_score, self.return_train_score
        begin = partial(FoldSearch, self.estimator, *settings)
        trial = Trial(name, scorer, refit_metric, progress, whole)
        self._try_out(candidates, folds, begin, trial)
        self._choose(trial)
        if self.refit:
            best = clone(self.estimator)
            best.set_params(**clone(self.best_params_, safe=False))
            start = time.perf_counter()
            last = whole.subcontext("refit")
            with last.propagate_callback_context(best):
                progress.begin(last)
                self.best_estimator_ = best.fit(X, y, **routed.estimator.fit)
            self.refit_time_ = time.perf_counter() - start
            progress.end(last, lambda: fitted_attributes(self))
            if hasattr(best, "feature_names_in_"):
                self.feature_names_in_ = best.feature_names_in_
        progress.end(whole, lambda: fitted_attributes(self))

    def _n_parts(self, candidates):
        """Return the number of parts of a search, as callbacks see it."""
        return self.n_splits_

    def _try_out(self, candidates, folds, begin, trial):
        """Fit and score all candidates on all folds, and choose the best.

        Parameters
        ----------
        candidates : list

        folds : iterator of (SentOnce, Split)
            A fold is made where it is used, so that a cluster is sent the data once.

        begin : callable
            ``begin(fold, candidates)`` returns a FoldSearch.

        trial : Trial
        """
        out = [[] for _ in candidates]
        all_scored = self._deal(partial(_train_fold, begin), folds, candidates)
        for number in range(1, self.n_splits_ + 1):
            start = time.perf_counter()
            with trial.progress.part(trial.whole, "fold"):
                scored = next(all_scored)
            for own, row in zip(out, scored, strict=True):
                own.append(row)
            if self.verbose:
                seconds = time.perf_counter() - start
                print(
                    f"fold {number} of {self.n_splits_}: {len(candidates)} candidates "
                    f"in {seconds:.1f} s"
                )
        self._check_fits(out)
        self._set_results(candidates, out, trial)

    def _check_fits(self, out):
        """Warn about fits that failed; raise an error if all did."""
        results = [result for row in out for result in row]
        _warn_or_raise_about_fit_failures(results, self.error_score)

    def _set_results(self, candidates, out, trial, more=None):
        """Set `cv_results_` and the scorer.

        Parameters
        ----------
        candidates : list
            The candidate of each row.

        out : list of list of dict
            For each row the results of all folds.

        trial : Trial

        more : dict of {str: list}, default=None
            Further columns.
        """
        out = [result for row in out for result in row]
        insert_error_scores(out, self.error_score)
        first = next(result["test_scores"] for result in out)
        self.multimetric_ = isinstance(first, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first)
            trial.metric = self.refit
        values = [{trial.name: weights} for weights in candidates]
        self.cv_results_ = self._format_results(values, self.n_splits_, out, more)
        self.scorer_ = getattr(trial.scorer, "_scorers", trial.scorer)

    def _choose(self, trial):
        """Set the best candidate."""
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(
                self.refit, trial.metric, self.cv_results_
            )
            if not callable(self.refit):
                scores = self.cv_results_[f"mean_test_{trial.metric}"]
                self.best_score_ = scores[self.best_index_]
            self.best_params_ = self.cv_results_["params"][self.best_index_]

    def _check_scoring(self, scorer, y, table):
        """Raise an error if a scorer does not suit the tasks, or `refit` is unknown."""
        own = getattr(scorer, "_scorers", {"score": scorer})
        for each in own.values():
            if isinstance(each, MultiTaskScorer):
                each.score_names(table.names)
        if isinstance(scorer, MultiTaskScorer):
            names = scorer.score_names(table.names)
            if names:
                self._check_refit_for_multimetric(names)
            if isinstance(self.refit, BestWhere):
                self.refit.check(names or ["score"])
        if not any(isinstance(each, _BaseScorer) for each in own.values()):
            return
        kind = "unknown"
        if not table.missing.any():
            # type_of_target fails for dicts and for labels of several types.
            with suppress(TypeError, ValueError):
                kind = type_of_target(y)
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            asked = self.scoring if isinstance(self.scoring, str) else next(iter(own))
            metric = repr(asked) if asked in METRICS else "'accuracy'"
            gaps = ", with missing cells" if table.missing.any() else ""
            raise ValueError(
                f"scoring={self.scoring!r} is a scorer of scikit-learn, which supports "
                "one task, or several tasks with labels 0 and 1, without missing "
                f"cells. y has {len(table.names)} task(s), {table.names[:5]}{gaps}. "
                "Use sklearn_mtl.metrics.multitask_scorer: "
                f"scoring=multitask_scorer({metric}, output='mean'), or a callable "
                "instead of the name."
            )

    def _deal(self, score, folds, candidates):
        """Yield the results of each fold, computed in several processes."""
        n_jobs = effective_n_jobs(self.n_jobs)
        n_parts = min(n_jobs // gcd(n_jobs, self.n_splits_), len(candidates))
        parts = [candidates[k::n_parts] for k in range(n_parts)]
        # With one job, results are computed only when needed. Ray gives all at once.
        backend, _ = get_active_backend()
        parallel = Parallel(
            n_jobs=self.n_jobs,
            pre_dispatch=self.pre_dispatch,
            return_as="generator" if backend.supports_return_generator else "list",
        )
        found = iter(
            parallel(delayed(score)(*fold, part) for fold in folds for part in parts)
        )
        for _ in range(self.n_splits_):
            scored = [None] * len(candidates)
            for k in range(n_parts):
                scored[k::n_parts] = next(found)
            yield scored

    def _run_search(self, evaluate_candidates):
        # Abstract in scikit-learn, whose `fit` calls it; our `fit` does not.
        raise NotImplementedError("The candidates of a fold are trained together.")


@dataclass
class Trial:
    """What all parts of one search need.

    Attributes
    ----------
    name : str
        Full name of the parameter `loss_weights`.

    scorer : callable

    metric : str
        Name of the score that decides.

    progress : FitProgress

    whole : CallbackContext
    """

    name: str
    scorer: Any
    metric: Any
    progress: Any
    whole: Any


def _train_fold(begin, data, split, candidates):
    return begin(split.of(data), candidates).train()


def _read_candidates(loss_weights):
    if isinstance(loss_weights, Mapping):
        raise ValueError(
            "loss_weights must be a list of candidates. Got a single candidate, the "
            f"dict {loss_weights}. Pass a list, for instance from loss_weight_grid."
        )
    if len(loss_weights) == 0:
        raise ValueError(
            "loss_weights is empty. Pass a list of candidates, for instance from "
            "loss_weight_grid."
        )
    return list(loss_weights)


def _take_apart(estimator):
    """Return the classifier and the full name of its `loss_weights` parameter."""
    classifier, name = estimator, "loss_weights"
    if isinstance(estimator, Pipeline):
        last, classifier = estimator.steps[-1]
        name = f"{last}__loss_weights"
    if not isinstance(classifier, MultiTaskTextClassifier):
        raise ValueError(
            "estimator must be a MultiTaskTextClassifier, or a Pipeline that ends in "
            f"one. Got {type(classifier).__name__}. For other estimators use "
            "GridSearchCV."
        )
    return classifier, name
