"""Warnings with the location of the user's line, and a lock for warning filters."""

import sys
import warnings
from threading import RLock

# Packages whose frames may lie between the user's line and the warning.
_INSIDE = ("sklearn_mtl", "sklearn", "joblib", "contextlib")

# scikit-learn's metrics temporarily set global filters. Overlapping calls would restore
# the wrong filters, so our calls use a lock.
FILTERS = RLock()


def warn_caller(message, category=UserWarning):
    """Warn with the location of the line that called the package."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_INSIDE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
