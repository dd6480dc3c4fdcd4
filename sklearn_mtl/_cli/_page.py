"""The report of ``--html``: scores, classes, displays, settings and versions."""

import platform
import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version

import numpy as np

from .. import __version__
from ..inspection import (
    CalibrationCurvesDisplay,
    ConfusionMatricesDisplay,
    LabelOverviewDisplay,
    LearningCurvesDisplay,
)
from ..metrics import multitask_report, multitask_scores
from ._errors import count
from ._files import write_bytes
from ._html import heading, image, links, page, paragraph, side_by_side, table
from ._process import say
from ._report import METRICS, number
from ._tags import labels_in

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "matplotlib")
# Fitted attributes with the values chosen for "auto" parameters.
FOUND = (
    *("n_iter_", "batch_size_", "learning_rate_init_", "alpha_", "loss_weights_"),
    *("temperatures_", "learning_rate_factor_", "trunk_", "sharing_", "device_"),
)
# Number of bins of the calibration error in the table of scores.
N_BINS = 15
# More panels than this in one image are too small to read.
MOST_TASKS_TO_DRAW = 12


@dataclass
class Results:
    """A scored classifier, and the data it was scored on.

    Attributes
    ----------
    classifier : MultiTaskTextClassifier

    texts : list of str

    labels : dict of str to list
        True labels of these texts; None if missing.

    name : str
        Name of the data, such as "held-out rows".

    scores : dict of dict
        From :func:`sklearn_mtl.metrics.multitask_scores`.

    majority : dict of str to float, default=None
        For each task, the accuracy of always predicting the most frequent label.

    n_fitted : int, default=None
        Number of training rows.

    seconds : float, default=None
        Fit time.
    """

    classifier: object
    texts: list
    labels: dict
    name: str
    scores: dict
    majority: dict | None = None
    n_fitted: int | None = None
    seconds: float | None = None


