"""Displays of fitted tasks, and of the labels in a data set.

They work like scikit-learn's displays. Drawing needs matplotlib, the extra "plot".
"""

from ._affinity import TaskAffinityDisplay
from ._calibration import CalibrationCurvesDisplay
from ._conflicts import TaskConflicts, TaskConflictsDisplay, task_conflicts
from ._confusion import ConfusionMatricesDisplay
from ._gates import ExpertGateDisplay, gate_weights
from ._labels import LabelOverviewDisplay
from ._learning import LearningCurvesDisplay
from ._loss_weights import LossWeightSearchDisplay
from ._risk_coverage import (
    RiskCoverage,
    RiskCoverageDisplay,
    risk_coverage_curve,
)
from ._words import TopWords, TopWordsDisplay, top_words

__all__ = [
    "CalibrationCurvesDisplay",
    "ConfusionMatricesDisplay",
    "ExpertGateDisplay",
    "LabelOverviewDisplay",
    "LearningCurvesDisplay",
    "LossWeightSearchDisplay",
    "RiskCoverage",
    "RiskCoverageDisplay",
    "TaskAffinityDisplay",
    "TaskConflicts",
    "TaskConflictsDisplay",
    "TopWords",
    "TopWordsDisplay",
    "gate_weights",
    "risk_coverage_curve",
    "task_conflicts",
    "top_words",
]
