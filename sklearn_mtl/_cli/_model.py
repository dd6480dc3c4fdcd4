"""The estimator for the command line: fits, timings and errors for the user."""

import warnings
from contextlib import contextmanager
from time import perf_counter

from ..metrics import multitask_scores
from ._errors import CommandError


def fit(texts, labels, orders=None, **parameters):
    """Fit a classifier.

    Parameters
    ----------
    texts : list of str

    labels : dict of str to list
        Labels of each task; None is missing.

    orders : dict of str to list, default=None
        The labels of ordinal tasks, in order.

    **parameters
        For :class:`sklearn_mtl.MultiTaskTextClassifier`.

    Returns
    -------
    classifier : MultiTaskTextClassifier

    seconds : float

    Raises
    ------
    CommandError
        With the estimator's message if it cannot be fitted to these data.
    """
    # Imported here, because torch takes seconds to import: too long before --help or an
    # error about a misspelt column.
    from .. import MultiTaskTextClassifier
    from ..tasks import Ordinal

    if orders:
        parameters["task_types"] = {
            task: Ordinal(order) for task, order in orders.items()
        }
    start = perf_counter()
    with estimator_errors("fit"), warnings.catch_warnings():
        # Already reported for the cells of the table, with the option that helps.
        warnings.filterwarnings("ignore", ".*which look like empty cells")
        warnings.filterwarnings("ignore", ".*texts that look like lists")
        warnings.filterwarnings("ignore", ".*have a single class among")
        classifier = MultiTaskTextClassifier(**parameters).fit(texts, labels)
    return classifier, perf_counter() - start


@contextmanager
def estimator_errors(verb):
    """Convert errors of the library to errors of the command line."""
    try:
        yield
    except ValueError as error:
        words = str(error)
        if words.startswith("The vectorizer found no features"):
            words = (
                "the texts of the training rows contain no words. Check that --text "
                "names the right column."
            )
        raise CommandError(f"Cannot {verb}: {words}") from error


def score(classifier, texts, labels):
    """Score a classifier on labelled cells; also return the prediction time."""
    start = perf_counter()
    predicted = classifier.predict(texts, output="dict")
    seconds = perf_counter() - start
    with estimator_errors("score"):
        return multitask_scores(labels, predicted), seconds
