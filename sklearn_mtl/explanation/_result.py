"""Explanations of the answers for texts, and what can be made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..utils._optional import import_optional
from ..utils._typing import Array, Frame
from ._html import explanation_html, explanations_html
from ._terminal import explanation_text

_COLUMNS = (
    "text",
    "task",
    "label",
    "rival",
    "column",
    "word",
    "start",
    "end",
    "contribution",
    "label_contribution",
    "rival_contribution",
)


@dataclass(frozen=True, eq=False)
class ExplainedAnswer:
    """Why a label was chosen for a text, and not its rival.

    An item of an :class:`Explanation`.

    Attributes
    ----------
    task : str
        Name of the task.

    label, rival : object
        The label, and the one that it is compared with: the most probable other class;
        for an ordinal task the neighbour that would be predicted next. None for a task
        with several labels, where a label is compared with its absence.

    probability : float
        Calibrated probability of the label.

    logit, rival_logit : float
        Raw logits of both, before the temperature. Of two classes, the first has the
        logit 0. Label and rival of an ordinal task share one logit, that of exceeding
        the lower of them; it is the lower one's that is 0.

    base, rival_base : float
        The logits of an empty text.

    temperature, shift : float
        The calibrated log-odds of label and rival are ``(logit - rival_logit) /
        temperature + shift``.

    error : float
        ``logit - rival_logit`` minus the bases and the sum of contributions: what the
        contributions leave unexplained.

    words, columns : ndarray of shape (n_words,), dtype object
        Words, or names of features. The column of X that each is from; empty if X was a
        list of texts.

    starts, ends : ndarray of shape (n_words,), dtype int64
        Place in the text: ``text[start:end]``. -1 where there is none.

    label_contributions, rival_contributions : ndarray of shape (n_words,)
        What each word adds to the logit of the label, and to that of the rival.

    contributions : ndarray of shape (n_words,)
        The difference of both: what speaks for the label and against the rival.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> answer = clf.explain(["an awful film"])[0]["tone"]
    >>> answer.label, answer.rival, answer.top(1)
    ('bad', 'good', ['awful'])
    >>> total = answer.base - answer.rival_base + answer.contributions.sum()
    >>> bool(abs(total - (answer.logit - answer.rival_logit)) < 1e-4)
    True
    """

    task: str
    label: Any
    rival: Any
    probability: float
    logit: float
    rival_logit: float
    base: float
    rival_base: float
    temperature: float
    shift: float
    words: Array
    columns: Array
    starts: Array
    ends: Array
    label_contributions: Array
    rival_contributions: Array

    @cached_property
    def contributions(self) -> Array:
        """What speaks for the label and against the rival."""
        return self.label_contributions - self.rival_contributions

    @property
    def error(self) -> float:
        """What the contributions leave unexplained."""
        explained = self.base - self.rival_base + self.contributions.sum()
        return float(self.logit - self.rival_logit - explained)

    def top(self, n_words: int = 10, *, against: bool = False) -> list[str]:
        """Return the words that speak most for the label.

        Parameters
        ----------
        n_words : int, default=10
            Maximum number of words.

        against : bool, default=False
            Whether to return the words that speak most against it.

        Returns
        -------
        words : list of str
            The strongest first.
        """
        values = -self.contributions if against else self.contributions
        order = np.argsort(-values, kind="stable")[:n_words]
        return self.words[order[values[order] > 0]].tolist()

    def to_shap(self) -> Any:
        """Return the contributions as an object of the shap library, for its plots.

        Returns
        -------
        explanation : shap.Explanation
            ``values`` are the contributions, ``base_values`` is the difference of the
            bases, and ``data`` and ``feature_names`` are the words.

        Raises
        ------
        ImportError
            If shap is not installed.
        """
        shap = import_optional("shap", "shap", "to_shap()", "to_frame()")
        return shap.Explanation(
            values=self.contributions,
            base_values=self.base - self.rival_base,
            data=self.words,
            feature_names=self.words.tolist(),
        )


class Explanation:
    """Why the tasks got their answers for one text.

    An item of :class:`Explanations`. It prints as text, and shows itself with
    highlights in a notebook.

    Attributes
    ----------
    texts : dict of {str: str}
        The text of each column that words are from. The key is empty if X was a list of
        texts.

    answers : list of ExplainedAnswer
        In task order. A task with several labels has one for each predicted label, or
        one for the most probable label.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> explanation = clf.explain(["a great film"])[0]
    >>> explanation["tone"].label
    'good'
    """

    def __init__(self, texts: dict[str, str], answers: list[ExplainedAnswer]) -> None:
        self.texts = texts
        self.answers = answers

    @property
    def text(self) -> str:
        """The texts, one per line."""
        return "\n".join(self.texts.values())

    def __iter__(self) -> Iterator[ExplainedAnswer]:
        return iter(self.answers)

    def __len__(self):
        return len(self.answers)

    def __getitem__(self, task: str) -> ExplainedAnswer:
        """Return the first answer of a task."""
        for answer in self.answers:
            if answer.task == task:
                return answer
        tasks = list(dict.fromkeys(answer.task for answer in self.answers))
        raise KeyError(f"There is no task {task!r}. The tasks are {tasks}.")

    def to_frame(self) -> Frame:
        """Return a pandas data frame with a row for each word and answer.

        Returns
        -------
        frame : pandas.DataFrame
            Columns "task", "label", "rival", "column", "word", "start", "end",
            "contribution", "label_contribution" and "rival_contribution".

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return _frame([self]).drop(columns="text")

    def to_html(self) -> str:
        """Return HTML with a line per task, in which words are highlighted.

        Returns
        -------
        html : str
            Blue speaks for the label, orange against it. Suits light and dark pages.
        """
        return explanation_html(self)

    def to_text(self, n_words: int = 5, *, color: bool = False) -> str:
        """Return the strongest words of each answer as text.

        Parameters
        ----------
        n_words : int, default=5
            Maximum number of words for and against each label.

        color : bool, default=False
            Whether to show the whole text, with words highlighted by the colors of a
            terminal.

        Returns
        -------
        text : str
            Two lines per answer, below its label.
        """
        return explanation_text(self, n_words, color)

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return self.to_text()

    def _repr_html_(self):
        return self.to_html()


