"""Splits, comparisons and searches for several label columns with missing cells.

Works with any multi-output classifier, including scikit-learn's.
"""

from ._affinity import TaskAffinity, task_affinity
from ._compare import SharingComparison, compare_sharing
from ._grid import loss_weight_grid
from ._group_split import MultiTaskStratifiedGroupKFold
from ._split import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    train_test_split,
)
from ._view import TaskView, task_view

__all__ = [
    "MultiTaskStratifiedGroupKFold",
    "MultiTaskStratifiedKFold",
    "MultiTaskStratifiedShuffleSplit",
    "SharingComparison",
    "TaskAffinity",
    "TaskView",
    "compare_sharing",
    "loss_weight_grid",
    "task_affinity",
    "task_view",
    "train_test_split",
]
