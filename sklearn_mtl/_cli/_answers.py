"""Predictions of a fitted or loaded classifier as cells of a table."""

import numpy as np


def predict(classifier, texts):
    """Predict the labels of each task, and their probabilities.

    Parameters
    ----------
    classifier : MultiTaskTextClassifier or MultiTaskPredictor

    texts : list of str

    Returns
    -------
    predicted : dict of str to list

    probability : dict of str to list
        Rounded to four digits; a list if a cell holds several labels.
    """
    predicted = classifier.predict(texts, output="dict")
    probabilities = classifier.predict_proba(texts)
    if isinstance(probabilities, np.ndarray):  # y was a single unnamed column
        probabilities = [probabilities]
    answers, probability = {}, {}
    for task, classes, shares in zip(
        predicted, classes_of(classifier), probabilities, strict=True
    ):
        place = {label: k for k, label in enumerate(classes)}
        cells = [_cell(cell, place) for cell in predicted[task].tolist()]
        answers[task] = cells
        probability[task] = [
            [round(row[place[label]], 4) for label in cell]
            if isinstance(cell, list)
            else round(row[place[cell]], 4)
            for cell, row in zip(cells, shares.tolist(), strict=True)
        ]
    return answers, probability


def classes_of(classifier):
    """Return the classes of each task as lists."""
    classes = classifier.classes_
    own = [classes] if isinstance(classes, np.ndarray) else classes
    return [each.tolist() for each in own]


def _cell(cell, place):
    if isinstance(cell, set | frozenset):
        return sorted(cell, key=place.get)
    return list(cell) if isinstance(cell, tuple) else cell
