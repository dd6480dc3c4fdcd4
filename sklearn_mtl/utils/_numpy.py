"""Settings of numpy inside our calls."""

import numpy as np


def numpy_errors():
    """Return a context, or decorator, with numpy's default error settings.

    For code that calls the user's vectorizer, whose torch settings must not change.
    """
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
