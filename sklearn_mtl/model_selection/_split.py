"""Stratified splitters for several label columns with missing cells."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import (
    BaseCrossValidator,
    BaseShuffleSplit,
    ShuffleSplit,
)
from sklearn.utils import check_random_state

from ..labels._sets import indicators, labels_of
from ..labels._splitting import assign_rows
from ..labels._tables import as_label_table
from ..utils._rows import n_rows, settled, take_rows
from ..utils._typing import RandomState


class _SplitByLabels:
    """Reads labels before scikit-learn's ``split`` does."""

    def split(self, X, y=None, groups=None):
        """Generate the rows of each training and test set.

        Parameters
        ----------
        X : array-like of length n_samples
            Only its length is used.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay together.

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If `y` is missing or unusable, or there are too few rows or groups.
        """
        # Not a generator, so that bad input raises an error in the call itself.
        codes, groups = _read(X, y, groups, self.missing_label)
        return super().split(np.empty(len(codes)), codes, groups)


class MultiTaskStratifiedKFold(_SplitByLabels, BaseCrossValidator):
    """Folds stratified by every class of every task.

    Accepts several label columns, also multiclass, with missing cells and mixed types,
    which scikit-learn's stratified splitters refuse. Rows are assigned to folds one by
    one, those of rare classes first, each to the fold that lacks its classes most. Rows
    without labels even out the sizes of the folds.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.

    shuffle : bool, default=False
        Whether to shuffle rows before they are assigned to folds.

    random_state : int, RandomState instance or None, default=None
        Seed for `shuffle`.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA.

    Notes
    -----
    Folds have the same sizes as in :class:`~sklearn.model_selection.KFold`, unless
    there are groups. A class with fewer rows than folds is missing from some test
    folds. A class with a single row is missing from the training rows of one fold.

    With `groups`, the rows of a group stay in one fold, as in
    :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    References
    ----------
    K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label
    data", ECML PKDD 2011. There a row goes to the fold that needs its rarest label
    most; here all its labels count.

    Examples
    --------
    >>> from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
    >>> y = {"topic": ["a", "b", "a", "b"], "tone": [1, None, None, 1]}
    >>> for train, test in MultiTaskStratifiedKFold(n_splits=2).split(range(4), y):
    ...     print(train, test)
    [2 3] [0 1]
    [0 1] [2 3]
    """

    # Tells scikit-learn's metadata routing that the splitter uses groups.
    __metadata_request__split = {"groups": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: RandomState = None,
        missing_label: object = None,
    ) -> None:
        if not isinstance(n_splits, Integral) or n_splits < 2:
            raise ValueError(
                f"n_splits must be an int of at least 2. Got {n_splits!r}."
            )
        if not shuffle and random_state is not None:
            raise ValueError(
                "random_state has no effect without shuffle=True. Set it, or leave "
                "random_state out."
            )
        self.n_splits: int = n_splits
        self.shuffle = shuffle
        self.random_state = random_state
        self.missing_label = missing_label

    def get_n_splits(
        self, X: object = None, y: object = None, groups: object = None
    ) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def _iter_test_masks(self, X=None, y=None, groups=None):
        n_rows, n_splits = len(y), self.n_splits
        n_units = n_rows if groups is None else len(np.unique(groups))
        if n_units < n_splits:
            raise ValueError(
                f"Cannot have n_splits={n_splits}, more than the {n_units} "
                f"{'rows' if groups is None else 'groups'}. Lower n_splits."
            )
        rng = check_random_state(self.random_state) if self.shuffle else None
        fold = self._assign_folds(y, groups, rng)
        for k in range(n_splits):
            yield fold == k

    def _assign_folds(self, codes, groups, rng):
        """Return the fold of each row."""
        n_rows, n_splits = len(codes), self.n_splits
        sizes = n_rows // n_splits + (np.arange(n_splits) < n_rows % n_splits)
        return assign_rows(
            codes,
            np.full(n_splits, 1 / n_splits),
            groups=groups,
            capacity=sizes if groups is None else None,
            rng=rng,
        )


