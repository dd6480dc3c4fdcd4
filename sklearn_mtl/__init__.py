"""Multi-task text classification for people who use scikit-learn."""

__all__ = ["MultiTaskTextClassifier", "__version__"]
__version__ = "0.1.0"


def __getattr__(name):
    """Import the estimator when it is asked for.

    It needs torch, which takes seconds to import; the metrics, the data sets and the
    command line's help do not.
    """
    if name == "MultiTaskTextClassifier":
        from ._classifier import MultiTaskTextClassifier

        return MultiTaskTextClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
