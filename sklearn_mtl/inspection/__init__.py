"""Displays of fitted tasks and of labels in a data set, and explanations of answers.

They work like scikit-learn's displays. Drawing needs matplotlib, the extra "plot".
"""

from ..explanation._explain import explain
from ..explanation._result import ExplainedAnswer, Explanation, Explanations
from ._affinity import TaskAffinityDisplay
from ._calibration import CalibrationCurvesDisplay
from ._conflicts import TaskConflicts, TaskConflictsDisplay, task_conflicts
from ._confusion import ConfusionMatricesDisplay
from ._explanation import ExplanationDisplay
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
    "ExplainedAnswer",
    "Explanation",
    "ExplanationDisplay",
    "Explanations",
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
    "explain",
    "gate_weights",
    "risk_coverage_curve",
    "task_conflicts",
    "top_words",
]
