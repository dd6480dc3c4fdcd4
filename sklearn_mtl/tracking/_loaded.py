"""The loader module of our MLflow models: what ``mlflow.pyfunc`` calls.

MLflow keeps the name of this module in each model, so it must not move.
"""

import numpy as np

from .._classifier import MultiTaskTextClassifier
from ..utils._optional import import_optional


class LoadedClassifier:
    """A saved classifier that predicts frames from frames.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path):
        self.classifier = MultiTaskTextClassifier._load(path)

    def predict(self, model_input, params=None):
        """Return a data frame with a column for each task.

        Parameters
        ----------
        model_input : DataFrame
            One column of texts, or the numeric features.

        params : dict, default=None
            Not read.

        Returns
        -------
        labels : DataFrame
        """
        pandas = import_optional("pandas", "pandas", "A model of MLflow")
        labels = self.classifier.predict(model_input, output="dict")
        return pandas.DataFrame({name: _as_column(c) for name, c in labels.items()})


def _load_pyfunc(path):
    return LoadedClassifier(path)


def _as_column(cells):
    # Cells of several labels are lists, which JSON can hold.
    cells = np.asarray(cells)
    if cells.dtype != object:
        return cells
    return [sorted(c) if isinstance(c, set | frozenset) else c for c in cells]
