"""What may stand for a splitter, as scikit-learn's `cv` may."""

from numbers import Integral

from sklearn.model_selection import check_cv

from ._split import MultiTaskStratifiedKFold


def as_splitter(cv, *, shuffle=False, random_state=None, missing_label=None):
    """Return a splitter for what was passed as `cv`.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test) or None
        None is 5. An int makes :class:`MultiTaskStratifiedKFold` of so many folds. An
        iterable is read once, so a generator can be split by more than once.

    shuffle, random_state, missing_label : as in MultiTaskStratifiedKFold
        For an int.

    Returns
    -------
    splitter : object with a method ``split``

    Raises
    ------
    ValueError
        If `cv` is none of these, or an int below 2.
    """
    if cv is None or isinstance(cv, Integral):
        return MultiTaskStratifiedKFold(
            5 if cv is None else cv,
            shuffle=shuffle,
            random_state=random_state,
            missing_label=missing_label,
        )
    return check_cv(cv)
