"""Which candidate of a search is best: by a score, under limits for others."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..utils._pareto import non_dominated
from ..utils._typing import Array

_MEAN, _AGGREGATES = "mean_test_", ("mean", "worst", "weighted", "exact_match")


def best_where(
    best: str = "mean", *, at_least: Mapping[str, float] | None = None
) -> "BestWhere":
    """Choose the candidate with the best score among those that reach some limits.

    For ``refit=`` of a search whose scorer gives a score per task, such as
    ``multitask_scorer()``: the best topic, if the tone is not under 0.8. Without limits
    a name is enough: ``refit="mean"``, or ``refit="worst"`` for the best worst task.

    Parameters
    ----------
    best : str, default="mean"
        Name of the score to be as high as possible, a key of the scorer's dict: a task,
        "mean", "worst" or "weighted". With several metrics also the metric, as in
        "f1_macro_topic". "score" if the scorer gives a single number.

    at_least : dict of {str: float}, default=None
        Lowest mean over folds that is acceptable, for each of some scores.

    Returns
    -------
    choice : callable
        ``choice(cv_results_)`` returns the index of the best candidate. It works with
        the searches here and with :class:`~sklearn.model_selection.GridSearchCV`, and
        also after a search with ``refit=False``.

    Raises
    ------
    ValueError
        If `at_least` is not a dict of numbers. When called: if the results do not have
        a score, or no candidate reaches the limits; the message then says what can be
        reached. The search itself is lost in that case, so set limits that equal
        weights reach, or use ``refit=False`` and choose afterwards.

    Notes
    -----
    This is the epsilon-constraint method of multi-objective optimization. It can find
    each candidate of :func:`pareto_front`, which a weighted mean of scores cannot.

    References
    ----------
    Y. Y. Haimes, L. S. Lasdon, D. A. Wismer, "On a bicriterion formulation of the
    problems of integrated system identification and system optimization", IEEE
    Transactions on Systems, Man, and Cybernetics, 1971.

    Examples
    --------
    >>> from sklearn_mtl.search import best_where
    >>> found = {
    ...     "params": [{"alpha": 1}, {"alpha": 2}, {"alpha": 3}],
    ...     "mean_test_topic": [0.9, 0.8, 0.7],
    ...     "mean_test_tone": [0.6, 0.8, 0.9],
    ... }
    >>> best_where("topic", at_least={"tone": 0.75})(found)
    1
    """
    return BestWhere(best, at_least)


class BestWhere:
    """The best score under limits for others; see :func:`best_where`."""

    def __init__(self, best="mean", at_least=None):
        if not isinstance(best, str):
            raise ValueError(f"best must be the name of a score. Got {best!r}.")
        at_least = {} if at_least is None else at_least
        if not isinstance(at_least, Mapping) or not all(
            isinstance(name, str) and isinstance(limit, Real) and limit == limit
            for name, limit in at_least.items()
        ):
            raise ValueError(
                "at_least must be a dict of a number for each of some scores, such as "
                f"{{'tone': 0.8}}. Got {at_least!r}."
            )
        self.best, self.at_least = best, dict(at_least)

    def __repr__(self):
        limits = f", at_least={self.at_least}" if self.at_least else ""
        return f"best_where({self.best!r}{limits})"

    def __call__(self, cv_results_):
        """Return the index of the best candidate.

        Parameters
        ----------
        cv_results_ : dict of ndarray
            Of a search by halving, only the last iteration counts.

        Returns
        -------
        index : int
        """
        rows = last_iteration(cv_results_)
        first = rows[self.rank(cv_results_, rows)[0]]
        if not self._reaches(cv_results_, first):
            raise ValueError(self._complaint(cv_results_, rows, first))
        return int(first)

    def check(self, names):
        """Raise a ValueError if one of the scores is not among these names."""
        for name in (self.best, *self.at_least):
            _check_name(name, names)

    def rank(self, cv_results_, rows):
        """Order candidates: those within the limits by score, then the nearest.

        Parameters
        ----------
        cv_results_ : dict of ndarray

        rows : ndarray of int
            Indices of the candidates to order.

        Returns
        -------
        order : ndarray of int
            Positions in `rows`, the best first.
        """
        scores = mean_scores(cv_results_, self.best)[rows]
        short = np.zeros(len(rows))
        for name, limit in self.at_least.items():
            short += np.maximum(limit - mean_scores(cv_results_, name)[rows], 0.0)
        unknown = np.isnan(scores) | np.isnan(short)
        scores, short = (np.where(unknown, -np.inf, scores), np.nan_to_num(short))
        return np.lexsort([-scores, short, unknown])

    def _reaches(self, cv_results_, row):
        scores = [mean_scores(cv_results_, name)[row] for name in self.at_least]
        own = mean_scores(cv_results_, self.best)[row]
        pairs = zip(scores, self.at_least.values(), strict=True)
        return not np.isnan(own) and all(score >= limit for score, limit in pairs)

    def _complaint(self, cv_results_, rows, nearest):
        def best_of(name):
            scores = mean_scores(cv_results_, name)[rows]
            return "nothing" if np.isnan(scores).all() else f"{np.nanmax(scores):.4g}"

        reached = ", ".join(f"{name} {best_of(name)}" for name in self.at_least)
        near = ", ".join(
            f"{name} {mean_scores(cv_results_, name)[nearest]:.4g}"
            for name in dict.fromkeys([*self.at_least, self.best])
        )
        if not self.at_least:
            return f"No candidate has a score {self.best!r}: all of them are NaN."
        return (
            f"None of the {len(rows)} candidates reaches at_least={self.at_least}. "
            f"Each score alone is at best: {reached}. The nearest candidate, "
            f"{cv_results_['params'][nearest]}, has {near}. Lower the limits, or add "
            "candidates."
        )


def pareto_front(
    cv_results_: Mapping[str, Any], scores: Sequence[str] | None = None
) -> dict[str, Array]:
    """Return the candidates of a search that no other candidate dominates.

    For each of them, no other candidate has scores that are all at least as high and
    one that is higher. A choice between tasks is a choice among these.

    Parameters
    ----------
    cv_results_ : dict of ndarray
        Of a search whose scorer gives a score per task, such as ``multitask_scorer()``.
        Of a search by halving, only the last iteration counts.

    scores : sequence of str, default=None
        Names of at least two scores to compare, such as two of many tasks, or
        "f1_macro_topic" with several metrics. None means all but the aggregates
        ("mean", "worst", "weighted" and "exact_match").

    Returns
    -------
    front : dict of ndarray
        A table in the form of ``cv_results_``, which ``pandas.DataFrame`` reads:
        "index" (the row in ``cv_results_``), "params" and ``mean_test_<score>`` for
        each of the scores, sorted by their mean, the best first. Candidates with a
        score of NaN are left out.

    Raises
    ------
    ValueError
        If there are fewer than two scores, or the results do not have one of them.

    Examples
    --------
    >>> from sklearn_mtl.search import pareto_front
    >>> found = {
    ...     "params": [{"alpha": 1}, {"alpha": 2}, {"alpha": 3}],
    ...     "mean_test_topic": [0.9, 0.7, 0.7],
    ...     "mean_test_tone": [0.6, 0.6, 0.9],
    ... }
    >>> pareto_front(found)["index"]
    array([2, 0])
    """
    names = score_names(cv_results_)
    if scores is None:
        # With several metrics, the name of the metric is in front.
        ends = tuple(f"_{name}" for name in _AGGREGATES)
        scores = [
            name
            for name in names
            if name not in _AGGREGATES and ("mean" in names or not name.endswith(ends))
        ]
    elif isinstance(scores, str):
        raise ValueError(f"scores must be a list of names. Got {scores!r}.")
    if len(scores) < 2:
        raise ValueError(
            f"A Pareto front needs at least two scores. Got {list(scores)}. Use a "
            "scorer with a score per task, such as multitask_scorer()."
        )
    rows = last_iteration(cv_results_)
    table = np.column_stack([mean_scores(cv_results_, name)[rows] for name in scores])
    front = np.flatnonzero(non_dominated(table))
    front = front[np.argsort(-table[front].mean(axis=1), kind="stable")]
    params = np.empty(len(front), dtype=object)
    params[:] = [cv_results_["params"][k] for k in rows[front]]
    columns = {f"{_MEAN}{name}": table[front, k] for k, name in enumerate(scores)}
    return {"index": rows[front], "params": params, **columns}


def score_names(cv_results_):
    """Return the names of the scores of a search."""
    return [key.removeprefix(_MEAN) for key in cv_results_ if key.startswith(_MEAN)]


def mean_scores(cv_results_, name):
    """Return the mean test score of each row; raise an error if there is none."""
    _check_name(name, score_names(cv_results_))
    return np.asarray(cv_results_[f"{_MEAN}{name}"], dtype=float)


def _check_name(name, names):
    if name not in names:
        raise ValueError(
            f"The search has no score {name!r}. Its scores are {list(names)}."
        )


def last_iteration(cv_results_):
    """Return the rows of the last iteration; all rows if the search has no others."""
    iterations = cv_results_.get("iter", np.zeros(len(cv_results_["params"])))
    return np.flatnonzero(np.asarray(iterations) == np.max(iterations))
