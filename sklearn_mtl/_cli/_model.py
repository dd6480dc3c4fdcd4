"""The estimator as the command line uses it: fitted, timed, its errors for the user."""

from contextlib import contextmanager
from time import perf_counter

from ..metrics import multitask_scores
from ._errors import CommandError


def fit(texts, labels, **parameters):
    """Fit a classifier.

    Parameters
    ----------
    texts : list of str

    labels : dict of str to list
        Labels of each task; None is missing.

    **parameters
        For :class:`sklearn_mtl.MultiTaskTextClassifier`.

    Returns
    -------
    classifier : MultiTaskTextClassifier

    seconds : float

    Raises
    ------
    CommandError
        With the estimator's own words if it cannot be fitted to these data.
    """
    # Here and not at the top: torch takes seconds to import, too long to wait for
    # --help or to be told of a misspelt column.
    from .. import MultiTaskTextClassifier

    start = perf_counter()
    with _estimator_errors("fit"):
        classifier = MultiTaskTextClassifier(**parameters).fit(texts, labels)
    return classifier, perf_counter() - start


@contextmanager
def _estimator_errors(verb):
    try:
        yield
    except ValueError as error:
        raise CommandError(f"Cannot {verb}: {error}") from error


def predict(classifier, texts):
    """Give the most probable label of each task and its probability.

    Returns
    -------
    predicted : dict of str to ndarray

    probability : dict of str to ndarray
    """
    predicted, probability = {}, {}
    columns = zip(
        classifier.task_names_,
        classifier.classes_,
        classifier.predict_proba(texts),
        strict=True,
    )
    for task, classes, probabilities in columns:
        predicted[task] = classes[probabilities.argmax(axis=1)]
        probability[task] = probabilities.max(axis=1)
    return predicted, probability


def score(classifier, texts, labels):
    """Score a classifier on labelled cells; give the seconds of predicting too."""
    start = perf_counter()
    predicted = classifier.predict(texts, output="dict")
    seconds = perf_counter() - start
    with _estimator_errors("score"):
        return multitask_scores(labels, predicted), seconds
