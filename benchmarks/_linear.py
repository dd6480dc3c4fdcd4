"""The peers: scikit-learn's linear models over TF-IDF rows."""

from time import perf_counter

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import LinearSVC


class PerTask:
    """A classifier for each task, on the rows that carry its label.

    The texts are vectorised once for all tasks. Settings are scikit-learn's defaults,
    but for the pairs of words.
    """

    def __init__(self, make_classifier):
        self.make_classifier = make_classifier

    def fit(self, texts, labels):
        start = perf_counter()
        self.vectorizer = TfidfVectorizer(ngram_range=(1, 2))
        rows = self.vectorizer.fit_transform(texts)
        self.vectorise_seconds = perf_counter() - start
        self.models = self._fit_models(rows, labels)

    def predict(self, texts):
        rows = self.vectorizer.transform(texts)
        return self._predict_rows(rows)

    def _fit_models(self, rows, labels):
        return {task: self._fit_one(rows, [cells]) for task, cells in labels.items()}

    def _predict_rows(self, rows):
        return {
            task: model.predict(rows).tolist() for task, model in self.models.items()
        }

    def _fit_one(self, rows, columns):
        pairs = [
            (row, cell)
            for cells in columns
            for row, cell in enumerate(cells)
            if cell is not None
        ]
        numbers, cells = zip(*pairs, strict=True)
        return self.make_classifier().fit(rows[list(numbers)], np.array(cells))


class Pooled(PerTask):
    """One classifier for the cells of all tasks, which have the same labels."""

    def _fit_models(self, rows, labels):
        model = self._fit_one(rows, labels.values())
        return dict.fromkeys(labels, model)

    def _predict_rows(self, rows):
        predicted = next(iter(self.models.values())).predict(rows).tolist()
        return dict.fromkeys(self.models, predicted)


def linear_svc(seed):
    return PerTask(lambda: LinearSVC(random_state=seed))


def sgd(seed):
    return PerTask(lambda: SGDClassifier(loss="log_loss", random_state=seed))


def logistic(seed):
    return PerTask(lambda: LogisticRegression(random_state=seed))


def pooled_svc(seed):
    return Pooled(lambda: LinearSVC(random_state=seed))
