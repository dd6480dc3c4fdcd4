"""The loader module of our MLflow models, which ``mlflow.pyfunc`` calls.

Each MLflow model stores the name of this module, so the module must not move.
"""

import numpy as np

from .._classifier import MultiTaskTextClassifier
from ..utils._optional import import_optional


class LoadedClassifier:
    """A saved classifier that reads and returns data frames.

    Parameters
    ----------
    path : str
        Path of the model file.
    """

    def __init__(self, path):
        self.classifier = MultiTaskTextClassifier._load(path)

    def predict(self, model_input, params=None):
        """Return a data frame with one column per task.

        Parameters
        ----------
        model_input : DataFrame
            One column of texts, or the numeric features.

        params : dict, default=None
            Ignored.

        Returns
        -------
        labels : DataFrame
        """
        pandas = import_optional("pandas", "pandas", "An MLflow model")
        labels = self.classifier.predict(model_input, output="dict")
        return pandas.DataFrame({name: _as_column(c) for name, c in labels.items()})


def _load_pyfunc(path):
    return LoadedClassifier(path)


def _as_column(cells):
    # Multilabel cells are lists, which JSON supports.
    cells = np.asarray(cells)
    if cells.dtype != object:
        return cells
    return [sorted(c) if isinstance(c, set | frozenset) else c for c in cells]
