"""Scores of several tasks at once, over labelled cells only.

For the predictions of any multi-output classifier, scikit-learn's own included.
"""

from ._report import MultiTaskReport, multitask_report
from ._scorer import multitask_scorer
from ._scores import multitask_scores

__all__ = [
    "MultiTaskReport",
    "multitask_report",
    "multitask_scorer",
    "multitask_scores",
]
