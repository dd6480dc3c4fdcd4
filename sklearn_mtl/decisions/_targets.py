"""The tasks of any multi-output classifier: kinds, classes, codes and probabilities."""

import numpy as np

from ..answers._labels import LabelCodes
from ..answers._layout import CodeLayout
from ..answers._types import CategoricalAnswers, MultiLabelAnswers, OrdinalAnswers
from ..labels._cells import some
from ..labels._sets import labels_of
from ..labels._tables import as_label_table
from ..metrics._fitted import last_step
from ..metrics._scorer import _one_array_a_task


class ReadTargets(LabelCodes):
    """The tasks of a label table, with the classes that a classifier knows.

    Parameters
    ----------
    table : LabelTable
        Labels; predictions come in their container.

    models : list of fitted classifiers
        Their classes are joined.

    reader : LabelReader
        How the classifiers read labels.

    with_table : bool, default=False
        Whether labels of the table may be new to the classifiers.

    Attributes
    ----------
    names, types, tasks, layout, container, template : as of LabelCodes
    """

    def __init__(self, table, models, reader, with_table=False):
        self.names = list(table.names)
        self.container, self.template = table.container, table.template
        known = [classes_of(model, len(self.names)) for model in models]
        orders = reader.orders_of(table)
        own = getattr(last_step(models[0])[1], "targets_", None)
        self._cell_types, self.tasks, self.types = [], [], {}
        for k, name in enumerate(self.names):
            cells, holds_sets = table.cell_types[k], table.cell_types[k] is not None
            if own is not None:  # a column without any label has no type of its own
                holds_sets = own.tasks[k].is_multilabel
                cells = own._cell_types[k] if holds_sets and cells is None else cells
            kind = MultiLabelAnswers if holds_sets else CategoricalAnswers
            if not holds_sets and reader._is_ordinal(name):
                kind = OrdinalAnswers
            found = [classes[k] for classes in known]
            if with_table:
                labels = table.columns[k][~table.missing[:, k]]
                found.append(labels_of(labels) if holds_sets else np.unique(labels))
            task = kind()
            task.classes_ = _join(found, orders.get(name))
            if holds_sets:
                task.thresholds_ = np.full(len(task.classes_), 0.5)
            self.tasks.append(task)
            self._cell_types.append(cells if holds_sets else None)
            self.types[name] = _TYPES[kind]
        self.layout = CodeLayout(self.tasks)

    @property
    def orders(self):
        """Dict with the ordered labels of each ordinal task whose labels are texts."""
        return {
            name: task.classes_.tolist()
            for name, task in zip(self.names, self.tasks, strict=True)
            if isinstance(task, OrdinalAnswers) and task.classes_.dtype.kind in "OU"
        }

    @property
    def classes(self):
        """The classes of each task; an array if labels are one column."""
        classes = [task.classes_ for task in self.tasks]
        return classes[0] if self.container == "vector" else classes

    def probabilities(self, model, X):
        """Return the probabilities of a classifier in 64 bits, a list.

        A class that the classifier does not know has probability 0.

        Parameters
        ----------
        model : fitted classifier

        X : input of the classifier

        Returns
        -------
        probabilities : list of ndarray of shape (n_rows, n_classes)
        """
        arrays, classes = _one_array_a_task(
            model.predict_proba(X), model.classes_, len(self.names)
        )
        return [
            _aligned(task, own, np.asarray(array, dtype=np.float64))
            for task, own, array in zip(self.tasks, classes, arrays, strict=True)
        ]

    def cells_of(self, k, labels):
        """Return labels of a task as the user wrote them: a list of Python objects.

        Parameters
        ----------
        k : int
            Number of the task.

        labels : ndarray of shape (n_cells,)
            Sets of labels for a task whose cells hold several.

        Returns
        -------
        cells : list
        """
        if self._cell_types[k] is not None:
            labels = self._as_cells(labels, self._cell_types[k], self.tasks[k])
        return labels.tolist()

    def codes(self, model, X, may_be_empty=False):
        """Return the codes of the labels that a classifier predicts.

        Parameters
        ----------
        model : fitted classifier

        X : input of the classifier

        may_be_empty : bool, default=False
            Whether cells may be empty; their code is -1.

        Returns
        -------
        codes : ndarray of shape (n_rows, n_codes)
        """
        predicted = as_label_table(model.predict(X), what="The prediction")
        predicted = predicted.select(self.names, "The prediction")
        rows = np.flatnonzero(predicted.missing.any(axis=1))
        if len(rows) and not may_be_empty:
            raise ValueError(
                f"{type(model).__name__} leaves cells empty, in row(s) {some(rows)}, "
                "but a label in every cell is needed here. Put it around this "
                "classifier, and not inside."
            )
        return self.encode(predicted)


_TYPES = {
    CategoricalAnswers: "multiclass",
    OrdinalAnswers: "ordinal",
    MultiLabelAnswers: "multilabel",
}


def classes_of(model, n_tasks):
    """Return the classes of each task of a fitted classifier, a list of ndarray."""
    classes = model.classes_
    classes = [classes] if np.ndim(classes[0]) == 0 else list(classes)
    if len(classes) != n_tasks:
        raise ValueError(
            f"The classifier has {len(classes)} task(s), but y has {n_tasks} "
            "column(s). Pass labels with the columns that the classifier was fitted to."
        )
    return [np.asarray(own) for own in classes]


def _join(found, order):
    """Return all classes of several arrays, sorted or in a given order."""
    if len(found) == 1:
        return found[0]
    every = set().union(*(classes.tolist() for classes in found))
    if order is not None:
        every = [label for label in order if label in every]
    else:
        every = sorted(every)
    return np.array(every)


def _aligned(task, classes, probabilities):
    """Give probabilities the columns of the classes of a task, and the sum 1."""
    if classes.tolist() != task.classes_.tolist():
        place = {label: k for k, label in enumerate(task.classes_.tolist())}
        whole = np.zeros((len(probabilities), len(place)))
        whole[:, [place[label] for label in classes.tolist()]] = probabilities
        probabilities = whole
    if task.is_multilabel:
        return probabilities
    return probabilities / probabilities.sum(axis=1, keepdims=True)
