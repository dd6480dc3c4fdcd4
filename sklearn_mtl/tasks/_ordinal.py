"""One class out of several that have an order: stars, grades, degrees of anything."""

import numpy as np
import torch
from scipy.special import expit
from sklearn.base import BaseEstimator
from torch import nn
from torch.nn.functional import logsigmoid, softplus

from .._labels import as_label_table
from ._categorical import Categorical

# What counts of the network's output. Its steps are made for classes that only compete;
# between neighbours they would throw a text over the whole scale and back. On the dev
# splits of two sets and on made-up numbers a tenth had the smallest error of 1, 0.3,
# 0.1, 0.05 and 0.03, or next to it.
SLOPE = 0.1
# How many times faster gaps between thresholds are learnt than other dense weights, to
# keep up with the spread of the output. 5 and 20 are no different, 1 is a little worse.
PACE = 10.0
# Thresholds are at least this far apart, and no share is smaller where they start, so
# that logarithms of gaps and of shares stay within what 32 bits can tell apart.
LEAST_GAP = 1e-3
LEAST_SHARE = 1e-6


class Ordinal(BaseEstimator, Categorical):
    r"""A column whose classes have an order, such as stars from 1 to 5.

    The model has proportional odds: of all *K* classes, counted from 0 in their order,

    .. math::

        P(y > k) = \sigma(s\,f(x) - \theta_k), \quad
        \theta_k = \theta_{k-1} + \epsilon + \log(1 + e^{r g_k})

    where :math:`\sigma` is the logistic function, *f* the only logit of the task,
    :math:`\theta_0 < \ldots < \theta_{K-2}` the thresholds between classes,
    :math:`g_k` what is learnt of them and :math:`\epsilon` the least gap; *s* and *r*
    set how fast *f* and the gaps are learnt. So a text tells of the whole scale and not
    of its own class alone. Thresholds start where the shares of the classes put them if
    *f* is 0; the first stays there, since the bias of *f* stands for it.

    What is predicted is the median class, the first that the label does not exceed with
    a probability of one half: no other has a smaller expected distance to the label in
    steps of the scale. It need not be the most probable one.

    Parameters
    ----------
    classes : sequence of str, int or bool, default=None
        All labels there can be, in their order. None takes numbers as they ascend, and
        an ordered categorical column (of pandas; of polars, an ``Enum``) by its
        categories. Texts of any other column need their order.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        In their order. A class that is listed and has no cell is there, too.

    See Also
    --------
    Categorical : Classes without an order.

    Notes
    -----
    The estimator's ``logit_adjustment`` adds to the logits of classes, which an ordinal
    task does not have, and leaves it alone. ``class_weight`` counts.

    Two classes have no threshold but one at 0, *s* is 1, and the model is that of a
    binary :class:`Categorical`.

    References
    ----------
    P. McCullagh, "Regression models for ordinal data", Journal of the Royal Statistical
    Society B 42 (1980). There thresholds are free, their order is left to the
    likelihood, and *f* is linear.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.tasks import Ordinal
    >>> texts = ["bad", "not bad", "good", "very good", "not good", "very bad"] * 5
    >>> labels = {
    ...     "stars": [2, 3, 4, 5, 2, 1] * 5,
    ...     "mood": ["low", "fair", "high", "high", None, "low"] * 5,
    ... }
    >>> types = {"stars": "ordinal", "mood": Ordinal(["low", "fair", "high"])}
    >>> clf = MultiTaskTextClassifier(task_types=types, random_state=0)
    >>> clf.fit(texts, labels).predict(["very bad", "very good"], output="dict")
    {'stars': array([1, 5]), 'mood': array(['low', 'high'], dtype='<U4')}
    >>> clf.classes_
    [array([1, 2, 3, 4, 5]), array(['low', 'fair', 'high'], dtype='<U4')]
    """

    def __init__(self, classes=None):
        self.classes = classes

    def fit(self, cells):
        if self.classes is not None:
            self.classes_ = _read_order(self.classes, cells)
            self._check_listed(cells)
            return self
        if _are_texts(cells):
            raise ValueError(
                f"its labels are texts, {_first(np.unique(cells))} among them, whose "
                "order is not known. Pass it in task_types, lowest first, as "
                "Ordinal(classes=[...]) of sklearn_mtl.tasks, or make the column an "
                "ordered categorical."
            )
        return super().fit(cells)

    def _check_listed(self, cells):
        new = self.encode(cells) < 0
        if new.any():
            raise ValueError(
                f"{new.sum()} of its cells hold labels that are not among the classes "
                f"{_first(self.classes_, 10)}: {_first(np.unique(cells[new]))}. List "
                "them in their places, or empty these cells."
            )

    @property
    def is_ordered(self):
        return True

    @property
    def n_logits(self):
        return 1

    def link(self, log_class_shares):
        return Thresholds(log_class_shares) if len(self.classes_) > 2 else None

    def probabilities(self, logits):
        # A class lies between the thresholds below and above it; the first and the
        # last reach to infinity.
        logits = logits[:, : len(self.classes_) - 1]
        end = np.full((len(logits), 1), np.inf, dtype=logits.dtype)
        below, above = np.hstack([end, logits]), np.hstack([logits, -end])
        # Not a difference, in which small probabilities would be lost.
        return expit(below) * expit(-above) * -np.expm1(above - below)

    def decide(self, logits):
        return (logits[:, : len(self.classes_) - 1] > 0).sum(dim=1)

    def choose(self, probabilities):
        exceeds = np.cumsum(probabilities[:, :0:-1], axis=1)
        return (exceeds > 0.5).sum(axis=1)

    def effects(self, slopes):
        n_classes = len(self.classes_)
        places = np.arange(n_classes, dtype=slopes.dtype) - (n_classes - 1) / 2
        return slopes[:, :1] * places

    @staticmethod
    def build_loss(tasks, adjustments=None):
        return OrdinalLoss([len(task.classes_) for task in tasks])