class MultiTaskStratifiedShuffleSplit(_SplitByLabels, BaseShuffleSplit):
    """Random splits stratified by every class of every task.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits, each drawn anew.

    test_size : float or int, default=None
        Fraction or number of test rows. None is the complement of `train_size`, or 0.1.

    train_size : float or int, default=None
        Fraction or number of training rows. None is the complement of `test_size`.

    random_state : int, RandomState instance or None, default=None
        Seed of the splits.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA.

    See Also
    --------
    MultiTaskStratifiedKFold : Folds, assigned in the same way.

    Notes
    -----
    With `groups`, the rows of a group stay together. Groups are assigned one by one,
    large ones first, so sizes are close to the requested ones, but not always as close
    as the groups allow.

    Examples
    --------
    >>> from sklearn_mtl.model_selection import MultiTaskStratifiedShuffleSplit
    >>> y = {"topic": ["a", "b"] * 4, "tone": [1, 1, 0, 0] * 2}
    >>> splitter = MultiTaskStratifiedShuffleSplit(1, test_size=0.5, random_state=0)
    >>> train, test = next(splitter.split(range(8), y))
    >>> sorted(y["topic"][k] for k in test), sorted(y["tone"][k] for k in test)
    (['a', 'a', 'b', 'b'], [0, 0, 1, 1])
    """

    __metadata_request__split = {"groups": True}

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float | int | None = None,
        train_size: float | int | None = None,
        random_state: RandomState = None,
        missing_label: object = None,
    ) -> None:
        super().__init__(
            n_splits=n_splits,
            test_size=test_size,
            train_size=train_size,
            random_state=random_state,
        )
        self.missing_label = missing_label
        self._default_test_size = 0.1

    def _iter_indices(self, X, y=None, groups=None):
        n_rows = len(y)
        # scikit-learn's splitter interprets the sizes.
        counter = ShuffleSplit(
            1, test_size=self.test_size, train_size=self.train_size, random_state=0
        )
        counter._default_test_size = self._default_test_size
        train, test = next(counter.split(np.empty(n_rows)))
        sizes = np.array([len(train), len(test), n_rows - len(train) - len(test)])
        sizes = sizes[: 2 + (sizes[2] > 0)]
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            part = assign_rows(
                y,
                sizes / n_rows,
                groups=groups,
                capacity=sizes if groups is None else None,
                rng=rng,
            )
            train, test = np.flatnonzero(part == 0), np.flatnonzero(part == 1)
            if len(train) == 0 or len(test) == 0:
                raise ValueError(
                    f"The groups cannot be divided into {sizes[0]} training and "
                    f"{sizes[1]} test rows. Change test_size, or use smaller groups."
                )
            yield rng.permutation(train), rng.permutation(test)


def train_test_split(
    *arrays: Any,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    random_state: RandomState = None,
    stratify: Any = None,
    groups: Any = None,
    missing_label: object = None,
) -> list[Any]:
    """Split texts and labels once, stratified by every class of every task.

    Parameters
    ----------
    *arrays : sequence of array-like, DataFrame, sparse matrix or dict of columns
        What to split, all with the same number of rows; usually texts and labels.

    test_size : float or int, default=None
        Fraction or number of test rows. None is the complement of `train_size`, or
        0.25.

    train_size : float or int, default=None
        Fraction or number of training rows. None is the complement of `test_size`.

    random_state : int, RandomState instance or None, default=None
        Seed of the split.

    stratify : array-like, dict or DataFrame, default=None
        Labels to stratify by. None takes the second of `arrays`.

    groups : array-like of shape (n_samples,), default=None
        Rows of one group stay together.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA.

    Returns
    -------
    parts : list
        Training and test part of each array.

    Raises
    ------
    ValueError
        If there are no labels, lengths differ, or sizes cannot be used.

    See Also
    --------
    sklearn.model_selection.train_test_split : Stratifies by one label column.

    Examples
    --------
    >>> from sklearn_mtl.model_selection import train_test_split
    >>> texts = ["a", "b", "c", "d"]
    >>> labels = {"tone": [0, 1, 0, 1], "topic": ["x", None, None, "x"]}
    >>> train, test, y_train, y_test = train_test_split(
    ...     texts, labels, test_size=0.5, random_state=0
    ... )
    >>> sorted(y_train["tone"]), sorted(y_test["tone"])
    ([0, 1], [0, 1])
    """
    if stratify is None and len(arrays) < 2:
        raise ValueError(
            "There are no labels to stratify by. Pass texts and labels, or stratify."
        )
    arrays = tuple(settled(array) for array in arrays)
    stratify = arrays[1] if stratify is None else stratify
    splitter = MultiTaskStratifiedShuffleSplit(
        1,
        test_size=test_size,
        train_size=train_size,
        random_state=random_state,
        missing_label=missing_label,
    )
    splitter._default_test_size = 0.25
    table = as_label_table(stratify, missing_label=missing_label, what="stratify")
    lengths = [len(table)]
    for array in arrays:
        columns = array.values() if isinstance(array, Mapping) else [array]
        lengths += map(n_rows, columns)
    if len(set(lengths)) > 1:
        raise ValueError(
            "All arrays must have as many rows as stratify. Found arrays with "
            f"inconsistent numbers of samples: {lengths[1:]}, and {lengths[0]} in "
            "stratify."
        )
    train, test = next(splitter.split(np.empty(lengths[0]), stratify, groups))
    return [take_rows(array, rows) for array in arrays for rows in (train, test)]


def _read(X, y, groups, missing_label):
    """Check the input of a split; return class codes of the cells, and groups."""
    if y is None:
        raise ValueError(
            "The labels y are None, so there is nothing to stratify by. Pass y, or "
            "use KFold."
        )
    table = as_label_table(y, missing_label=missing_label)
    n_samples = len(table)
    if X is not None and n_rows(settled(X)) != n_samples:
        raise ValueError(
            f"X and y must have the same rows. Got {n_rows(X)} and {n_samples}."
        )
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != (n_samples,):
            raise ValueError(
                f"groups must have a value for each of the {n_samples} rows. Got shape "
                f"{groups.shape}."
            )
    codes = []
    for k, column in enumerate(table.columns):
        rows = np.flatnonzero(~table.missing[:, k])
        if table.cell_types[k] is None:
            found = np.unique(column[rows], return_inverse=True)[1][:, None]
        else:  # each label is a binary task
            found = indicators(column[rows], labels_of(column[rows]))
        codes.append(np.full((n_samples, found.shape[1]), -1, dtype=np.int64))
        codes[-1][rows] = found
    return np.hstack(codes), groups
