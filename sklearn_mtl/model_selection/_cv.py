"""The parameter `cv`: splitters, and values that are converted to splitters."""

from numbers import Integral

from sklearn.model_selection import check_cv

from ._split import MultiTaskStratifiedKFold


def as_splitter(cv, *, shuffle=False, random_state=None, missing_label=None):
    """Return a splitter for a value of `cv`.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test) or None
        An int uses :class:`MultiTaskStratifiedKFold` with this number of folds; None
        is 5. An iterable is read once, so that a generator can be used several times.

    shuffle, random_state, missing_label : as in MultiTaskStratifiedKFold
        Used if `cv` is an int.

    Returns
    -------
    splitter : object with a method ``split``

    Raises
    ------
    ValueError
        If `cv` is anything else, or an int below 2.
    """
    if cv is None or isinstance(cv, Integral):
        return MultiTaskStratifiedKFold(
            5 if cv is None else cv,
            shuffle=shuffle,
            random_state=random_state,
            missing_label=missing_label,
        )
    return check_cv(cv)
