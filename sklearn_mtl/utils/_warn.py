"""Warnings that point at the line of the user's, and their filters in threads."""

import sys
import warnings
from threading import RLock

# Whose code may stand between the user's line and what warns.
_INSIDE = ("sklearn_mtl", "sklearn", "joblib", "contextlib")

# scikit-learn's metrics set filters of the process for a moment. Calls that overlap
# would leave each other's behind, so ours take turns.
FILTERS = RLock()


def warn_caller(message, category=UserWarning):
    """Warn as from the line that called into the package."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_INSIDE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
