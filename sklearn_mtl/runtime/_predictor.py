"""The predictor: predictions of a saved classifier."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..answers._labels import check_output
from ..data._rows import match_trunk
from ..utils import _typing as t
from ..utils._numpy import numpy_errors
from ..utils._texts import read_texts, refuse_rows, refuse_texts
from ._layers import Rows
from ._numeric import read_numeric

# Number of rows per batch, to limit the memory of hidden vectors.
BATCH = 2048


class MultiTaskPredictor:
    """Predictions of a saved classifier with only numpy and scipy.

    :func:`sklearn_mtl.load` returns it with ``runtime="numpy"``. Its methods behave
    like those of :class:`~sklearn_mtl.MultiTaskTextClassifier`: they have the same
    arguments, containers, text checks and predictions; probabilities differ only by
    rounding. Importing torch and scikit-learn takes seconds and hundreds of megabytes,
    which a service that only predicts can avoid. Threads can share a predictor.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of such arrays
        Classes of each task, in the dtype of the labels; one array for a 1-D y.

    n_outputs_, task_names_, task_types_ : int, list of str, dict of {str: str}
        Number of tasks, their names, and their types.

    temperatures_ : dict of {str: float}
        The temperature of each task.

    n_features_in_, feature_names_in_ : int, ndarray of shape (n_features_in_,)
        Set for numeric X; names only for a DataFrame.

    See Also
    --------
    sklearn_mtl.MultiTaskTextClassifier : Also fits and saves.

    Notes
    -----
    The weights of an unencrypted file are memory-mapped: pages are loaded on demand and
    shared by processes. Do not write into such a file. Replace it by a new file, as
    :meth:`~sklearn_mtl.MultiTaskTextClassifier.save` does.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10, "topic": ["it", None, "art", "art"] * 5}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     clf.save(f"{folder}/model.mtl")
    ...     predictor = sklearn_mtl.load(f"{folder}/model.mtl", runtime="numpy")
    >>> predictor
    MultiTaskPredictor(tasks=['tone', 'topic'], trunk=BagTrunk, sharing=SharedPrivate)
    >>> predictor.predict(["great film", "awful phone"])
    array([['good', 'art'],
           ['bad', 'it']], dtype='<U4')
    """

    def __init__(
        self,
        *,
        labels: Any,
        steps: Any,
        network: Any,
        links: Any,
        calibration: Any,
        spec: Any,
        input_names: Any,
        missing_label: object,
        strategies: Any,
        has_representation: Any,
    ) -> None:
        self._labels, self._steps, self._calibration = labels, steps, calibration
        self._network, self._links, self._spec = network, links, spec
        self._missing_label, self._strategies = missing_label, strategies
        self._has_representation = has_representation
        self.task_names_, self.task_types_ = labels.names, labels.types
        self.n_outputs_ = len(labels.names)
        classes = [task.classes_ for task in labels.tasks]
        self.classes_ = classes[0] if labels.container == "vector" else classes
        temperatures = calibration.temperatures.tolist()
        self.temperatures_ = dict(zip(labels.names, temperatures, strict=True))
        for name in ("n_features_in_", "feature_names_in_", "table_columns_"):
            if name in input_names:
                setattr(self, name, input_names[name])

    def __repr__(self):
        trunk, sharing = (each and each.name for each in self._strategies)
        return (
            f"MultiTaskPredictor(tasks={self.task_names_}, trunk={trunk}, "
            f"sharing={sharing})"
        )

    def predict(self, X: t.Rows, output: t.LabelForm = "array") -> Any:
        """Predict a label for every task.

        Parameters
        ----------
        X : iterable of str, or array-like or sparse matrix of shape \
                (n_samples, n_features)
            Texts, or numeric rows if the classifier was fitted on them.

        output : {"array", "frame", "dict"}, default="array"
            "array": an ndarray of shape (n_samples, n_tasks), or (n_samples,) if y was
            1-D, with the common dtype of all labels, or object if there is none.
            "frame": a DataFrame of the same library as y. "dict": a dict of arrays. The
            last two keep each task's dtype.

        Returns
        -------
        y_pred : ndarray, DataFrame or dict
            A label for each row and task.

        Raises
        ------
        ValueError
            If X does not contain texts, or its rows have another shape than in fit.
        """
        check_output(output, ("array", "frame", "dict"))
        return self._labels.decode(self._codes(X), output, like=X)

    def predict_proba(self, X: t.Rows, output: t.ListForm = "list") -> Any:
        """Predict the calibrated probability of every class of every task.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`predict`

        output : {"list", "dict"}, default="list"

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes), or dict
            One array per task, in task order, with columns in the order of
            ``classes_``; a single ndarray if y was 1-D. In multilabel tasks each label
            has its own probability.
        """
        check_output(output, ("list", "dict"))
        with numpy_errors():
            logits, _ = self._forward(X)
            own = self._calibration.probabilities(self._labels.tasks, logits)
        return self._labels.arrange(own, output)

    def score(self, X: t.Rows, y: t.Labels, sample_weight: t.Weights = None) -> float:
        """Return the mean over tasks of the accuracy on labelled cells.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`predict`

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels. A label that was not seen in fit counts as an error, with a
            warning.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights of rows, or of cells.

        Returns
        -------
        score : float
            NaN, with a warning, if no cell is labelled.
        """
        from ..metrics._accuracy import mean_accuracy

        return mean_accuracy(
            self._labels, lambda: self._codes(X), y, sample_weight, self._missing_label
        )

    @property
    def transform(self) -> Callable[[t.Rows], t.Array]:
        """Return the hidden vector of each text, which all tasks share.

        This is a method ``transform(X)`` that returns an ndarray of shape (n_samples,
        n_units). It exists only if all tasks read one hidden vector.
        """
        if not self._has_representation:
            trunk, sharing = (each and each.name for each in self._strategies)
            raise AttributeError(
                f"There is no shared representation with trunk={trunk} and "
                f"sharing={sharing}. Use a trunk, and sharing='auto' or 'hard'."
            )
        return self._represent

    def _represent(self, X):
        with numpy_errors():
            return self._forward(X)[1]

    def _codes(self, X):
        with numpy_errors():
            logits, _ = self._forward(X)
            decided = self._calibration.decisions(self._labels.tasks, logits)
        return np.column_stack(decided)

    def _forward(self, X):
        """Return the logits of each task, and the hidden vector that all tasks read."""
        rows, dense = self._read(X)
        rows = match_trunk(rows, sparse=self._spec.sparse)
        dtype = self._spec.dtype
        rows = rows.astype(dtype, copy=False)
        if dense is not None:
            dense = dense.astype(dtype, copy=False)
        if rows.shape[0] <= BATCH:
            return self._answer(Rows(rows, dense))
        parts = []
        for start in range(0, rows.shape[0], BATCH):
            own = slice(start, start + BATCH)
            block = None if dense is None else dense[own]
            parts.append(self._answer(Rows(rows[own], block)))
        logits, hidden = zip(*parts, strict=True)
        hidden = None if hidden[0] is None else np.concatenate(hidden)
        return [np.concatenate(own) for own in zip(*logits, strict=True)], hidden

    def _answer(self, rows):
        logits, hidden = self._network(rows)
        pairs = zip(self._links, logits, strict=True)
        logits = [own if link is None else link(own) for link, own in pairs]
        return logits, hidden

    def _read(self, X):
        """Return the rows of X, and their dense block or None."""
        texts = read_texts(X)
        if self._steps.vectorize is not None:
            if texts is None:
                refuse_rows(X)
            return self._steps(texts)
        names = getattr(self, "feature_names_in_", None)
        if texts is not None:
            refuse_texts(self.n_features_in_)
        rows = read_numeric(X, self.n_features_in_, names)
        return self._steps.finish(rows), None
