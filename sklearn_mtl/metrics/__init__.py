"""Scores of several tasks at once, over labelled cells only.

Works with predictions of any multi-output classifier, including scikit-learn's.
"""

from typing import TYPE_CHECKING

from ..utils._lazy import attributes_of

if TYPE_CHECKING:  # what editors and type checkers see
    from ._hierarchical import hierarchical_scores
    from ._hierarchical_scorer import hierarchical_scorer
    from ._report import MultiTaskReport, multitask_report
    from ._scorer import multitask_scorer
    from ._scores import multitask_scores

_MODULES = {
    "MultiTaskReport": "_report",
    "hierarchical_scorer": "_hierarchical_scorer",
    "hierarchical_scores": "_hierarchical",
    "multitask_report": "_report",
    "multitask_scorer": "_scorer",
    "multitask_scores": "_scores",
}
__all__ = [
    "MultiTaskReport",
    "hierarchical_scorer",
    "hierarchical_scores",
    "multitask_report",
    "multitask_scorer",
    "multitask_scores",
]
__getattr__, __dir__ = attributes_of(__name__, _MODULES)
