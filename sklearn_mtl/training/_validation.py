"""The score of a validation split, by which training stops."""

from typing import NamedTuple

import numpy as np

from ..metrics._metrics import METRICS, score_task
from ..metrics._scores import worst_of_tasks

_TOGETHER = ("mean", "worst")


class ValidationScore(NamedTuple):
    """A metric, and whose score of it counts.

    Attributes
    ----------
    metric : str, default="accuracy"
        By name. More of it is better.

    over : str or None, default=None
        "mean", "worst" or the name of a task; None where training does not stop by it.
    """

    metric: str = "accuracy"
    over: str | None = None

    @classmethod
    def of_name(cls, name, task_names):
        """Read what `early_stopping_metric` may be.

        Parameters
        ----------
        name : str
            "mean", "worst" or a task, for the accuracy; or one of these behind the name
            of a metric, as in the results of a scorer of several metrics.

        task_names : list of str

        Returns
        -------
        score : ValidationScore

        Raises
        ------
        ValueError
            If it means nothing for these tasks.
        """
        ends = [*_TOGETHER, *task_names]
        if name in ends:
            return cls(over=name)
        for metric in METRICS.values():
            over = name.removeprefix(f"{metric.name}_")
            if over in ends and over != name and not metric.is_loss:
                return cls(metric.name, over)
        raise ValueError(
            "early_stopping_metric must be 'mean', 'worst' or the name of a task, or "
            "one of these with a metric of which more is better in front, for instance "
            f"'f1_macro_mean' or 'neg_log_loss_worst'. Got {name!r}; the tasks are "
            f"{task_names}."
        )

    @property
    def reads_probabilities(self):
        """Whether labels are not enough."""
        return METRICS[self.metric].reads_probabilities

    @property
    def reads_order(self):
        """Whether classes must have an order."""
        return METRICS[self.metric].reads_order

    def __call__(self, task_names, cells):
        """Score every task.

        Parameters
        ----------
        task_names : list of str

        cells : list of tuple
            For each task codes, decided codes, probabilities or None, and weights, over
            all rows; a code below 0 is left out. A type with several codes a cell has
            tables of them.

        Returns
        -------
        scores : dict of {str: float}
            Of each task, NaN where it has none; of their "mean" and their "worst".

        Raises
        ------
        ValueError
            If the score that counts is not defined.
        """
        scores = {
            name: self._task(*parts)
            for name, parts in zip(task_names, cells, strict=True)
        }
        values = np.array(list(scores.values()))
        together = {"mean": np.nan, "worst": worst_of_tasks(values)}
        if not np.isnan(values).all():
            together["mean"] = float(np.nanmean(values))
        scores = together | scores
        if self.over and np.isnan(scores[self.over]):
            raise ValueError(
                f"The {self.metric} of {self.over!r}, by which training should "
                "stop, is not defined on the validation split: it has too few labels, "
                "of one class alone, or without an order. Use another "
                "early_stopping_metric, or a larger validation_fraction."
            )
        return scores

    def _task(self, codes, decided, probabilities, weights):
        first = codes if codes.ndim == 1 else codes[:, 0]  # a cell is missing whole
        rows = np.flatnonzero(first >= 0)
        classes = None
        if probabilities is not None:
            probabilities = probabilities[rows]
            classes = np.arange(probabilities.shape[1])
        return score_task(
            METRICS[self.metric],
            codes[rows],
            decided[rows],
            probabilities,
            classes,
            weights[rows],
        )
