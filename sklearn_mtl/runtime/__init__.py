"""Predictions of saved classifiers on numpy and scipy alone.

Torch takes seconds to import, and scikit-learn most of one; nothing here imports them.
Texts become rows, and logits labels, by the code that the estimator runs; only the
network is written again, in `_network`.
"""

from typing import TYPE_CHECKING

from ..utils._lazy import attributes_of

if TYPE_CHECKING:  # what editors and type checkers see
    from ._predictor import MultiTaskPredictor

_MODULES = {"MultiTaskPredictor": "_predictor"}
__all__ = [
    "MultiTaskPredictor",
]
__getattr__, __dir__ = attributes_of(__name__, _MODULES)
