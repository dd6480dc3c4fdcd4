"""Probabilities of folds as a fitted classifier, for the case `labels`."""

import numpy as np
from sklearn.base import BaseEstimator


class Judge(BaseEstimator):
    """A fitted classifier of row numbers, with the probabilities of several folds."""

    def __init__(self, labels, n_rows):
        self.task_names_ = list(labels)
        self.classes_ = [np.array(sorted(set(own) - {None})) for own in labels.values()]
        self.kept = [np.zeros((n_rows, len(own))) for own in self.classes_]

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        raise TypeError("It is fitted.")

    def keep(self, classifier, rows, texts):
        """Keep what a classifier that was fitted to other rows predicts for texts."""
        found = classifier.predict_proba(texts, output="dict")
        classes = dict(zip(classifier.task_names_, classifier.classes_, strict=True))
        for k, task in enumerate(self.task_names_):
            columns = np.searchsorted(self.classes_[k], classes[task])
            self.kept[k][np.ix_(rows, columns)] = found[task]

    def predict_proba(self, X):
        return [own[np.asarray(X)] for own in self.kept]

    def given(self, labels):
        """Yield task, row and probability of each label."""
        for task, classes, own in zip(
            self.task_names_, self.classes_, self.kept, strict=True
        ):
            place = {label: k for k, label in enumerate(classes.tolist())}
            for row, label in enumerate(labels[task]):
                if label is not None:
                    yield task, row, own[row, place[label]]

    def learnt(self, labels):
        """Return labels without those that no classifier of their row has learnt."""
        labels = {task: list(own) for task, own in labels.items()}
        for task, row, probability in list(self.given(labels)):
            if probability == 0:
                labels[task][row] = None
        return labels

    def least_probable(self, labels, n_cells):
        """Return the cells with the least probable labels, as pairs of row and task."""
        cells = sorted(self.given(labels), key=lambda cell: cell[2])
        return [(row, task) for task, row, _ in cells[:n_cells]]
