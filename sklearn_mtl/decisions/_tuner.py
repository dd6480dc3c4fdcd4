"""The decision rule of each task: chosen by a score, by costs or by constraints."""

from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
from sklearn import config_context
from sklearn.metrics import check_scoring
from sklearn.model_selection import TunedThresholdClassifierCV

from ..answers._types import CategoricalAnswers, OrdinalAnswers
from ..labels._tables import check_task_names
from ._costs import read_costs
from ._given import Given
from ._objective import Objective, read_constraints
from ._rules import BinaryRule, ClassRule, CostRule, LabelsRule
from ._search import check_reached, search_classes, search_ordered

# Values tried for each class of a task with several classes.
_OF_A_CLASS = 25
_DEFAULT = "balanced_accuracy"


class Tuner:
    """Chooses decision rules.

    Parameters
    ----------
    scoring, costs, constraints, thresholds : as for TunedDecisionMultiTaskClassifier

    Attributes
    ----------
    untuned : list of str
        Tasks whose held-out cells have nothing to choose by.
    """

    def __init__(self, scoring, costs, constraints, thresholds):
        self.scoring = scoring
        self.costs, self.constraints = costs or {}, constraints or {}
        self.thresholds = thresholds
        self.untuned = []

    def check(self, known, holding_sets):
        """Raise a ValueError if a parameter names an unknown task, label or score.

        Parameters
        ----------
        known : dict of {str: list}
            The labels of each task.

        holding_sets : list of str
            Tasks whose cells hold several labels.
        """
        names = list(known)
        check_task_names("costs", self.costs, names)
        check_task_names("constraints", self.constraints, names)
        both = sorted(self.costs.keys() & self.constraints.keys())
        if both:
            raise ValueError(
                f"The task(s) {both} have costs and constraints. Costs alone decide: "
                "leave one of the two out."
            )
        for name, own in self.constraints.items():
            read_constraints(own, name, known[name])
        for name, own in self.costs.items():
            read_costs(own, name, known[name], name in holding_sets)
        scorings = [self.scoring]
        if isinstance(self.scoring, Mapping):
            check_task_names("scoring", self.scoring, names)
            scorings = self.scoring.values()
        for scoring in scorings:
            if scoring is None:
                raise ValueError(
                    "scoring must be a name or a scorer of scikit-learn. Got None."
                )
            check_scoring(Given(np.array([0, 1])), scoring=scoring)

    def tune(self, name, task, cells):
        """Return the rule of a task, and its score.

        Parameters
        ----------
        name : str

        task : Answers

        cells : Cells

        Returns
        -------
        rule : callable or None
            None keeps the predictions of the classifier.

        score : float or None
        """
        classes = task.classes_.tolist()
        if name in self.costs:
            found = read_costs(self.costs[name], name, classes, task.is_multilabel)
            if task.is_multilabel:
                return LabelsRule([CostRule(own) for own in found], classes), None
            return CostRule(found), None
        constraints = read_constraints(self.constraints.get(name), name, classes)
        scoring = self._scoring(name, constraints)
        if scoring is None:
            return None, None
        if task.is_multilabel:
            return self._of_labels(name, cells, classes, scoring, constraints)
        found = self._of_classes(name, task, cells, scoring, constraints)
        if found is None:
            self.untuned.append(name)
            return None, None
        return found

    def _scoring(self, name, constraints):
        if not isinstance(self.scoring, Mapping):
            return self.scoring
        return self.scoring.get(name, _DEFAULT if constraints else None)

    def _of_classes(self, name, task, cells, scoring, constraints):
        classes = task.classes_.tolist()
        if len(classes) == 2 and not constraints:
            with _naming(name, scoring):
                return self._threshold(task.classes_, cells, scoring)
        if (cells.codes == cells.codes[:1]).all() and not constraints:
            return None
        is_ordinal = isinstance(task, OrdinalAnswers) and len(classes) > 2
        search = search_ordered if is_ordinal else search_classes
        n_candidates = _OF_A_CLASS if len(classes) > 2 else self.thresholds
        read = _scored(task.classes_, scoring)
        objective = Objective(read, cells, scoring, constraints)
        with _naming(name, scoring):
            rule, score = search(objective, cells.probabilities, classes, n_candidates)
        check_reached(objective, rule, cells.probabilities)
        return rule, score

    def _of_labels(self, name, cells, classes, scoring, constraints):
        rules, scores = [], []
        for k in range(len(classes)):
            own = cells.probabilities[:, k]
            part = cells._replace(
                codes=cells.codes[:, k], probabilities=np.column_stack([1 - own, own])
            )
            limits = [one._replace(code=1) for one in constraints if one.code == k]
            held = CategoricalAnswers()
            held.classes_ = np.array([False, True])
            found = self._of_classes(name, held, part, scoring, limits)
            if found is None:  # the usual threshold, 0.5
                found = ClassRule(np.ones(2), [False, True]), None
            rules.append(found[0])
            scores.append(found[1])
        scores = [score for score in scores if score is not None]
        return LabelsRule(rules, classes), float(np.mean(scores)) if scores else None

    def _threshold(self, classes, cells, scoring):
        """Return the rule of scikit-learn's tuner, or None if it cannot be used."""
        order = np.argsort(classes)
        proba, labels = cells.probabilities[:, order], classes[cells.codes]
        rows = [np.flatnonzero(cells.folds == fold) for fold in np.unique(cells.folds)]
        splits = [
            (held, held)
            for held in rows
            if len(np.unique(cells.codes[held])) == 2
            and not np.isclose(*np.quantile(proba[held, 1], [0, 1]))
        ]
        if not splits:
            return None
        options, scorer = {}, check_scoring(Given(classes[order]), scoring=scoring)
        if cells.weights is not None:
            options["sample_weight"] = cells.weights
        with config_context(enable_metadata_routing=True):
            if options and hasattr(scorer, "set_score_request"):
                scorer = scorer.set_score_request(sample_weight=True)
            tuned = TunedThresholdClassifierCV(
                Given(classes[order]),
                scoring=scorer,
                response_method="predict_proba",
                thresholds=self.thresholds,
                cv=splits,
            )
            tuned.fit(proba, labels, **options)
        return BinaryRule(tuned, order), float(tuned.best_score_)


@contextmanager
def _naming(task, scoring):
    """Name the task in errors of scikit-learn's scorers."""
    try:
        yield
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f"The decisions of task {task!r} cannot be chosen by scoring={scoring!r}. "
            f"It must score labels of this task, as 'f1_macro' does. {error}"
        ) from error


def _scored(classes, scoring):
    """Return what a scorer reads in place of the codes.

    A scorer that has only a name cannot name text labels, and codes are faster.
    """
    is_text = classes.dtype.kind in "OU"
    return np.arange(len(classes)) if isinstance(scoring, str) and is_text else classes
