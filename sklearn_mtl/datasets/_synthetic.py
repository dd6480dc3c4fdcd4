"""Artificial texts whose tasks are related as much as you say."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.linalg import helmert
from sklearn.utils import Bunch, check_random_state

from ..utils._compat import Interval, validate_params
from ..utils._typing import RandomState

# The dimensions a task reads, unless it has more classes than these can tell apart:
# few beside the words, so that they are worth learning together.
_DIMENSIONS = 5
# Standard deviation of a word's log-probability over texts. At 1.5 about a tenth of
# the vocabulary carries a text, and length=50 is enough for linear models to work.
_TOPICALITY = 1.5
# Texts times words in memory at a time: 32 MB for each array of floats.
_CHUNK = 2**22


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_tasks": [Interval(Integral, 1, None, closed="left")],
        "n_classes": [Interval(Integral, 2, None, closed="left"), "array-like"],
        "relatedness": [Interval(Real, 0, 1, closed="both")],
        "missing_rate": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "n_words": [Interval(Integral, 2, None, closed="left")],
        "length": [Interval(Real, 0, None, closed="neither")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "return_latent": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_multitask_texts(
    n_samples: int = 1000,
    n_tasks: int = 3,
    n_classes: Any = 3,
    *,
    relatedness: float = 1.0,
    missing_rate: float = 0.0,
    n_words: int = 1000,
    length: int = 50,
    noise: float = 0.1,
    return_latent: bool = False,
    random_state: RandomState = None,
) -> Any:
    r"""Generate texts with several tasks that share as much as you say.

    To see whether a method finds what tasks have in common, one must know what they
    have in common. Each text has hidden topics, its words depend on all of them, and
    each task is a question about a few of them: the same few for all tasks, or others
    for each, or something in between.

    Parameters
    ----------
    n_samples : int, default=1000
        The number of texts.

    n_tasks : int, default=3
        The number of tasks.

    n_classes : int or array-like of shape (n_tasks,), dtype int, default=3
        The number of classes, of all tasks or of each. All classes of a task are
        equally likely.

    relatedness : float in [0, 1], default=1.0
        The share of a task's variance that comes from the topics which all tasks read.
        At 1 every task reads the same few topics, and what is learnt for one task helps
        the others. At 0 each task reads topics of its own, and there is nothing to
        share.

    missing_rate : float in [0, 1) or array-like of shape (n_tasks,), default=0.0
        The probability that a label is missing, of all tasks or of each. Cells are
        missing independently of everything else, so that a text may have no label.

    n_words : int, default=1000
        The size of the vocabulary. More words leave fewer examples of each: the
        harder it is, the more sharing can help.

    length : float, default=50
        The mean number of words of a text. Lengths have a Poisson distribution, except
        that no text is empty. Short texts tell little about their topics.

    noise : float, default=0.1
        The standard deviation of what is added to the score of each class before the
        highest is chosen as label; without noise the scores have standard deviation 1.
        It makes labels wrong where classes meet.

    return_latent : bool, default=False
        Whether to return what the texts and labels were made from, too.

    random_state : int, RandomState instance or None, default=None
        Determines the random numbers. Pass an int for the same result in each call.
        With the same int, the texts do not depend on `relatedness`, `noise` and
        `missing_rate`, nor the labels that are not missing on `missing_rate`.

    Returns
    -------
    texts : list of str of length n_samples
        The texts: words "word000", "word001", ... with spaces between them.

    y : ndarray of shape (n_samples, n_tasks), dtype int64 or float64
        The labels 0, 1, ... of each task. Integers if `missing_rate` is 0, which all of
        scikit-learn's multi-output classifiers take as they are. Floats if it is not,
        with NaN where a label is missing: numpy has no missing integers, and NaN in a
        table of floats is what scikit-learn and pandas mean by a missing number.

    latent : `sklearn.utils.Bunch`
        What they were made from, if `return_latent`:

        topics : ndarray of shape (n_samples, n_topics)
            The topics :math:`z` of the texts, shared ones first.
        owner : ndarray of shape (n_topics,), dtype int64
            The task that a topic is private to, -1 for the shared ones.
        word_loadings : ndarray of shape (n_words, n_topics)
            How much a topic raises the log-probability of a word, :math:`B`.
        task_loadings : list of ndarray of shape (n_classes_k, n_topics)
            How much a topic raises the score of a class, :math:`A_t`.
        labels : ndarray of shape (n_samples, n_tasks), dtype int64
            The labels before any were made missing.

    Raises
    ------
    ValueError
        If `n_classes` or `missing_rate` has not one entry for each task, or one out of
        range.

    See Also
    --------
    load_docstrings : Real texts with seven tasks, several with missing labels.
    sklearn.datasets.make_multilabel_classification : Counts of words with one set of
        labels.

    Notes
    -----
    With :math:`d` shared topics and :math:`d` private ones for each of the :math:`T`
    tasks,

    .. math::

        z &\sim N(0, I), \quad z \in R^{d (1 + T)} \\
        P(w | z) &\propto \exp(b_w + B_w \cdot z) \\
        y_t &= \arg\max_k \, (A_t z)_k + \epsilon_{tk}, \quad
        A_t = \sqrt{r}\, S_t + \sqrt{1 - r}\, P_t

    where:

    - :math:`b_w` is Zipf's law, :math:`B_w` is normal with a variance that does not
      depend on the number of topics,
    - the rows of :math:`S_t` (in the shared topics) and :math:`P_t` (in the private
      ones) are the corners of a simplex turned at random: no class is preferred, and a
      task with two classes asks on which side of a plane through 0 the topics lie,
    - :math:`r` is `relatedness`, :math:`\epsilon` is `noise`, and :math:`d` is 5, or
      one less than the largest number of classes where that is more.

    The words are those of the log-linear topic model of [1]_, drawn independently given
    the topics; that tasks predict from a subspace they share is the assumption of [2]_.

    A task on its own is equally difficult at any `relatedness`, because :math:`A_t` is
    always a simplex turned at random: what changes is what sharing can give, and
    nothing else. Every task adds its private topics to the texts, even at `relatedness`
    1 where nothing reads them, so more tasks want a larger `length` for the same
    scores.

    References
    ----------
    .. [1] S. Arora, Y. Li, Y. Liang, T. Ma, A. Risteski, "A Latent Variable Model
       Approach to PMI-based Word Embeddings", Transactions of the Association for
       Computational Linguistics 4, 2016.
    .. [2] R. K. Ando, T. Zhang, "A Framework for Learning Predictive Structures from
       Multiple Tasks and Unlabeled Data", Journal of Machine Learning Research 6, 2005.

    Examples
    --------
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> texts, y = make_multitask_texts(n_tasks=4, missing_rate=0.5, random_state=0)
    >>> len(texts), y.shape, y.dtype
    (1000, (1000, 4), dtype('float64'))
    >>> sorted(set(" ".join(texts).split()))[:2]
    ['word000', 'word001']
    >>> y, latent = make_multitask_texts(return_latent=True, random_state=0)[1:]
    >>> bool((y == latent.labels).all()), latent.topics.shape
    (True, (1000, 20))
    """
    n_classes = _per_task(n_classes, n_tasks, "n_classes", Integral, "integers >= 2")
    rates = _per_task(
        missing_rate, n_tasks, "missing_rate", Real, "numbers >= 0 and < 1"
    )
    rng = check_random_state(random_state)
    n_dimensions = max(_DIMENSIONS, max(n_classes) - 1)
    owner = np.repeat(np.arange(-1, n_tasks), n_dimensions)

    # The order of these lines is the promise made under random_state: what comes first
    # does not depend on the parameters of what comes later.
    word_loadings = rng.normal(size=(n_words, len(owner)))
    word_loadings *= _TOPICALITY / np.sqrt(len(owner))
    topics = rng.normal(size=(n_samples, len(owner)))
    texts = _texts(topics, word_loadings, length, rng)
    task_loadings = _task_loadings(n_classes, owner, relatedness, rng)
    labels = _labels(topics, task_loadings, noise, rng)
    missing = rng.uniform(size=labels.shape) < rates

    y = np.where(missing, np.nan, labels) if any(rates) else labels.copy()
    if not return_latent:
        return texts, y
    return (
        texts,
        y,
        Bunch(
            topics=topics,
            owner=owner,
            word_loadings=word_loadings,
            task_loadings=task_loadings,
            labels=labels,
        ),
    )


def _per_task(value, n_tasks, name, kind, wanted):
    """Return a list of one entry per task, checked."""
    values = [value] * n_tasks if isinstance(value, kind) else list(value)
    if len(values) != n_tasks:
        raise ValueError(
            f"{name} must be one number or have an entry for each of the {n_tasks} "
            f"tasks. Got {len(values)} entries: {values}."
        )
    for task, entry in enumerate(values):
        if kind is Integral:
            fits = isinstance(entry, Integral) and entry >= 2
        else:
            fits = isinstance(entry, Real) and 0 <= entry < 1
        if not fits:
            raise ValueError(
                f"{name} must hold {wanted}. Got {entry!r} for task {task}."
            )
    return values


def _texts(topics, word_loadings, length, rng):
    """Draw the words of all texts, some texts at a time."""
    n_samples, n_words = len(topics), len(word_loadings)
    # Mandelbrot's form of Zipf's law: no word is in nearly every text.
    popularity = -np.log(np.arange(n_words) + 10.0)
    lengths = np.maximum(rng.poisson(length, size=n_samples), 1)
    ends = np.cumsum(lengths)
    draws = rng.uniform(size=ends[-1])
    digits = len(str(n_words - 1))
    vocabulary = np.array([f"word{word:0{digits}}" for word in range(n_words)], object)

    texts = []
    step = max(_CHUNK // n_words, 1)
    for start in range(0, n_samples, step):
        some = slice(start, start + step)
        scores = topics[some] @ word_loadings.T + popularity
        begin = ends[start] - lengths[start]
        stop = begin + lengths[some].sum()
        words = vocabulary[_draw_words(scores, lengths[some], draws[begin:stop])]
        for text in np.split(words, ends[some][:-1] - begin):
            texts.append(" ".join(text))
    return texts


def _draw_words(scores, lengths, draws):
    """Turn uniform numbers into words by the inverse of each row's distribution.

    The cumulative probabilities of row i are moved to the interval from i to i + 1 and
    put end to end: one sorted array, in which one search finds the words of all rows.
    """
    n_rows, n_words = scores.shape
    cumulative = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.cumsum(cumulative, axis=1, out=cumulative)
    cumulative /= cumulative[:, -1:]
    cumulative += np.arange(n_rows)[:, None]
    rows = np.repeat(np.arange(n_rows), lengths)
    places = np.searchsorted(cumulative.ravel(), draws + rows, side="right")
    # A draw next to 1 may be rounded up to the next row.
    return np.minimum(places - rows * n_words, n_words - 1)


def _task_loadings(n_classes, owner, relatedness, rng):
    """Return A_t for each task."""
    loadings = []
    for task, count in enumerate(n_classes):
        shared, private = owner == -1, owner == task
        loading = np.zeros((count, len(owner)))
        loading[:, shared] = np.sqrt(relatedness) * _simplex(count, shared.sum(), rng)
        loading[:, private] = np.sqrt(1 - relatedness) * _simplex(
            count, private.sum(), rng
        )
        loadings.append(loading)
    return loadings


def _simplex(n_corners, n_dimensions, rng):
    """Return the unit corners, as rows, of a regular simplex turned at random."""
    # Columns of Helmert's matrix are corners, in coordinates of one dimension less. A
    # singular value decomposition gives others on other processors.
    corners = helmert(n_corners).T
    directions, _ = np.linalg.qr(rng.normal(size=(n_dimensions, n_corners - 1)))
    corners = corners @ directions.T
    return corners / np.linalg.norm(corners, axis=1, keepdims=True)


def _labels(topics, task_loadings, noise, rng):
    """Return the class of the highest score, for each text and task."""
    columns = []
    for loadings in task_loadings:
        scores = topics @ loadings.T
        scores += noise * rng.normal(size=scores.shape)
        columns.append(scores.argmax(axis=1))
    return np.column_stack(columns)
