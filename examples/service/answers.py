"""Predictions of a model as JSON values."""

import numpy as np


class Answers:
    """Predicts with a model, and describes it.

    Parameters
    ----------
    model : MultiTaskTextClassifier or MultiTaskPredictor
        Fitted to texts.
    """

    def __init__(self, model):
        self._model = model
        self.names = list(model.task_names_)
        classes = model.classes_
        if len(self.names) == 1 and isinstance(classes, np.ndarray):
            classes = [classes]
        self.classes = dict(zip(self.names, classes, strict=True))

    def __call__(self, texts, with_probabilities):
        """Return an answer for each text; runs on the thread of the model."""
        labels = self._model.predict(texts, output="dict")
        columns = [plain_column(labels[name]) for name in self.names]
        answers = [
            {"labels": dict(zip(self.names, row, strict=True))}
            for row in zip(*columns, strict=True)
        ]
        if with_probabilities:
            found = self._model.predict_proba(texts)
            found = [found] if isinstance(found, np.ndarray) else found
            rows = zip(*(each.astype(float).tolist() for each in found), strict=True)
            for answer, row in zip(answers, rows, strict=True):
                answer["probabilities"] = dict(zip(self.names, row, strict=True))
        return answers

    def schema(self):
        """Return tasks, their types and their classes."""
        return [
            {
                "name": str(name),
                "type": str(self._model.task_types_[name]),
                "classes": plain_column(self.classes[name]),
            }
            for name in self.names
        ]


def plain_column(values):
    """Return labels of a task as JSON values."""
    values = np.asarray(values)
    if values.dtype.kind in "biufU":
        return values.tolist()
    return [plain(value) for value in values]


def plain(value):
    """Return a label as a JSON value; a cell of several labels becomes a list."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value