class Explanations(Sequence[Explanation]):
    """Explanations of several texts, made by :func:`explain`.

    A sequence: ``explanations[0]`` is that of the first text.

    Attributes
    ----------
    task_names : list of str
        The tasks that are explained.

    errors : ndarray of shape (n_texts,)
        The largest error of a logit in each text: what contributions leave unexplained.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> explanations = clf.explain(["a great film", "an awful phone"])
    >>> [explanation["tone"].label for explanation in explanations]
    ['good', 'bad']
    >>> bool(explanations.errors.max() < 1e-4)
    True
    """

    def __init__(self, targets: Any, questions: Any, units: Any, parts: Any) -> None:
        self.task_names = list(dict.fromkeys(targets.names[k] for k in questions.tasks))
        self._targets, self._questions, self._units = targets, questions, units
        values = parts.parts
        values[units.is_block] += parts.block[units.rows[units.is_block]]
        self._base, self._logits, self._values = parts.base, parts.logits, values
        n_rows = len(parts.logits)
        self._bounds = np.searchsorted(units.rows, np.arange(n_rows + 1))

    @cached_property
    def errors(self) -> Array:
        """The largest error of a logit in each text."""
        total = np.zeros_like(self._logits, dtype=float)
        np.add.at(total, self._units.rows, self._values)
        return np.abs(self._logits - self._base - total).max(axis=1)

    def __len__(self):
        return len(self._logits)

    def __getitem__(self, index: Any) -> Any:
        """Return the explanation of a text, or a list of those of a slice."""
        rows = range(len(self))[index]
        if isinstance(rows, range):
            return [self._of_row(row) for row in rows]
        return self._of_row(rows)

    def _of_row(self, row):
        units, questions = self._units, self._questions
        own = slice(self._bounds[row], self._bounds[row + 1])
        texts = {source.column: source.texts[row] for source in units.sources}
        slots = np.flatnonzero(questions.labels[row] >= 0).tolist()
        return Explanation(texts, [self._answer(row, slot, own) for slot in slots])

    def _answer(self, row, slot, own):
        units, questions = self._units, self._questions
        width = questions.labels.shape[1]
        k, temperature = questions.tasks[slot], float(questions.temperatures[slot])
        classes = self._targets.tasks[k].classes_
        label, rival = questions.labels[row, slot], questions.rivals[row, slot]
        logit, rival_logit = self._logits[row, [slot, slot + width]].tolist()
        base, rival_base = self._base[row, [slot, slot + width]].tolist()
        odds = float(questions.log_odds[row, slot])
        return ExplainedAnswer(
            task=self._targets.names[k],
            label=classes[label : label + 1].tolist()[0],
            rival=None if rival < 0 else classes[rival : rival + 1].tolist()[0],
            probability=float(questions.probabilities[row, slot]),
            logit=logit,
            rival_logit=rival_logit,
            base=base,
            rival_base=rival_base,
            temperature=temperature,
            shift=odds - (logit - rival_logit) / temperature,
            words=units.words[own],
            columns=units.columns[own],
            starts=units.starts[own],
            ends=units.ends[own],
            label_contributions=self._values[own, slot],
            rival_contributions=self._values[own, slot + width],
        )

    def to_frame(self) -> Frame:
        """Return a pandas data frame with a row for each text, answer and word.

        Returns
        -------
        frame : pandas.DataFrame
            Column "text" with the number of the text, and the columns of
            :meth:`Explanation.to_frame`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return _frame(self)

    def __repr__(self):
        return f"Explanations of {len(self)} text(s) for the task(s) {self.task_names}"

    def _repr_html_(self):
        return explanations_html(self)


def _frame(explanations):
    pd = import_optional("pandas", "pandas", "to_frame()", "words and contributions")
    parts = []
    for row, explanation in enumerate(explanations):
        for answer in explanation:
            own = (answer.columns, answer.words, answer.starts, answer.ends)
            values = (
                answer.contributions,
                answer.label_contributions,
                answer.rival_contributions,
            )
            head = (row, answer.task, answer.label, answer.rival)
            size = len(answer.words)
            parts.append((*([value] * size for value in head), *own, *values))
    if not parts:
        return pd.DataFrame(columns=list(_COLUMNS))
    joined = [
        [cell for cells in column for cell in cells]
        if k < 6
        else np.concatenate([np.asarray(cells) for cells in column])
        for k, column in enumerate(zip(*parts, strict=True))
    ]
    return pd.DataFrame(dict(zip(_COLUMNS, joined, strict=True)))
