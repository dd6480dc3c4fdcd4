"""Supervised term weighting: features weighted by their information about labels."""

import numpy as np
from scipy.sparse import csr_array, issparse

from ._rows import SMALL

# Fraction of the mean information that every feature gets, and the exponent that maps
# information to weight: on dev splits 0.125 to 0.35 did about equally well.
PRIOR = 0.5
POWER = 0.25
# Largest mean number of classes per task for term weighting. Up to 15 classes macro-F1
# rose on each of four sets, by 0.3 to 1.7 points; with 47, where nearly every word is
# informative, it fell by 0.4.
WEIGHED_CLASSES = 25
# With more classes, min_df is 1 up to this many texts: each class has few texts, so
# each of its words is informative.
MANY_CLASSES_ROWS = 5000
# With fewer cells per class, counts are too small to estimate term weights.
FEW_CELLS = 20


def weighs_terms(
    setting, rows, n_classes, cells_per_class, *, are_ours, as_tokens, n_rows=None
):
    """Whether to use supervised term weighting.

    Parameters
    ----------
    setting : {"auto", "information"} or None

    rows : csr_matrix, csr_array or ndarray

    n_classes : list of int
        Number of classes of each task.

    cells_per_class : float
        Mean number of labelled cells per class, over all tasks.

    are_ours : bool
        Whether the default vectorizer made the rows and tasks share a trunk. The
        weights of a user's vectorizer are kept, and term weights would share
        information between tasks that must share nothing.

    as_tokens : bool
        Whether rows are token sequences whose embeddings take no term weights.

    n_rows : int, default=None
        Rows of the stream that `rows` is a chunk of. None means those of `rows`.

    Returns
    -------
    weighs : bool

    Raises
    ------
    ValueError
        If it is requested and rows are dense.
    """
    if setting != "auto":
        if setting is not None and (as_tokens or not issparse(rows)):
            found = "sequences of tokens" if as_tokens else "dense rows"
            raise ValueError(
                f"term_weighting={setting!r} needs sparse rows, where a feature is "
                f"present or absent. Got {found}; use 'auto' or None."
            )
        return setting is not None
    return bool(
        are_ours
        and not as_tokens
        and (rows.shape[0] if n_rows is None else n_rows) > SMALL
        and np.mean(n_classes) <= WEIGHED_CLASSES
        and cells_per_class >= FEW_CELLS
    )


def rare_words(n_classes, cells_per_class):
    """Return the number of texts up to which min_df is 1.

    Parameters
    ----------
    n_classes : list of int
        Number of classes of each task.

    cells_per_class : float
        Mean number of labelled cells per class, over all tasks.
    """
    many = np.mean(n_classes) > WEIGHED_CLASSES or cells_per_class < FEW_CELLS
    return MANY_CLASSES_ROWS if many else SMALL