class Page:
    """A report on one table, its tasks, and a network trained on them.

    Parameters
    ----------
    path : str
        Output file.

    source : str
        Name of the table, as the user wrote it.

    labels : dict of str to list
        Labels of each task in that table.

    orders : dict of str to list
        All labels of ordinal tasks, in order.
    """

    def __init__(self, path, source, labels, orders):
        self.path, self.source = path, source
        self.labels, self.orders = labels, orders
        self.several = {
            task: any(isinstance(cell, list) for cell in cells)
            for task, cells in labels.items()
        }

    def write(self, results):
        """Write the page.

        Parameters
        ----------
        results : Results
        """
        self.results = results
        classifier = results.classifier
        self.predicted = classifier.predict(results.texts, output="dict")
        self.probabilities = classifier.predict_proba(results.texts, output="dict")
        classes = classifier.classes_
        own = [classes] if isinstance(classes, np.ndarray) else classes
        own = dict(zip(classifier.task_names_, own, strict=True))
        # The table may have only some of the tasks.
        self.predicted = {task: self.predicted[task] for task in self.labels}
        self.probabilities = {task: self.probabilities[task] for task in self.labels}
        self.classes = {task: own[task] for task in self.labels}
        sections = {
            "scores": ("Scores", self._scores()),
            "labels": ("Labels", self._label_overview()),
        }
        for k, task in enumerate(self.labels):
            sections[f"task-{k}"] = (task, self._task(task))
        if hasattr(classifier, "history_"):  # not stored in model files
            sections["training"] = ("Training", self._training())
        sections["settings"] = ("Settings and versions", self._settings())
        title = f"{self.source}: {count(len(self.labels), 'task')}"
        parts = [*self._opening(), links({a: t for a, (t, _) in sections.items()})]
        for anchor, (text, section) in sections.items():
            parts += [heading(text, anchor), *section]
        write_bytes(self.path, page(title, parts).encode("utf-8", errors="replace"))
        say(f"Wrote {self.path}: scores, classes and displays as one web page.")

    def _opening(self):
        results = self.results
        n_rows = len(next(iter(self.labels.values())))
        texts = f"{results.name} ({count(len(results.texts), 'text')})"
        fitted = f"A saved model was scored on {texts}."
        if results.n_fitted is not None:
            fitted = (
                f"The table has {count(n_rows, 'row')}. The network was fitted on "
                f"{results.n_fitted:,} of them, in {results.seconds:.1f} s, and scored "
                f"on {texts}."
            )
        yield paragraph(fitted)
        now = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
        yield paragraph(f"Written on {now} by sklearn_mtl {__version__}.", is_note=True)

    def _scores(self):
        results = self.results
        calibration = self._calibration_errors()
        rows = []
        for task, cells in self.labels.items():
            n_missing = sum(cell is None for cell in cells)
            own = results.scores[task]
            rows.append(
                [
                    task,
                    f"{len(set(labels_in(cells))):,}",
                    f"{len(cells) - n_missing:,}",
                    f"{n_missing / len(cells):.1%}",
                    *(number(own[metric]) for metric in METRICS),
                    *([number(results.majority[task])] if results.majority else []),
                    number(calibration[task]),
                    f"{own['support']:,}",
                ]
            )
        mean = [number(results.scores["mean"][metric]) for metric in METRICS]
        blank = [""] if results.majority else []
        last = [*blank, number(calibration["mean"]), ""]
        rows.append(["mean", "", "", "", *mean, *last])
        header = ["task", "classes", "labelled", "missing", *METRICS.values()]
        header += ["majority"] if results.majority else []
        header += ["calibration error", "support"]
        yield table(header, rows, n_totals=1, caption="Scores of each task")
        yield paragraph(
            "Recall and F1 are means over classes. "
            + (
                "Majority is the accuracy of always predicting the most frequent "
                "label. "
                if results.majority
                else ""
            )
            + "Calibration error is the mean difference between the probability of the "
            "predicted class and its accuracy, over bins of that probability. "
            f"Support counts the labelled texts that are scored; labelled and missing "
            f"count cells of {self.source}.",
            is_note=True,
        )

    def _calibration_errors(self):
        nan = float("nan")
        scores = multitask_scores(
            self.results.labels,
            self.predicted,
            "calibration_error",
            y_proba=self.probabilities,
            classes=list(self.classes.values()),
        )
        return {task: own.get("calibration_error", nan) for task, own in scores.items()}

    def _label_overview(self):
        single = {t: c for t, c in self.labels.items() if not self.several[t]}
        if 1 < len(single) <= MOST_TASKS_TO_DRAW:
            yield image(
                lambda: LabelOverviewDisplay.from_labels(single),
                "Labelled rows by class; rows that are labelled for two tasks; and the "
                "association between the labels of two tasks.",
                "Label counts, common rows and association of the tasks",
            )
        yield paragraph("The tables below count the labels of each task.", is_note=True)

    def _task(self, task):
        results, several = self.results, self.several[task]
        cells = self.labels[task]
        n_labelled = sum(cell is not None for cell in cells)
        times = Counter(labels_in(cells))
        support = results.scores[task]["support"]
        report = multitask_report(
            {task: results.labels[task]},
            {task: self.predicted[task]},
            orders={task: self.orders[task]} if task in self.orders else None,
        ).tasks[task]
        scored = report["classes"]
        order = self.orders.get(task) or [label for label, _ in times.most_common()]
        order = [*order, *(label for label in scored if label not in order)]
        rows = []
        for label in order:
            share = times[label] / n_labelled if n_labelled else 0
            row = [str(label), f"{times[label]:,}", f"{share:.1%}"]
            own = scored.get(label)
            rows.append([*row, *_scores_of_class(own)])
        for name, own in report["averages"].items():
            rows.append([name, "", "", *_scores_of_class(own)])
        yield paragraph(
            f"{count(n_labelled, 'cell')} of {len(cells):,} labelled, "
            f"{1 - n_labelled / len(cells):.1%} missing."
            + (" A cell holds several labels." if several else "")
            + (
                f" Accuracy {number(results.scores[task]['accuracy'])} on "
                f"{count(support, 'text')}."
                if support
                else " No scored text has a label."
            )
        )
        header = ["class", "cells", "share", "precision", "recall", "F1", "support"]
        parts = [
            table(
                header,
                rows,
                n_totals=len(report["averages"]),
                caption=f"Classes of {task}",
                scrolls=True,
            )
        ]
        if several:
            parts.append(
                paragraph(
                    "Confusion and calibration are drawn where a cell holds one label.",
                    is_note=True,
                )
            )
        elif support:
            parts += self._displays(task)
        yield side_by_side(parts)

    def _displays(self, task):
        """Draw the confusion matrix and calibration of one task."""
        # The name of the task is in the heading; captions describe the images.
        true, predicted = self.results.labels[task], self.predicted[task]
        name = "confusion"
        orders = {name: self.orders[task]} if task in self.orders else None
        yield image(
            lambda: ConfusionMatricesDisplay.from_predictions(
                {name: true}, {name: predicted}, orders=orders
            ),
            "Rows are true classes, columns are predicted classes.",
            f"Confusion matrix of {task}",
        )
        yield image(
            lambda: CalibrationCurvesDisplay.from_predictions(
                {"calibration": true},
                {"calibration": self.probabilities[task]},
                classes={"calibration": self.classes[task]},
                n_bins=N_BINS,
            ),
            "On the diagonal, probabilities are calibrated. Larger points represent "
            "more texts.",
            f"Calibration of {task}",
        )

    def _training(self):
        classifier = self.results.classifier
        if len(classifier.task_names_) <= MOST_TASKS_TO_DRAW:
            yield image(
                lambda: LearningCurvesDisplay.from_estimator(classifier),
                "Mean loss of each task over the labelled cells of an epoch.",
                "Training loss of each task by epoch",
            )
        history = classifier.history_
        columns = [("loss", "sum")] + [
            (f"loss_{task}", task) for task in classifier.task_names_
        ]
        rows = [
            [f"{k}", *(_four_digits(epoch.get(key)) for key, _ in columns)]
            for k, epoch in enumerate(history, start=1)
        ]
        yield table(
            ["epoch", *(name for _, name in columns)],
            rows,
            caption="Loss by epoch",
            scrolls=True,
        )

    def _settings(self):
        classifier = self.results.classifier
        yield f"<p><code>{_command()}</code></p>"
        defaults = type(classifier)().get_params(deep=False)
        values = classifier.get_params(deep=False)
        changed = [k for k in values if repr(values[k]) != repr(defaults[k])]
        rows = [[k, _words(values[k]), _words(defaults[k])] for k in changed]
        rows += [[k, _words(values[k]), ""] for k in values if k not in changed]
        found = [
            [name, _words(getattr(classifier, name))]
            for name in FOUND
            if hasattr(classifier, name)
        ]
        libraries = [[name, version(name)] for name in LIBRARIES]
        libraries.insert(0, ["sklearn_mtl", __version__])
        libraries.append(["Python", platform.python_version()])
        yield side_by_side(
            [
                table(
                    ["parameter", "value", "default, where changed"],
                    rows,
                    is_plain=True,
                ),
                table(["found by the fit", "value"], found, is_plain=True),
                table(["version", ""], libraries, is_plain=True),
            ]
        )


def _scores_of_class(own):
    """Format the scores of a class; dashes if no scored text has it."""
    if own is None:
        return ["-", "-", "-", "0"]
    scores = [number(own[name]) for name in ("precision", "recall", "f1-score")]
    return [*scores, f"{own['support']:,.0f}"]


def _four_digits(value):
    return "-" if value is None or value != value else f"{value:.4f}"


def _words(value):
    """Format a parameter or fitted attribute, with no more digits than needed."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(each)}" for key, each in value.items())
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return repr(value)


def _command():
    return escape(f"python -m sklearn_mtl {shlex.join(sys.argv[1:])}")
