"""What the logits of a task say, for each type of task.

The classes here hold what a fitted task needs for predictions, and no more: types of
`tasks` inherit them, and a runtime without scikit-learn uses them as they are. scipy's
special functions take time to import and are imported by those that need them.
"""

from itertools import repeat

import numpy as np

from ..labels._sets import indicators, sets_of


class Answers:
    """What any type of task answers.

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

        The default returns `logits`: the type has no temperature.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_logits)
            Logits of the task.

        temperature : float
            Above 1 where the network is overconfident.

        offsets : list of ndarray
            For each code, what to add to the logits of its values. Types without a
            logit for each value ignore it.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_logits)
            Logits that probabilities are computed from.
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
            Of the second shape where a cell holds several labels.
        """
        return probabilities.argmax(axis=1)


class CategoricalAnswers(Answers):
    """One class out of several."""

    @property
    def n_logits(self):
        """Columns of network output the task needs."""
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
        """Turn logits into probabilities, (n_samples, n_classes)."""
        n_classes = len(self.classes_)
        if n_classes == 1:
            return np.ones((len(logits), 1), dtype=logits.dtype)
        if n_classes == 2:
            return _of_two_classes(logits[:, 0])
        logits = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def calibrated(self, logits, temperature, offsets):
        """Divide logits by a temperature and add offsets, those of one code."""
        (added,) = offsets
        if len(self.classes_) == 2:
            added = added[1:] - added[0]
        return logits / logits.dtype.type(temperature) + added.astype(logits.dtype)


def _of_two_classes(logits):
    """Return probabilities where the first class has a logit of 0.

    In few calls of numpy, for where tasks are many and texts few these take the time.
    """
    highest = np.maximum(logits, 0)
    found = np.empty((len(logits), 2), dtype=logits.dtype)
    found[:, 0] = -highest
    found[:, 1] = logits - highest
    np.exp(found, out=found)
    found /= (found[:, 0] + found[:, 1])[:, None]
    return found


class OrdinalAnswers(CategoricalAnswers):
    """One class out of several with an order."""

    @property
    def n_logits(self):
        """Columns of network output the task needs."""
        return 1

    def probabilities(self, logits):
        """Turn logits of exceeding each class into probabilities of classes."""
        from scipy.special import expit

        # A class lies between two thresholds; the first and last classes are unbounded.
        logits = logits[:, : len(self.classes_) - 1]
        end = np.full((len(logits), 1), np.inf, dtype=logits.dtype)
        below, above = np.hstack([end, logits]), np.hstack([logits, -end])
        # Not a difference, which would lose small probabilities.
        return expit(below) * expit(-above) * -np.expm1(above - below)

    def calibrated(self, logits, temperature, offsets):
        """Divide the logits of thresholds by a temperature."""
        return logits / logits.dtype.type(temperature)

    def choose(self, probabilities):
        """Return the codes of median classes."""
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
        """Columns of network output the task needs."""
        return len(self.classes_)

    @property
    def code_sizes(self):
        """The number of values of each code of a cell, a list."""
        return [2] * len(self.classes_)

    def encode(self, cells):
        """Return indicators of labels, -1 in cells with an unknown one."""
        known = frozenset(self.classes_.tolist())
        codes = indicators([cell & known for cell in cells], self.classes_)
        codes[[not cell <= known for cell in cells]] = -1
        return codes

    def decode(self, codes):
        """Return sets of labels."""
        return sets_of(codes, self.classes_)

    def probabilities(self, logits):
        """Turn logits into probabilities, (n_samples, n_classes)."""
        from scipy.special import expit

        return expit(logits)

    def calibrated(self, logits, temperature, offsets):
        """Divide logits by a temperature and add what labels outweigh their absence."""
        logits = logits / logits.dtype.type(temperature)
        if self.loss != "binary":  # the other loss adjusts nothing
            return logits
        added = np.array([values[1] - values[0] for values in offsets])
        return logits + added.astype(logits.dtype)

    def choose(self, probabilities):
        """Return which labels are predicted, a table of 0 and 1."""
        return (probabilities > self.thresholds_).astype(np.int64)
