"""Predictions of saved classifiers on numpy and scipy alone.

Torch takes seconds to import, and scikit-learn most of one; nothing here imports them.
Texts become rows, and logits labels, by the code that the estimator runs; only the
network is written again, in `_network`.
"""

from ..utils._lazy import attributes_of

_MODULES = {"MultiTaskPredictor": "_predictor"}
__all__ = list(_MODULES)
__getattr__, __dir__ = attributes_of(__name__, _MODULES)
