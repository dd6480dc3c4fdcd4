"""Artificial texts with tasks of chosen relatedness."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.linalg import helmert
from sklearn.utils import Bunch, check_random_state

from ..utils._compat import Interval, validate_params
from ..utils._typing import RandomState

# Number of dimensions that a task reads, unless it has too many classes for them. Small
# compared with the number of words, so that learning them together helps.
_DIMENSIONS = 5
# Standard deviation of a word's log-probability over texts. At 1.5 about a tenth of
# the vocabulary makes up a text, and length=50 is enough for linear models to work.
_TOPICALITY = 1.5
# Maximum product of texts and words in memory: 32 MB for each array of floats.
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
    r"""Generate texts with several tasks of chosen relatedness.

    Use them to test whether a method finds what tasks have in common, which is known
    here. Each text has latent topics on which all its words depend. Each task depends
    on a few topics: the same ones for all tasks, different ones, or a mixture.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of texts.

    n_tasks : int, default=3
        Number of tasks.

    n_classes : int or array-like of shape (n_tasks,), dtype int, default=3
        Number of classes, of all tasks or of each. All classes of a task are equally
        likely.

    relatedness : float in [0, 1], default=1.0
        Share of a task's variance that comes from topics common to all tasks. At 1 all
        tasks depend on the same few topics, so that learning one task helps the others.
        At 0 each task has its own topics, and there is nothing to share.

    missing_rate : float in [0, 1) or array-like of shape (n_tasks,), default=0.0
        Probability that a label is missing, of all tasks or of each. Cells are missing
        completely at random, so a text may have no label.

    n_words : int, default=1000
        Size of the vocabulary. With more words there are fewer examples of each; the
        task gets harder, and sharing can help more.

    length : float, default=50
        Mean number of words of a text. Lengths have a Poisson distribution, except that
        no text is empty. Short texts contain little information about their topics.

    noise : float, default=0.1
        Standard deviation of the noise added to the score of each class before the
        class with the highest score becomes the label. Without noise, the scores have a
        standard deviation of 1. Noise causes wrong labels near class boundaries.

    return_latent : bool, default=False
        Whether to return the latent variables, too.

    random_state : int, RandomState instance or None, default=None
        Determines the random numbers. Pass an int for the same result in each call.
        With the same int, texts do not depend on `relatedness`, `noise` and
        `missing_rate`, and labels that are not missing do not depend on `missing_rate`.

    Returns
    -------
    texts : list of str of length n_samples
        The texts: words "word000", "word001", ... separated by spaces.

    y : ndarray of shape (n_samples, n_tasks), dtype int64 or float64
        The labels 0, 1, ... of each task. Integers if `missing_rate` is 0, as all of
        scikit-learn's multi-output classifiers accept. Otherwise floats, with NaN for a
        missing label, because numpy has no missing integers.

    latent : `sklearn.utils.Bunch`
        The latent variables, if `return_latent`:

        topics : ndarray of shape (n_samples, n_topics)
            The topics :math:`z` of the texts, shared ones first.
        owner : ndarray of shape (n_topics,), dtype int64
            The task of a private topic, -1 for shared topics.
        word_loadings : ndarray of shape (n_words, n_topics)
            How much a topic raises the log-probability of a word, :math:`B`.
        task_loadings : list of ndarray of shape (n_classes_k, n_topics)
            How much a topic raises the score of a class, :math:`A_t`.
        labels : ndarray of shape (n_samples, n_tasks), dtype int64
            The labels before some were removed.

    Raises
    ------
    ValueError
        If `n_classes` or `missing_rate` does not have one entry for each task, or an
        entry is out of range.

    See Also
    --------
    load_docstrings : Real texts with seven tasks, several with missing labels.
    sklearn.datasets.make_multilabel_classification : Word counts and label sets.

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

    - :math:`b_w` follows Zipf's law, :math:`B_w` is normal with a variance that does
      not depend on the number of topics,
    - the rows of :math:`S_t` (in the shared topics) and :math:`P_t` (in the private
      topics) are the corners of a randomly rotated simplex: no class is preferred, and
      the label of a task with two classes is the side of a plane through 0,
    - :math:`r` is `relatedness`, :math:`\epsilon` is `noise`, and :math:`d` is 5, or
      the largest number of classes minus one if that is more.

    Words follow the log-linear topic model of [1]_ and are independent given the
    topics. Tasks depend on a shared subspace as in [2]_.

    A single task is equally difficult at any `relatedness`, because :math:`A_t` is
    always a randomly rotated simplex. Only the possible gain from sharing changes.
    Every task adds its private topics to the texts, even at `relatedness` 1, where they
    have no effect on labels, so more tasks need a larger `length` for the same scores.

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

    # The order of these lines keeps the promise under random_state: earlier results do
    # not depend on the parameters of later lines.
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
    """Return a list with one valid entry per task."""
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
    """Draw the words of all texts, in chunks of texts."""
    n_samples, n_words = len(topics), len(word_loadings)
    # Mandelbrot's form of Zipf's law, so that no word is in nearly every text.
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
    """Turn uniform numbers into words by inverting each row's distribution.

    The cumulative probabilities of row i are shifted to the interval from i to i + 1
    and concatenated to one sorted array, in which one search finds the words of all
    rows.
    """
    n_rows, n_words = scores.shape
    cumulative = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.cumsum(cumulative, axis=1, out=cumulative)
    cumulative /= cumulative[:, -1:]
    cumulative += np.arange(n_rows)[:, None]
    rows = np.repeat(np.arange(n_rows), lengths)
    places = np.searchsorted(cumulative.ravel(), draws + rows, side="right")
    # A draw close to 1 may be rounded up to the next row.
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
    """Return the corners of a randomly rotated regular simplex, as unit row vectors."""
    # Columns of Helmert's matrix are corners, in coordinates of one dimension less. A
    # singular value decomposition would depend on the processor.
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
