"""From the logits of a task to answers, for each type of task.

The classes here hold only what a fitted task needs for predictions. The types of
`tasks` inherit from them, and a runtime without scikit-learn uses them as they are.
scipy's special functions are slow to import, so only the methods that need them do.
"""

from itertools import repeat

import numpy as np

from ..labels._sets import indicators, sets_of


class Answers:
    """Predictions of any type of task.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)

    is_multilabel : bool
        Whether a cell holds any number of classes.
    """

    is_multilabel = False

    @property
    def code_sizes(self):
        """The number of values of each code of a cell, a list."""
        return [len(self.classes_)]

    def calibrated(self, logits, temperature, offsets):
        """Divide logits by a temperature and add offsets.

        The default returns `logits` unchanged: the type has no temperature.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_logits)
            Logits of the task.

        temperature : float
            Above 1 where the network is overconfident.

        offsets : list of ndarray
            For each code, what to add to the logits of its values. Ignored by types
            without a logit for each value.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_logits)
            Logits from which probabilities are computed.
        """
        return logits

    def choose(self, probabilities):
        """Return the predicted codes from probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (n_samples, n_classes)
            Probabilities of the classes.

        Returns
        -------
        codes : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Two-dimensional where a cell holds several labels.
        """
        return probabilities.argmax(axis=1)


class CategoricalAnswers(Answers):
    """One of several classes."""

    @property
    def n_logits(self):
        """Number of network outputs that the task needs."""
        return len(self.classes_) if len(self.classes_) > 2 else 1

    def encode(self, cells):
        """Return codes of shape (n_labelled,), dtype int64; -1 for an unknown label."""
        # Python compares numbers exactly; numpy would convert mixed integers to floats.
        number = {label: k for k, label in enumerate(self.classes_.tolist())}
        codes = map(number.get, cells.tolist(), repeat(-1))
        return np.fromiter(codes, dtype=np.int64, count=len(cells))

    def decode(self, codes):
        """Return the labels of the codes, in the user's dtype."""
        return self.classes_[codes]

    def probabilities(self, logits):
        """Turn logits into probabilities, shape (n_samples, n_classes)."""
        n_classes = len(self.classes_)
        if n_classes == 1:
            return np.ones((len(logits), 1), dtype=logits.dtype)
        if n_classes == 2:
            return _of_two_classes(logits[:, 0])
        logits = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def calibrated(self, logits, temperature, offsets):
        """Divide logits by a temperature and add the offsets of the single code."""
        (added,) = offsets
        if len(self.classes_) == 2:
            added = added[1:] - added[0]
        return logits / logits.dtype.type(temperature) + added.astype(logits.dtype)


def _of_two_classes(logits):
    """Return probabilities of two classes; the logit of the first is 0.

    Uses few calls of numpy, whose overhead dominates with many tasks and few texts.
    """
    highest = np.maximum(logits, 0)
    found = np.empty((len(logits), 2), dtype=logits.dtype)
    found[:, 0] = -highest
    found[:, 1] = logits - highest
    np.exp(found, out=found)
    found /= (found[:, 0] + found[:, 1])[:, None]
    return found


class OrdinalAnswers(CategoricalAnswers):
    """One of several ordered classes."""

    @property
    def n_logits(self):
        """Number of network outputs that the task needs."""
        return 1

    def probabilities(self, logits):
        """Turn logits of exceeding each class into probabilities of classes."""
        from scipy.special import expit

        # A class lies between two thresholds; the first and last classes are unbounded.
        logits = logits[:, : len(self.classes_) - 1]
        end = np.full((len(logits), 1), np.inf, dtype=logits.dtype)
        below, above = np.hstack([end, logits]), np.hstack([logits, -end])
        # A difference would lose the precision of small probabilities.
        return expit(below) * expit(-above) * -np.expm1(above - below)

    def calibrated(self, logits, temperature, offsets):
        """Divide the logits of thresholds by a temperature."""
        return logits / logits.dtype.type(temperature)

    def choose(self, probabilities):
        """Return the code of the median class of each row."""
        exceeds = np.cumsum(probabilities[:, :0:-1], axis=1)
        return (exceeds > 0.5).sum(axis=1)


class MultiLabelAnswers(Answers):
    """Any number of classes.

    Attributes
    ----------
    thresholds_ : ndarray of shape (n_classes,)
        Probabilities above which labels are predicted.

    loss : {"binary", "asymmetric"}
    """

    is_multilabel = True

    @property
    def n_logits(self):
        """Number of network outputs that the task needs."""
        return len(self.classes_)

    @property
    def code_sizes(self):
        """The number of values of each code of a cell, a list."""
        return [2] * len(self.classes_)

    def encode(self, cells):
        """Return indicators of labels; -1 in cells with an unknown label."""
        known = frozenset(self.classes_.tolist())
        codes = indicators([cell & known for cell in cells], self.classes_)
        codes[[not cell <= known for cell in cells]] = -1
        return codes

    def decode(self, codes):
        """Return sets of labels."""
        return sets_of(codes, self.classes_)

    def probabilities(self, logits):
        """Turn logits into probabilities, shape (n_samples, n_classes)."""
        from scipy.special import expit

        return expit(logits)

    def calibrated(self, logits, temperature, offsets):
        """Divide logits by a temperature and add the offset of each label."""
        logits = logits / logits.dtype.type(temperature)
        if self.loss != "binary":  # the other loss has no logit adjustment
            return logits
        added = np.array([values[1] - values[0] for values in offsets])
        return logits + added.astype(logits.dtype)

    def choose(self, probabilities):
        """Return indicators of the predicted labels, 0 and 1."""
        return (probabilities > self.thresholds_).astype(np.int64)
