"""Calibrated, tuned, careful and consistent answers, and label sets, for all tasks.

Works with any multi-output classifier, including scikit-learn's.
"""

from ._abstaining import AbstainingMultiTaskClassifier
from ._calibrated import CalibratedMultiTaskClassifier
from ._conformal import ConformalMultiTaskClassifier
from ._consistent import ConsistentMultiTaskClassifier
from ._tuned import TunedDecisionMultiTaskClassifier

__all__ = [
    "AbstainingMultiTaskClassifier",
    "CalibratedMultiTaskClassifier",
    "ConformalMultiTaskClassifier",
    "ConsistentMultiTaskClassifier",
    "TunedDecisionMultiTaskClassifier",
]
