"""Tasks that depend on others: probabilities and decisions that do not contradict."""

from functools import cached_property

import numpy as np

# Added to scores, because a label of probability 0 may still be the only one possible.
_TINY = 1e-50
# The logarithm of the score of a label that is not possible.
_NEVER = -1e12


class Forest:
    r"""Tasks, each of which depends on at most one other.

    The probabilities of a child say, too, which class of its parent is probable: that
    of each label belongs to the classes that allow it, in proportion to their own
    probabilities. The probability of a class of the parent becomes the geometric mean
    of its own and of those that its children give it. A child does not say whether it
    has a label. So classes at which the same children have labels keep the sum of their
    probabilities.

    Parameters
    ----------
    tasks : list of Answers

    links : list of Link
        Parents before their children.

    Notes
    -----
    Scores are lists with an array of shape (n_rows, n_classes) for each task, whose
    rows add up to 1. Arrays of booleans of the same shapes say which labels are
    possible; see :func:`possible_labels`. Tasks whose cells hold several labels say
    nothing about their parents.
    """

    def __init__(self, tasks, links):
        self.tasks, self.links = tasks, links

    @cached_property
    def _below(self):
        """The links to the children of each parent that say something about it."""
        below = {}
        for link in self.links:
            if not self.tasks[link.child].is_multilabel:
                below.setdefault(link.parent, []).append(link)
        return below

    def pooled(self, scores):
        """Return scores with what the children of each task say about it.

        Parameters
        ----------
        scores : list of ndarray
            Probabilities.

        Returns
        -------
        scores : list of ndarray
            The probabilities of each root; those of a child given a class of its
            parent are proportional to its scores over the labels that the class allows.
        """
        found = list(scores)
        parents = [
            k for k in self._below if all(k != link.child for link in self.links)
        ]
        parents += [link.child for link in self.links if link.child in self._below]
        for k in reversed(parents):
            links = self._below[k]
            has_label = np.array([link.allowed.any(axis=1) for link in links])
            agreed = scores[k].copy()
            for link, own in zip(links, has_label, strict=True):
                said = _ratio(found[link.child], scores[k] @ link.allowed)
                said = scores[k] * (said @ link.allowed.T)
                agreed *= np.where(own, said, 1.0)
            agreed **= 1 / (1 + has_label.sum(axis=0))
            for group in _equal_columns(has_label):
                before = scores[k][:, group].sum(axis=1, keepdims=True)
                after = agreed[:, group].sum(axis=1, keepdims=True)
                agreed[:, group] *= _ratio(before, after)
            found[k] = agreed
        return found

    def marginals(self, scores, possible):
        """Return the probability of each label of each task.

        Parameters
        ----------
        scores : list of ndarray
            Probabilities.

        possible : list of ndarray of bool
            The probabilities are those under the condition that other labels do not
            occur.

        Returns
        -------
        probabilities : list of ndarray
            Those of a child add up to the probability that it has a label. Where cells
            hold several labels, the probability of each label.
        """
        found = self.pooled(self._positive(scores))
        roots = dict.fromkeys(range(len(found)))
        left = [own * mask for own, mask in zip(found, possible, strict=True)]
        for k, parent, allowed in reversed(self.links):
            del roots[k]
            if not self.tasks[k].is_multilabel:
                # How probable what is possible below is, given each class.
                mass = _ratio(left[k] @ allowed.T, found[k] @ allowed.T)
                left[parent] = left[parent] * np.where(allowed.any(axis=1), mass, 1.0)
        for k in roots:
            if not self.tasks[k].is_multilabel:
                left[k] = left[k] / left[k].sum(axis=1, keepdims=True)
        for k, parent, allowed in self.links:
            if self.tasks[k].is_multilabel:
                left[k] = left[k] * (left[parent] @ allowed)
                continue
            given = _ratio(left[parent], left[k] @ allowed.T)
            left[k] = left[k] * (given @ allowed)
        return left

    def _positive(self, scores):
        return [
            own if task.is_multilabel else own + _TINY
            for task, own in zip(self.tasks, scores, strict=True)
        ]

    def decide(self, scores, possible):
        """Decide which tasks have a label, and then all labels together.

        The first goes from parents to children. The second is exact: of all rows in
        which these tasks have labels that do not contradict, the one with the highest
        product of scores. Scores of parents enter by their square root.

        Parameters
        ----------
        scores : list of ndarray
            For a task whose cells hold several labels, 1 for each label to predict.

        possible : list of ndarray of bool

        Returns
        -------
        codes : list of ndarray
            Codes of each task. Those of blank cells have no meaning.

        blank : ndarray of bool of shape (n_rows, n_tasks)
            Cells without a label.
        """
        scores = [
            own * mask
            for own, mask in zip(self._positive(scores), possible, strict=True)
        ]
        blank = self._blank(scores)
        best = [
            np.log(own, out=np.full_like(own, _NEVER), where=own > 0)
            * (0.5 if k in self._below else 1)
            for k, own in enumerate(scores)
        ]
        for k, parent, allowed in self.links:
            best[parent][blank[:, [k]] == allowed.any(axis=1)] = _NEVER
        given = {}
        for k, parent, allowed in reversed(self.links):
            if self.tasks[k].is_multilabel:
                continue
            given[k] = np.zeros(best[parent].shape, dtype=int)
            for code in np.flatnonzero(allowed.any(axis=1)).tolist():
                columns = np.flatnonzero(allowed[code])
                given[k][:, code] = columns[best[k][:, columns].argmax(axis=1)]
                best[parent][:, code] += best[k][:, columns].max(axis=1)
        codes = [
            own > 0.5 if task.is_multilabel else values.argmax(axis=1)
            for task, own, values in zip(self.tasks, scores, best, strict=True)
        ]
        for k, parent, allowed in self.links:
            if k in given:
                codes[k] = given[k][np.arange(len(blank)), codes[parent]]
            else:
                codes[k] = codes[k] & allowed[codes[parent]]
        return codes, blank

    def _blank(self, scores):
        """Return the cells without a label, decided from parents to children."""
        scores = self.pooled(scores)
        codes = [own.argmax(axis=1) for own in scores]
        blank = np.zeros((len(codes[0]), len(codes)), dtype=bool)
        for k, parent, allowed in self.links:
            mask = allowed[codes[parent]]
            blank[:, k] = blank[:, parent] | ~mask.any(axis=1)
            codes[k] = (scores[k] * mask).argmax(axis=1)
        return blank


def _ratio(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _equal_columns(table):
    """Return the numbers of equal columns of a table, a list of arrays."""
    _, group = np.unique(table, axis=1, return_inverse=True)
    group = group.ravel()
    return [np.flatnonzero(group == own) for own in range(group.max() + 1)]
