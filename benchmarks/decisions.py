"""Fitted classifiers in a form that the case `decisions` calibrates."""

from sklearn.base import BaseEstimator


class SomeTasks(BaseEstimator):
    """A fitted classifier without the tasks that have no label in dev."""

    def __init__(self, model, tasks):
        numbers = [model.task_names_.index(task) for task in tasks]
        self.model, self.task_names_ = model, tasks
        self.classes_ = [model.classes_[k] for k in numbers]

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        raise TypeError("It is fitted.")

    def predict(self, X):
        labels = self.model.predict(X, output="dict")
        return {task: labels[task] for task in self.task_names_}

    def predict_proba(self, X):
        probabilities = self.model.predict_proba(X, output="dict")
        return [probabilities[task] for task in self.task_names_]


class Remembered(BaseEstimator):
    """A classifier whose X are numbers of texts that it has read before."""

    def __init__(self, model, texts):
        self.task_names_, self.classes_ = model.task_names_, model.classes_
        self.kept = model.predict_proba(texts)

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        raise TypeError("It is fitted.")

    def predict_proba(self, X):
        return [own[X] for own in self.kept]
