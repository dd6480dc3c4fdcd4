"""Scores of several tasks at once, over labelled cells only.

For the predictions of any multi-output classifier, scikit-learn's own included.
"""

from ..utils._lazy import attributes_of

_MODULES = {
    "MultiTaskReport": "_report",
    "multitask_report": "_report",
    "multitask_scorer": "_scorer",
    "multitask_scores": "_scores",
}
__all__ = list(_MODULES)
__getattr__, __dir__ = attributes_of(__name__, _MODULES)
