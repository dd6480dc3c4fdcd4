"""Labels that are probably wrong, and cells to label next.

Works with any multi-output classifier, including scikit-learn's.
"""

from ._issues import find_label_issues
from ._label_issues import LabelIssues
from ._next import NextCells, next_to_label

__all__ = ["LabelIssues", "NextCells", "find_label_issues", "next_to_label"]