def information_weights(rows, codes, cell_weights, n_classes):
    r"""Return a weight for each feature from its information about the labels.

    An occurrence of feature *f* removes, on average over tasks *t*, the fraction

    .. math:: I_f = \frac{1}{\sum_t n_{ft}} \max\Big(0, \sum_t \frac{1}{H_t}
        \Big(\sum_c n_{fc} \log\frac{n_{fc}}{n_{ft}\,\pi_c}
        - \frac{C_t - 1}{2}\Big)\Big)

    of the uncertainty about a label. :math:`n_{fc}` counts the cells of class *c* in
    rows that contain the feature, :math:`n_{ft}` is their sum over the :math:`C_t`
    classes of the task, :math:`\pi_c` the share of the class and :math:`H_t` the
    entropy of the task. The last term is the expected value for a feature without
    information. The weight is

    .. math:: w_f = (I_f + \bar{I} / 2)^{1/4}

    where :math:`\bar{I}` is the mean over occurrences.

    Parameters
    ----------
    rows : csr_matrix or csr_array of shape (n_rows, n_features)

    codes : ndarray of shape (n_rows, n_tasks), dtype int
        Class of each cell; negative where it is missing.

    cell_weights : ndarray of shape (n_rows, n_tasks)

    n_classes : list of int
        Number of classes of each task.

    Returns
    -------
    weights : ndarray of shape (n_features,)
        Their mean over occurrences is 1.

    Notes
    -----
    Information is pooled over tasks: a word that separates good from bad in one task
    gets a high weight in all.

    References
    ----------
    F. Debole, F. Sebastiani, "Supervised term weighting for automated text
    categorization", SAC 2003, where each class has its own weights. S. Wang, C. D.
    Manning, "Baselines and bigrams", ACL 2012, for class counts as the scale of a row.
    """
    presence = csr_array(
        (np.ones(rows.nnz, dtype=np.float64), rows.indices, rows.indptr), rows.shape
    )
    information = np.zeros(rows.shape[1])
    occurrences = np.zeros(rows.shape[1])
    # Tasks labelled in the same rows have the same feature counts.
    labelled = {}
    which = [
        labelled.setdefault(weights.tobytes(), (len(labelled), weights))[0]
        for weights in np.where(codes >= 0, cell_weights, 0.0).T
    ]
    distinct = np.array([weights for _, weights in labelled.values()])
    in_task = (csr_array(distinct) @ presence).toarray()
    for task, n in enumerate(n_classes):
        weights, of_feature = distinct[which[task]], in_task[which[task]]
        own = codes[:, task]
        cells = np.flatnonzero(weights > 0)
        in_class = np.bincount(own[cells], weights[cells], minlength=n)
        if np.count_nonzero(in_class) < 2:
            continue  # no information
        # Counts of the largest class follow from the others, which often have few
        # cells.
        most = in_class.argmax()
        others = cells[own[cells] != most].astype(rows.indices.dtype)
        classes = csr_array(
            (weights[others], (own[others].astype(others.dtype), others)),
            shape=(n, rows.shape[0]),
        )
        counts = (classes @ presence).tocoo()
        information += information_of(in_class, of_feature, counts, most)
        occurrences += of_feature
    return weights_of(information, occurrences)


def information_of(in_class, of_feature, counts, apart):
    """Return what each feature says about the labels of a task, in total.

    Parameters
    ----------
    in_class : ndarray of shape (n_classes,)
        Weight of the cells of each class.

    of_feature : ndarray of shape (n_features,)
        Weight of the cells in rows that contain the feature.

    counts : coo_array of shape (n_classes, n_features)
        The same for each class, except for the class `apart`, whose counts follow.

    apart : int

    Returns
    -------
    information : ndarray of shape (n_features,)
        In units of the entropy of the task.
    """
    n, n_features = counts.shape
    share = in_class / in_class.sum()
    entropy = -_xlogx(share).sum()
    of_apart = of_feature - np.bincount(counts.col, counts.data, n_features)
    of_apart[of_apart < 1e-9 * of_feature] = 0.0  # rounding error
    gain = _xlogx(of_apart) - of_apart * np.log(share[apart])
    gain -= _xlogx(of_feature)
    in_others = _xlogx(counts.data) - counts.data * np.log(share[counts.row])
    gain += np.bincount(counts.col, in_others, n_features)
    gain -= (n - 1) / 2 * (of_feature > 0)
    return gain / entropy


def weights_of(information, occurrences):
    """Return the weight of each feature from its information about all tasks.

    Parameters
    ----------
    information, occurrences : ndarray of shape (n_features,)
        Summed over tasks.
    """
    share = np.maximum(information, 0) / np.maximum(occurrences, 1e-300)
    total = occurrences.sum()
    mean = share @ occurrences / total if total else 0.0
    if not mean:
        return np.ones(len(share))
    weights = (share + PRIOR * mean) ** POWER
    return weights / (weights @ occurrences / total)


def inverse_frequencies(n_rows, in_rows):
    """Return the smoothed inverse document frequency of features, as in TF-IDF.

    Parameters
    ----------
    n_rows : int

    in_rows : ndarray of shape (n_features,)
        Number of rows that contain each feature.
    """
    return np.log((1 + n_rows) / (1 + in_rows)) + 1


def _xlogx(values):
    # scipy's xlogy takes ten times as long.
    return values * np.log(np.maximum(values, 1e-300))