def _are_texts(cells):
    return cells.dtype.kind in "OU"


def _first(labels, most=5):
    return labels[:most].tolist()


def _read_order(classes, cells):
    """Return a user's list of classes as an array, after checking it."""
    table = as_label_table(classes, what="classes")
    order = table.columns[0]
    if table.container != "vector" or len(order) == 0 or table.missing.any():
        raise ValueError(
            f"classes must list labels, lowest first, none of them empty. Got "
            f"{classes!r}."
        )
    labels, counts = np.unique(order, return_counts=True)
    if len(labels) < len(order):
        raise ValueError(
            f"classes must list each label once. Got {_first(labels[counts > 1])} "
            "several times."
        )
    if _are_texts(order) != _are_texts(cells):
        raise ValueError(
            "its labels and the listed classes are of different types. Got the label "
            f"{_first(cells, 1)[0]!r} and the classes {_first(order)}."
        )
    if _are_texts(order):
        return np.array(order.tolist(), dtype=str)
    if not np.array_equal(order, labels):
        raise ValueError(
            f"numbers have an order of their own. Got the classes {_first(order, 10)}; "
            "list them as they ascend, or make the labels texts."
        )
    # As the labels are, so that predictions are like them.
    own = order.astype(cells.dtype)
    return own if np.array_equal(own, order) else order


class Thresholds(nn.Module):
    """From the logit of an ordinal task to the logits of exceeding each of its classes.

    Parameters
    ----------
    log_class_shares : ndarray of shape (n_classes,)
        Logarithms of the shares of three classes or more: thresholds start where a
        logit of 0 gives each class its share.
    """

    def __init__(self, log_class_shares):
        super().__init__()
        shares = np.maximum(np.exp(log_class_shares), LEAST_SHARE)
        not_above, above = np.cumsum(shares)[:-1], np.cumsum(shares[::-1])[-2::-1]
        start = torch.as_tensor(np.log(not_above / above))
        gaps = start.diff().clamp(min=2 * LEAST_GAP) - LEAST_GAP
        self.register_buffer("first", start[:1])
        # Where softplus leads back to them.
        self.raw_gaps = nn.Parameter(gaps.expm1().log() / PACE)

    def forward(self, logit):
        """Return one column a threshold, from a tensor of shape (n_rows, 1)."""
        return SLOPE * logit - self.thresholds()

    def thresholds(self):
        """Return the thresholds, shape (n_classes - 1,), which ascend."""
        gaps = LEAST_GAP + softplus(PACE * self.raw_gaps)
        return torch.cat([self.first, self.first + gaps.cumsum(0)])


class OrdinalLoss(nn.Module):
    r"""Negative log-likelihood of all ordinal tasks in one pass.

    For a cell of class *c*, with :math:`z_k` the logit of exceeding class *k*,

    .. math::

        l = -\log(\sigma(z_{c-1}) - \sigma(z_c)) = -\log \sigma(z_{c-1})
        - \log \sigma(-z_c) - \log(1 - e^{z_c - z_{c-1}})

    where :math:`z_{-1} = \infty` and :math:`z_{K-1} = -\infty`: nothing is below the
    first class of *K*, or above the last. The second form neither over- nor underflows.
    A cell without a label lies between both ends, with a probability of 1.

    Parameters
    ----------
    n_classes : list of int
        Number of classes of each task.
    """

    def __init__(self, n_classes):
        super().__init__()
        widths = [max(n - 1, 1) for n in n_classes]
        self.register_buffer("start", torch.tensor([0, *widths[:-1]]).cumsum(0))
        self.register_buffer("last", torch.tensor(n_classes) - 1)

    def forward(self, logits, codes):
        z = torch.cat(logits, dim=1)
        infinity = z.new_full((len(z), 1), torch.inf)
        z = torch.cat([z, infinity, -infinity], dim=1)
        highest, lowest = z.shape[1] - 2, z.shape[1] - 1
        own = self.start + codes
        is_bounded = (codes >= 0) & (codes < self.last)
        below = z.gather(1, torch.where(codes > 0, own - 1, highest))
        above = z.gather(1, torch.where(is_bounded, own, lowest))
        # Far from zero two logits may be rounded to one.
        gap = (below - above).clamp(min=LEAST_GAP / 2)
        inside = torch.log(-torch.expm1(-gap))
        return -(logsigmoid(below) + logsigmoid(-above) + inside)
