"""Labels of several tasks that do not contradict each other."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..answers._labels import check_output
from ..labels._conditions import read_conditions
from ..labels._contradictions import check_labels, excluded_cells
from ..labels._links import learn_conditions, links_of
from ..metrics._accuracy import mean_accuracy
from ..metrics._fitted import label_reader
from ..utils._compat import fit_context
from ..utils._rows import n_rows, settled
from ..utils._state import fits_aside, reads_one_fit
from ..utils._typing import Estimator, LabelForm, Labels, ListForm, Rows, Weights
from ._base import BaseDecisions
from ._blanks import with_blanks
from ._emptied import emptied
from ._forest import Forest
from ._held_out import (
    fit_rows,
    is_fitted_before,
    known_labels,
    read_rows,
    tasks_with_sets,
    weights_to_pass,
)
from ._known import possible_labels
from ._scores import decision_scores
from ._targets import ReadTargets

_NO_OTHER_USE = "weights other than 0 do not count"


class ConsistentMultiTaskClassifier(BaseDecisions):
    r"""Predicts labels that meet conditions between tasks, such as a hierarchy.

    A task may have a label only where another task has a certain class, or a different
    list of labels for each class of the other task. Such a task is trained only where
    it may have a label, and predicted rows never contradict the conditions.

    Parameters
    ----------
    estimator : multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`, which is trained on
        rows with empty cells. A :class:`~sklearn.frozen.FrozenEstimator` is used as it
        is.

    conditions : dict of {str: tuple or str}
        For each task that depends on another, its *parent*:

        - ``(parent, class)`` or ``(parent, [class, ...])``: the task has a label only
          where the parent has this class, or one of these.
        - ``(parent, {class: [label, ...], ...})``: the labels of the task for each
          class of the parent. At other classes it has none.
        - ``parent``: the same, learnt. A label goes with a class of the parent if both
          occur in one row of y.

        A parent has one label in each cell and may have a parent itself. The columns of
        an array are called "task0", "task1" and so on.

    Attributes
    ----------
    classes_ : list of ndarray
        The classes of each task.

    task_names_ : list of str
        Names of the tasks.

    estimator_ : fitted classifier
        The classifier that predicts.

    conditions_ : dict of {str: (str, dict)}
        The parent of each task, and its labels by class of the parent. Parents come
        before their children.

    Notes
    -----
    A cell without a label is empty in predictions, with the value that
    :class:`AbstainingMultiTaskClassifier` describes. If y has a label such as "none" in
    these cells, list it in the conditions, and it is predicted there:
    ``{"category": ("sexist", {"no": ["none"], "yes": ["threat", "slur"]})}``. The task
    then also says whether it has a label.

    ``predict`` first decides from parents to children which tasks have a label. Of all
    rows in which these tasks have labels that meet the conditions it then chooses the
    one with the highest product of scores, exactly, by dynamic programming. The scores
    of a task are its probabilities, weighted as the classifier weights them in its own
    predictions, so that rare classes are found. Scores of parents enter by their square
    root: their children speak for them, too.

    ``predict_proba`` returns the marginal probabilities of one joint distribution of
    all tasks. The probability of a class of a parent is the geometric mean of its own
    and of what its children give it: the sum of their probabilities over the labels
    that the class allows. Classes at which the same children have labels keep the sum
    of their probabilities, because a child without other labels does not know whether
    it has one. Tasks whose cells hold several labels have no influence on others.

    Put this classifier around the others of this module: they expect a label in every
    cell.

    References
    ----------
    C. N. Silla, A. A. Freitas, "A survey of hierarchical classification across
    different application domains", Data Mining and Knowledge Discovery 22, 2011.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.decisions import ConsistentMultiTaskClassifier
    >>> texts = ["refund my order", "cancel my order", "good film", "nice film"] * 5
    >>> labels = {
    ...     "request": ["yes", "yes", "no", "no"] * 5,
    ...     "kind": ["refund", "cancel", None, None] * 5,
    ... }
    >>> classifier = MultiTaskTextClassifier(random_state=0)
    >>> conditions = {"kind": ("request", "yes")}
    >>> consistent = ConsistentMultiTaskClassifier(classifier, conditions)
    >>> consistent.fit(texts, labels).predict(["refund it", "a film"]).tolist()
    [['yes', 'refund'], ['no', None]]
    """

    # Conditions are checked once the tasks are known.
    _parameter_constraints: dict[str, Any] = {}

    def __init__(self, estimator: Estimator, conditions: Mapping[str, Any]) -> None:
        self.estimator = estimator
        self.conditions = conditions

    @fit_context(prefer_skip_nested_validation=False)
    @fits_aside
    def fit(self, X: Rows, y: Labels, sample_weight: Weights = None) -> Self:
        """Fit the classifier to the labels that do not contradict the conditions.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells. Labels that contradict the conditions are not
            used, with a warning.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights of rows or cells, for the classifier, if it accepts them.

        Returns
        -------
        self : ConsistentMultiTaskClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If the conditions form a cycle, name unknown tasks or labels, or leave a
            task without labels, or the input cannot be used. A previous fit is kept.
        """
        X = settled(X)
        prefit = is_fitted_before(self.estimator, None)
        model = self.estimator if prefit else None
        reader, table, _ = read_rows(self.estimator, X, y, sample_weight, prefit)
        known = known_labels(table, model)
        conditions = read_conditions(self.conditions, known, tasks_with_sets(table))
        self.conditions_ = learn_conditions(conditions, table)
        _, wrong = excluded_cells(table, self.conditions_)
        check_labels(table, self.conditions_, known, wrong)
        if not prefit:
            passed = weights_to_pass(self.estimator, sample_weight, _NO_OTHER_USE)
            model = fit_rows(self.estimator, X, emptied(y, table, wrong), passed)
        self.estimator_ = model
        table = table.mask(wrong)
        self.targets_ = ReadTargets(table, [model], reader, with_table=not prefit)
        return self

    def _forest(self):
        targets = self.targets_
        names = zip(targets.names, targets.tasks, strict=True)
        classes = {name: task.classes_.tolist() for name, task in names}
        return Forest(targets.tasks, links_of(self.conditions_, classes))

    def _possible(self, forest, X, known):
        missing = label_reader(self).missing_label
        return possible_labels(known, self.targets_, forest.links, n_rows(X), missing)

    def _decide(self, X, known=None):
        """Return codes, and the cells without a label."""
        targets, forest = self.targets_, self._forest()
        possible = self._possible(forest, X, known)
        scores = decision_scores(targets, self.estimator_, X)
        codes, blank = forest.decide(scores, possible)
        return np.column_stack(codes), blank

    @reads_one_fit
    def predict(
        self, X: Rows, output: LabelForm = "array", known: Labels | None = None
    ) -> Any:
        """Predict labels that meet the conditions.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        output : {"array", "frame", "dict"}, default="array"
            "array" is an ndarray of shape (n_samples, n_tasks). "frame" is a DataFrame
            like y, "dict" has an array for each task.

        known : array-like of shape (n_samples, n_tasks), dict or DataFrame, \
                default=None
            Labels that are known, with missing cells. The other tasks get the labels
            that go with them. A dict or a frame may leave tasks out.

        Returns
        -------
        y_pred : ndarray, DataFrame or dict
            Labels, and empty cells where a task has no label.

        Raises
        ------
        ValueError
            If known labels contradict the conditions, or did not occur in fit.
        """
        check_is_fitted(self)
        check_output(output, ("array", "frame", "dict"))
        X = settled(X)
        codes, blank = self._decide(X, known)
        missing = label_reader(self).missing_label
        return with_blanks(self.targets_, codes, blank, output, X, missing)

    @reads_one_fit
    def predict_proba(
        self, X: Rows, output: ListForm = "list", known: Labels | None = None
    ) -> Any:
        """Predict the probability of every label of every task.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        output : {"list", "dict"}, default="list"

        known : array-like of shape (n_samples, n_tasks), dict or DataFrame, \
                default=None
            Labels that are known, as in :meth:`predict`.

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes), or dict
            In task order, with classes in the order of ``classes_``. The probabilities
            of a task that depends on another add up to the probability that it has a
            label. For cells with several labels, the probability of each label.
        """
        check_is_fitted(self)
        check_output(output, ("list", "dict"))
        X, targets, forest = settled(X), self.targets_, self._forest()
        possible = self._possible(forest, X, known)
        found = targets.probabilities(self.estimator_, X)
        return targets.arrange(forest.marginals(found, possible), output)

    @reads_one_fit
    def score(self, X: Rows, y: Labels, sample_weight: Weights = None) -> float:
        """Return the mean over tasks of the accuracy on labelled cells.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells. Labels that contradict the conditions do
            not count.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weight of each row, or of each cell.

        Returns
        -------
        score : float
            A labelled cell for which no label is predicted counts as wrong.
        """
        check_is_fitted(self)
        X = settled(X)
        table = label_reader(self).table(y)
        without, wrong = excluded_cells(table, self.conditions_)
        layout = self.targets_.layout

        def decide():
            codes, blank = self._decide(X)
            return np.where(blank[:, layout.owners], -1, codes)

        return mean_accuracy(
            self.targets_, decide, table.mask(without | wrong), sample_weight
        )
