"""Predictions of saved classifiers with only numpy and scipy.

Importing torch takes seconds, and scikit-learn almost a second; no module here imports
them. The estimator's own code converts texts to rows and logits to labels; only the
network is reimplemented, in `_network`.
"""

from typing import TYPE_CHECKING

from ..utils._lazy import attributes_of

if TYPE_CHECKING:  # for editors and type checkers
    from ._predictor import MultiTaskPredictor

_MODULES = {"MultiTaskPredictor": "_predictor"}
__all__ = [
    "MultiTaskPredictor",
]
__getattr__, __dir__ = attributes_of(__name__, _MODULES)
