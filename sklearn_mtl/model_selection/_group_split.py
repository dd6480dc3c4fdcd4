"""A stratified splitter that keeps the rows of each group together."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.model_selection import GroupKFold

from ..labels._splitting import assign_rows
from ..utils._typing import Array
from ._split import MultiTaskStratifiedKFold

# Weight of the number of rows in a fold, relative to a class that all rows have. It
# prefers folds of equal size among equally balanced ones.
_ROW = 1e-3
# Passes over all groups. Most tables need two or three.
_MOST_PASSES = 20


class MultiTaskStratifiedGroupKFold(MultiTaskStratifiedKFold):
    r"""Folds of whole groups, stratified by class as far as the groups allow.

    Use it if rows form groups that must not be split between training and test rows,
    for example several texts of one author, sentences of one document, or versions of
    one product. Labels may have several columns of any type. Missing cells are ignored.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most the number of groups.

    shuffle : bool, default=False
        Whether to shuffle groups before they are assigned to folds.

    random_state : int, RandomState instance or None, default=None
        Seed for `shuffle`. Pass an int for the same folds in each call.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA.

    See Also
    --------
    MultiTaskStratifiedKFold : The same without groups, or with optional groups.
    sklearn.model_selection.StratifiedGroupKFold : For one complete label column.

    Notes
    -----
    Groups are assigned to folds one by one, as in :class:`MultiTaskStratifiedKFold`.
    Then groups move to other folds as long as this lowers the sum over classes *l* and
    folds *k* of

    .. math:: \left(\frac{n_{lk}}{n_l} - \frac{1}{K}\right)^2,

    where fold *k* has :math:`n_{lk}` of the :math:`n_l` rows of class *l*. The same
    search also starts from the folds of :class:`~sklearn.model_selection.GroupKFold`,
    which only balances sizes, and the better result is kept. So the sum is never larger
    than that of ``GroupKFold``.

    Folds may differ in size. A class whose rows are all in one group is missing from
    the training rows of one fold.

    Examples
    --------
    >>> from sklearn_mtl.model_selection import MultiTaskStratifiedGroupKFold
    >>> y = {"topic": ["a", "a", "b", "b", "a", "b"], "tone": [1, None, 0, None, 1, 0]}
    >>> authors = ["ann", "ann", "bob", "bob", "cem", "dia"]
    >>> splitter = MultiTaskStratifiedGroupKFold(n_splits=2)
    >>> for train, test in splitter.split(range(6), y, authors):
    ...     print(train, test)
    [2 3 4] [0 1 5]
    [0 1 5] [2 3 4]

    scikit-learn's tools pass on groups, with metadata routing enabled as one of
    ``params``:

    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> texts, labels = make_multitask_texts(60, n_tasks=2, random_state=0)
    >>> found = cross_validate(
    ...     MultiTaskTextClassifier(random_state=0),
    ...     texts,
    ...     labels,
    ...     cv=MultiTaskStratifiedGroupKFold(3),
    ...     groups=[row // 4 for row in range(60)],
    ... )
    >>> len(found["test_score"])
    3
    """

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Array, Array]]:
        """Generate the rows of each training and test set.

        Parameters
        ----------
        X : array-like of length n_samples
            Only its length is used.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        groups : array-like of shape (n_samples,), default=None
            The group of each row. Required.

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If `y` or `groups` is missing or unusable, or there are fewer groups than
            folds.
        """
        if groups is None:
            raise ValueError(
                "groups is None, but MultiTaskStratifiedGroupKFold needs groups. "
                "Pass groups, to a search as fit(X, y, groups=groups), or "
                "take MultiTaskStratifiedKFold."
            )
        return super().split(X, y, groups)

    def _assign_folds(self, codes, groups, rng):
        n_splits = self.n_splits
        _, unit = np.unique(groups, return_inverse=True)
        counts, weights = _counts(codes, unit)
        assigned = assign_rows(
            codes, np.full(n_splits, 1 / n_splits), groups=unit, rng=rng
        )
        by_size = np.empty_like(assigned)
        for k, (_, test) in enumerate(GroupKFold(n_splits).split(unit, groups=unit)):
            by_size[test] = k
        found = []
        for fold in (assigned, by_size):
            fold_of = np.empty(counts.shape[0], dtype=np.int64)
            fold_of[unit] = fold
            found.append(_improve(fold_of, counts, weights, n_splits))
        _, fold_of = min(found, key=lambda each: each[0])
        return fold_of[unit]


def _counts(codes, unit):
    """Return the rows of each class in each group, and the weights of classes.

    The last column counts all rows.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks), dtype int
        Class of each cell; negative where it is missing.

    unit : ndarray of shape (n_rows,), dtype int
        Group number of each row.

    Returns
    -------
    counts : csr_matrix of shape (n_groups, n_classes + 1)

    weights : ndarray of shape (n_classes + 1,)
    """
    sizes = codes.max(axis=0, initial=-1) + 1
    start = np.concatenate([[0], np.cumsum(sizes)])
    rows, tasks = np.nonzero(codes >= 0)
    labels = np.concatenate(
        [start[tasks] + codes[rows, tasks], np.full(len(unit), start[-1])]
    )
    units = np.concatenate([unit[rows], unit])
    shape = unit.max() + 1, start[-1] + 1
    counts = csr_matrix((np.ones(len(units)), (units, labels)), shape=shape)
    counts.sum_duplicates()
    weights = 1 / np.asarray(counts.sum(axis=0)).ravel() ** 2
    weights[-1] *= _ROW
    return counts, weights


def _improve(fold_of, counts, weights, n_splits):
    """Move groups to other folds while this makes folds more balanced.

    A group that is alone in its fold stays, because moving it never helps.

    Returns
    -------
    unevenness : float

    fold_of : ndarray of shape (n_groups,)
    """
    chosen = csr_matrix(
        (np.ones(len(fold_of)), (fold_of, np.arange(len(fold_of)))),
        shape=(n_splits, len(fold_of)),
    )
    table = (chosen @ counts).toarray().T
    bounds = counts.indptr
    for _ in range(_MOST_PASSES):
        moved = False
        for i, now in enumerate(fold_of.tolist()):
            mine = slice(bounds[i], bounds[i + 1])
            labels, times = counts.indices[mine], counts.data[mine]
            there = table[labels]
            weighted = weights[labels] * times
            # Half the change in the sum of weighted squares, for each fold.
            change = weighted @ (there - there[:, [now]] + times[:, None])
            change[now] = 0
            best = int(change.argmin())
            if change[best] < -1e-12:
                table[labels, now] -= times
                table[labels, best] += times
                fold_of[i], moved = best, True
        if not moved:
            break
    means = table.mean(axis=1, keepdims=True)
    return float(weights @ np.square(table - means).sum(axis=1)), fold_of
