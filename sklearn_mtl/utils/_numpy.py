"""Settings of numpy during our calls."""

import numpy as np


def numpy_errors():
    """Return a context, or decorator, with numpy's default error settings.

    For code that calls the user's vectorizer, which may depend on torch's settings:
    these stay unchanged.
    """
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
