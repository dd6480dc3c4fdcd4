"""Search for loss weights in which the worst candidates leave as they train."""

import time
from math import ceil
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from ..metrics._scorer import MultiTaskScorer
from ..utils._compat import Interval, StrOptions
from ._choice import BestWhere, last_iteration
from ._loss_weights import LossWeightSearchCV

# With min_resources="auto", candidates are compared after each fifth of the epochs.
N_PARTS = 5


class HalvingLossWeightSearchCV(LossWeightSearchCV):
    """Search loss weights by successive halving.

    Like :class:`LossWeightSearchCV`, but training stops several times to score all
    candidates on the test rows of all folds, and only the best go on. Each iteration
    continues the training of the previous one. The last candidates train to the end;
    their fits and scores are those of :class:`LossWeightSearchCV`. Eight candidates
    train about a third of the epochs that they would train there.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier or Pipeline
        A Pipeline must end in the classifier. Its other steps are fitted once per fold.

    loss_weights : list
        Candidates for the parameter `loss_weights`, as for
        :class:`LossWeightSearchCV`.

    factor : int or float, default=3
        Of the candidates of each iteration, ``1 / factor`` go on to the next, rounded
        up. Lower values are slower and lose the best candidate less often.

    min_resources : int or "auto", default="auto"
        Number of epochs between two comparisons, and so the least number that a
        candidate trains. "auto" is a fifth of the epochs of a fit, rounded, and at
        least 1. Increase it if early scores say little about final ones.

    scoring : str, callable, list, tuple, dict or None, default=None
        As for :class:`LossWeightSearchCV`.

    n_jobs : int or None, default=None
        Number of threads. Each trains a fold at a time.

    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`. It also decides which
        candidates go on, so with several scores it must be a name or a callable, such
        as :func:`best_where`. A callable of your own gets the results of one iteration;
        it is called again without its choice until enough candidates are chosen.

    cv : int, splitter, iterable of (train, test) or None, default=None
        As for :class:`LossWeightSearchCV`.

    verbose : int, default=0
        If above 0, prints a line per iteration.

    pre_dispatch : int or str, default="2*n_jobs"
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    error_score : "raise" or number, default=nan
        As for :class:`LossWeightSearchCV`. A candidate whose score is NaN in a fold
        leaves first.

    return_train_score : bool, default=False
        Whether to also score on the training rows.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As of :class:`~sklearn.model_selection.HalvingGridSearchCV`: a row for each
        candidate of each iteration, with the columns "iter" and "n_resources". Times
        are those of the iteration.

    n_iterations_ : int

    n_candidates_, n_resources_ : list of int
        Number of candidates of each iteration, and of epochs at its end.

    min_resources_, max_resources_ : int
        Number of epochs between comparisons, and of a whole fit. If "auto" settings
        give folds different numbers of epochs, `max_resources_` is the largest.

    best_estimator_ : estimator
        The estimator with the best loss weights, fitted on all rows.

    best_score_ : float
        Of the last iteration.

    best_params_ : dict

    best_index_ : int
        Row of the best candidate of the last iteration in `cv_results_`.

    scorer_ : callable or dict

    n_splits_ : int

    refit_time_ : float
        Time of the refit in seconds.

    multimetric_ : bool

    See Also
    --------
    LossWeightSearchCV : Trains all candidates to the end.

    Notes
    -----
    The test rows of a fold decide which candidates go on, as they do in
    scikit-learn's halving. So the score of the best candidate is as optimistic as in
    any search, not more.

    All candidates have the learning rates of a whole fit from the start. A scored
    candidate is calibrated, but does not yet learn from the held-out rows that a fit
    ends with; under early stopping its current weights are scored, not its best.

    The networks of all candidates and folds are in memory at the same time. Candidates
    that cannot train in joint steps (see :class:`LossWeightSearchCV`) train in turn to
    the end of each iteration.

    References
    ----------
    K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and
    hyperparameter optimization", AISTATS 2016. Here iterations have equal numbers of
    epochs; there they have equal costs, so that the number of epochs grows.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.model_selection import loss_weight_grid
    >>> from sklearn_mtl.search import HalvingLossWeightSearchCV
    >>> texts, labels = make_multitask_texts(120, n_tasks=2, random_state=0)
    >>> search = HalvingLossWeightSearchCV(
    ...     MultiTaskTextClassifier(random_state=0),
    ...     loss_weight_grid(["task0", "task1"], "pairs", ratios=[2, 4, 8]),
    ...     cv=2,
    ... ).fit(texts, labels)
    >>> search.n_candidates_, search.n_resources_
    ([7, 3, 1], [2, 4, 10])
    """

    _parameter_constraints = {
        **LossWeightSearchCV._parameter_constraints,
        "factor": [Interval(Real, 1, None, closed="neither")],
        "min_resources": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
    }

    def __init__(
        self,
        estimator: Any,
        loss_weights: Any,
        *,
        factor: float = 3,
        min_resources: int | str = "auto",
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
            loss_weights,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.factor = factor
        self.min_resources = min_resources

    def _n_parts(self, candidates):
        n_parts, n_left = 1, len(candidates)
        while n_left > 1:
            n_parts, n_left = n_parts + 1, self._n_kept(n_left)
        return n_parts

    def _n_kept(self, n_candidates):
        return min(ceil(n_candidates / self.factor), n_candidates - 1)

    def _check_scoring(self, scorer, y, table):
        super()._check_scoring(scorer, y, table)
        is_table = isinstance(scorer, MultiTaskScorer) and scorer.output == "dict"
        self._check_one_decides(is_table or hasattr(scorer, "_scorers"))

    def _check_one_decides(self, is_multimetric):
        if is_multimetric and not self.refit:
            raise ValueError(
                "The scorer gives several scores, and halving must know which one "
                f"decides, but refit={self.refit!r}. Set refit to the name of one, "
                "such as 'mean', or to a callable, such as best_where; or use a scorer "
                "with a single score."
            )

    def _try_out(self, candidates, folds, begin, trial):
        # Threads, because nets that pause cannot move to another process.
        parallel = Parallel(
            n_jobs=self.n_jobs, pre_dispatch=self.pre_dispatch, require="sharedmem"
        )
        searches = parallel(delayed(_begun)(begin, *fold, candidates) for fold in folds)
        self.max_resources_ = max(each.n_epochs for each in searches)
        self.min_resources_ = self.min_resources
        if self.min_resources == "auto":
            self.min_resources_ = max(round(self.max_resources_ / N_PARTS), 1)
        self.n_candidates_, self.n_resources_ = [], []
        left, tried, out = list(candidates), [], []
        while True:
            start, number = time.perf_counter(), len(self.n_candidates_)
            until = (number + 1) * self.min_resources_
            is_last = len(left) == 1 or until >= self.max_resources_
            until = self.max_resources_ if is_last else until
            with trial.progress.part(trial.whole, "iteration"):
                scored = parallel(delayed(_trained)(each, until) for each in searches)
            by_candidate = list(zip(*scored, strict=True))
            self._check_fits(by_candidate)
            tried, out = tried + left, out + by_candidate
            self.n_candidates_.append(len(left))
            self.n_resources_.append(until)
            self._set_results(tried, out, trial, self._columns())
            self._check_one_decides(self.multimetric_)
            if self.verbose:
                seconds = time.perf_counter() - start
                print(
                    f"epoch {until} of {self.max_resources_}: {len(left)} "
                    f"candidate(s) in {seconds:.1f} s"
                )
            if is_last:
                break
            kept = self._best_of_last(self._n_kept(len(left)), trial.metric)
            left = [left[k] for k in kept]
            for each in searches:
                each.keep(kept)
        self.n_iterations_ = len(self.n_candidates_)

    def _columns(self):
        """Return the columns of `cv_results_` that describe the iterations."""
        sizes = self.n_candidates_
        return {
            "iter": np.repeat(np.arange(len(sizes)), sizes),
            "n_resources": np.repeat(self.n_resources_, sizes),
        }

    def _best_of_last(self, n_kept, metric):
        """Return the positions of the best candidates of the last iteration, sorted."""
        rows = last_iteration(self.cv_results_)
        if not callable(self.refit):
            order = BestWhere(metric).rank(self.cv_results_, rows)
        elif isinstance(self.refit, BestWhere):
            order = self.refit.rank(self.cv_results_, rows)
        else:
            order = []
            while len(order) < n_kept:
                others = np.setdiff1d(np.arange(len(rows)), order)
                order.append(others[self._ask(rows[others])])
        return sorted(order[:n_kept])

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        rows = last_iteration(results)
        best = LossWeightSearchCV._select_best_index
        return int(rows[best(refit, refit_metric, _take(results, rows))])

    def _ask(self, rows):
        """Return the position of the row that a callable `refit` chooses."""
        found = _take(self.cv_results_, rows)
        return LossWeightSearchCV._select_best_index(self.refit, None, found)


def _begun(begin, data, split, candidates):
    return begin(split.of(data), candidates).begin()


def _trained(search, until):
    return search.train(until)


def _take(results, rows):
    """Return rows of `cv_results_`."""
    return {
        name: [values[k] for k in rows] if isinstance(values, list) else values[rows]
        for name, values in results.items()
    }
