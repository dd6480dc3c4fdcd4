"""Bars of the words that speak for an answer, and of those against it."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from ..explanation._explain import explain
from ..explanation._result import Explanation
from ..utils._text_table import shorten
from ..utils._typing import Axes, Estimator, Rows
from ._panels import COLOURS, DrawnOnPanels

FOR, AGAINST = COLOURS[0], COLOURS[4]


class ExplanationDisplay(DrawnOnPanels):
    """Bar charts of the words of a text that decide its answers.

    Use :meth:`from_estimator` or :meth:`from_explanation` to make one. Each answer has
    its own panel.

    Parameters
    ----------
    explanation : Explanation
        The explanation of a text, an item of what :func:`explain` returns.

    n_words : int, default=8
        Maximum number of words in a panel, those with the largest contributions.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (n_answers,)

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.inspection import ExplanationDisplay
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> display = ExplanationDisplay.from_estimator(clf, ["a great film"])
    >>> display.figure_.savefig("explanation.png")  # doctest: +SKIP
    """

    def __init__(self, explanation: Explanation, n_words: int = 8) -> None:
        self.explanation = explanation
        self.n_words = n_words

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        tasks: str | Sequence[str] | None = None,
        *,
        n_words: int = 8,
        units: str = "words",
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Explain one text and draw it.

        Parameters
        ----------
        estimator : as in :func:`explain`

        X : list of one text, or table of one row
            What to explain.

        tasks : as in :func:`explain`

        n_words : int, default=8
            Maximum number of words in a panel.

        units : as in :func:`explain`

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ExplanationDisplay

        Raises
        ------
        ValueError
            If X has several rows, or a parameter has an invalid value.
        """
        explanations = explain(estimator, X, tasks, units=units)
        if len(explanations) != 1:
            raise ValueError(
                f"X must hold one text, because a display is of one explanation. Got "
                f"{len(explanations)}."
            )
        return cls.from_explanation(explanations[0], n_words=n_words, ax=ax)

    @classmethod
    def from_explanation(
        cls,
        explanation: Explanation,
        *,
        n_words: int = 8,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the explanation of one text.

        Parameters
        ----------
        explanation : Explanation
            An item of what :func:`explain` returns.

        n_words : int, default=8
            Maximum number of words in a panel.

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ExplanationDisplay

        Raises
        ------
        ValueError
            If `n_words` is below 1.
        """
        if n_words < 1:
            raise ValueError(f"n_words must be at least 1. Got {n_words}.")
        return cls(explanation, n_words).plot(ax=ax)

    def _strongest(self, answer):
        """Return the numbers of the words to show, in the order of the text."""
        strength = np.abs(answer.contributions)
        order = np.argsort(-strength, kind="stable")[: self.n_words]
        return np.sort(order[strength[order] > 0])

    def _panels(self):
        shown = [len(self._strongest(answer)) for answer in self.explanation]
        height = 0.9 + 0.21 * max(1, *shown)
        return {"n_panels": len(shown), "size": (3.3, height)}

    def _draw(self, is_own_figure):
        for axes, answer in zip(self.axes_, self.explanation, strict=True):
            own = self._strongest(answer)
            values, places = answer.contributions[own], np.arange(len(own))
            colours = np.where(values > 0, FOR, AGAINST)
            axes.barh(places, values, color=colours, height=0.7)
            names = [_written(answer, k) for k in own]
            axes.set_yticks(places, names, fontsize=8)
            axes.set_ylim(max(1, len(own)) - 0.4, -0.6)
            axes.axvline(0, color="0.3", linewidth=0.8)
            axes.set_title(
                f"{shorten(answer.task)}: {shorten(answer.label)} "
                f"{answer.probability:.2f}",
                fontsize=10,
            )
            axes.tick_params(axis="x", labelsize=8)
            rival = "its absence" if answer.rival is None else answer.rival
            axes.set_xlabel(f"speaks against {shorten(rival)}", fontsize=8)


def _written(answer, k):
    column, word = answer.columns[k], str(answer.words[k])
    named = word if word.startswith(column) else f"{column}: {word}"
    # matplotlib reads text between dollar signs as a formula.
    return shorten(named, 24).replace("$", r"\$")
