"""Cells whose label is probably wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from ..decisions._held_out import hold_out, is_fitted_before
from ..metrics._fitted import label_reader
from ..utils._rows import settled
from ..utils._typing import Estimator, Labels, Rows, Weights
from ..utils._warn import warn_caller
from ._checks import (
    check_classes,
    check_number,
    check_probabilities,
    check_score,
    check_tasks,
)
from ._columns import not_learnt, read_columns, use_other_tasks
from ._doubts import doubts_of
from ._harm import harm_by_task
from ._label_issues import LabelIssues, as_issues

# Groups of rows by which labels are counted, if there is one classifier.
_GROUPS = 5


def find_label_issues(
    classifier: Estimator,
    X: Rows,
    y: Labels,
    *,
    sample_weight: Weights = None,
    tasks: Sequence[str] | None = None,
    score: str = "error",
    other_tasks: bool = True,
    wrong_share: float = 0.05,
    harm: Mapping[str, float] | str | None = None,
    n_issues: int | float | None = None,
    cv: Any = None,
    n_jobs: int | None = None,
) -> LabelIssues:
    """Find cells whose label is probably wrong.

    Each label is judged by a classifier that was fitted to other rows, and by the
    labels of the other tasks in its row. Cells of all tasks are ranked together.

    Parameters
    ----------
    classifier : multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`. Clones are fitted.

    X : texts or rows
        What the classifier reads.

    y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        Labels, with missing cells.

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or cells, for the classifier, if it accepts them. Cells of
        weight 0 count as missing.

    tasks : list of str, default=None
        Tasks to judge; None is all. Those that are left out still help to judge the
        others.

    score : {"error", "self_confidence", "normalized_margin", \
            "confidence_weighted_entropy"}, default="error"
        "error" is the probability that the label is wrong. The others are 1 minus the
        label quality score of this name in cleanlab (extra ``cleanlab``). They do not
        consider the number of classes, so use them for tasks with the same number.

    other_tasks : bool, default=True
        Whether to use the labels of the other tasks. Set it to False if they were
        copied or computed from the labels that are judged, and so repeat their errors.

    wrong_share : float, default=0.05
        Share of the labels that you expect to be wrong. Raise it if more are. It
        changes the probabilities of "error", and rarely the order.

    harm : "tasks", dict of {str: float} or None, default=None
        What a wrong label of each task costs; 1 for tasks that a dict does not name.
        None is 1 for all. "tasks" gives all tasks the same total cost, so that labels
        of small tasks come first: use it to improve a mean over tasks.

    n_issues : int, float or None, default=None
        Number of cells to return, or their share among the judged cells. None returns
        cells with a score of at least 0.5, and for the scores of cleanlab those that
        its ``find_label_issues`` returns.

    cv : int, splitter, iterable, "prefit" or None, default=None
        How rows are held out. An int is the number of folds of
        :class:`~sklearn_mtl.model_selection.MultiTaskStratifiedKFold`; None is 5. Rows
        that are never held out are not judged. "prefit" uses the fitted `classifier`
        as it is: X must then be other rows than those that it was fitted to.

    n_jobs : int, default=None
        Number of processes that fit the folds. None is 1.

    Returns
    -------
    issues : LabelIssues
        Cells by expected harm, which is the score multiplied by the cost of a wrong
        label. Prints as a table.

    Raises
    ------
    ValueError
        If the input or an argument cannot be used, or a task has a single class.

    ImportError
        If `score` needs cleanlab, and it is not installed.

    Warns
    -----
    UserWarning
        If labels do not occur in the training rows of their fold. Their cells are not
        judged.

    Notes
    -----
    The probability of a label is that of the classifier, multiplied by a factor for
    each other task: how much more often the label occurs beside the label, or the empty
    cell, of that task than elsewhere. Exponents of the factors are fitted by maximum
    likelihood (a product of experts, Hinton 2002). "error" follows by Bayes' rule, if a
    wrong label is any other class with the same probability. A cell with several labels
    has the score of the most doubtful of them.

    References
    ----------
    G. E. Hinton, "Training products of experts by minimizing contrastive divergence",
    Neural Computation 14, 2002.

    C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident learning: estimating uncertainty
    in dataset labels", Journal of Artificial Intelligence Research 70, 2021: the method
    of cleanlab.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.labelling import find_label_issues
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 10
    >>> labels = {"tone": ["good", "bad"] * 20, "art": [False, False, True, True] * 10}
    >>> labels["tone"][6] = "bad"
    >>> classifier = MultiTaskTextClassifier(random_state=0)
    >>> issues = find_label_issues(classifier, texts, labels)
    >>> [cell[:4] for cell in issues]
    [(6, 'tone', 'bad', 'good')]
    """
    X = settled(X)
    check_probabilities(classifier)
    prefit = is_fitted_before(classifier, cv)
    table = label_reader(classifier if prefit else clone(classifier)).table(y)
    judged = check_tasks(tasks, table.names)
    check_score(score, wrong_share)
    check_classes(table, judged)
    costs = harm_by_task(harm, table, judged)
    missing = table.missing[:, [table.names.index(name) for name in judged]]
    if n_issues is not None:
        check_number("n_issues", n_issues, int((~missing).sum()), "labelled cells")
    held = hold_out(classifier, X, y, sample_weight, cv, n_jobs=n_jobs, disjoint=True)
    columns, folds = read_columns(held), held.folds
    unseen = not_learnt(held, columns)
    if other_tasks:
        if len(held.models) == 1:
            folds = np.arange(len(folds)) % _GROUPS
        columns = use_other_tasks(columns, folds)
    found = {}
    for k, (name, task) in enumerate(
        zip(held.targets.names, held.targets.tasks, strict=True)
    ):
        if name in judged:
            rows = np.flatnonzero(~held.table.missing[:, k] & ~unseen[:, k])
            own = columns[k], task.is_multilabel, rows
            found[k] = doubts_of(*own, score, wrong_share, n_issues is None)
    _warn_of_unseen(held, unseen, found)
    return as_issues(held, found, costs, n_issues)


def _warn_of_unseen(held, unseen, numbers):
    """Warn of cells that are not judged."""
    counts = {held.targets.names[k]: int(unseen[:, k].sum()) for k in numbers}
    counts = {name: n_cells for name, n_cells in counts.items() if n_cells}
    if counts:
        warn_caller(
            "Cells are not judged if their label does not occur in the training rows "
            f"of their fold. Their number by task: {counts}. Check them yourself, or "
            "pass more rows with these labels."
        )
