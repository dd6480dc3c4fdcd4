"""Calibrated probabilities, tuned decisions, abstention and label sets, for all tasks.

Works with any multi-output classifier, including scikit-learn's.
"""

from ._abstaining import AbstainingMultiTaskClassifier
from ._calibrated import CalibratedMultiTaskClassifier
from ._conformal import ConformalMultiTaskClassifier
from ._tuned import TunedDecisionMultiTaskClassifier

__all__ = [
    "AbstainingMultiTaskClassifier",
    "CalibratedMultiTaskClassifier",
    "ConformalMultiTaskClassifier",
    "TunedDecisionMultiTaskClassifier",
]
