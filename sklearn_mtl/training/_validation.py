"""The score of a validation split, used for early stopping."""

from typing import NamedTuple

import numpy as np

from ..metrics._metrics import METRICS, score_task
from ..metrics._scores import worst_of_tasks

_TOGETHER = ("mean", "worst")


class ValidationScore(NamedTuple):
    """A metric, and the task or average that early stopping reads.

    Attributes
    ----------
    metric : str, default="accuracy"
        Name of the metric. Higher is better.

    over : str or None, default=None
        "mean", "worst" or the name of a task; None without early stopping.
    """

    metric: str = "accuracy"
    over: str | None = None

    @classmethod
    def of_name(cls, name, task_names):
        """Parse `early_stopping_metric`.

        Parameters
        ----------
        name : str
            "mean", "worst" or a task, for accuracy; or the name of a metric, an
            underscore and one of these, as in the score names of
            :func:`~sklearn_mtl.metrics.multitask_scorer`.

        task_names : list of str

        Returns
        -------
        score : ValidationScore

        Raises
        ------
        ValueError
            If the name is unknown.
        """
        ends = [*_TOGETHER, *task_names]
        if name in ends:
            return cls(over=name)
        for metric in METRICS.values():
            over = name.removeprefix(f"{metric.name}_")
            if over in ends and over != name and not metric.is_loss:
                return cls(metric.name, over)
        raise ValueError(
            "early_stopping_metric must be 'mean', 'worst' or the name of a task, "
            "optionally after a metric for which higher is better, such as "
            f"'f1_macro_mean' or 'neg_log_loss_worst'. Got {name!r}; the tasks are "
            f"{task_names}."
        )

    @property
    def reads_probabilities(self):
        """Whether the metric needs probabilities."""
        return METRICS[self.metric].reads_probabilities

    @property
    def reads_order(self):
        """Whether the metric needs ordered classes."""
        return METRICS[self.metric].reads_order

    def __call__(self, task_names, cells):
        """Score every task.

        Parameters
        ----------
        task_names : list of str

        cells : list of tuple
            For each task: codes, predicted codes, probabilities or None, and weights,
            for all rows. Cells with negative codes are ignored. Task types with several
            codes per cell have 2-D arrays of codes.

        Returns
        -------
        scores : dict of {str: float}
            The score of each task, NaN if undefined, and their "mean" and "worst".

        Raises
        ------
        ValueError
            If the score for early stopping is undefined.
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
                f"Early stopping needs the {self.metric} of {self.over!r}, which is "
                "not defined on the validation split: it has too few labels, only one "
                "class, or classes without an order. Use another "
                "early_stopping_metric, or a larger validation_fraction."
            )
        return scores

    def _task(self, codes, decided, probabilities, weights):
        first = codes if codes.ndim == 1 else codes[:, 0]  # missing: all < 0
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


def check_validated(score, targets, codes):
    """Raise a ValueError if no held-out row has a label of the task to score."""
    if score.over not in targets.names:
        return
    if (codes[:, targets.layout.starts[targets.names.index(score.over)]] < 0).all():
        raise ValueError(
            f"early_stopping_metric is the task {score.over!r}, and none of the "
            f"{len(codes)} rows of the validation split carries its label: it has too "
            "few. Use 'mean', or a larger validation_fraction."
        )
