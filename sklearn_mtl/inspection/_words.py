"""The most characteristic words for each class of each task."""

from collections.abc import Sequence
from copy import copy
from html import escape
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from ..metrics._fitted import last_step
from ..utils._optional import import_optional
from ..utils._text_table import shorten
from ..utils._typing import Axes, Estimator, Frame, Rows
from ._panels import COLOURS, make_panels


def top_words(
    estimator: Estimator, X: Rows, *, n_words: int = 10, through: str = "both"
) -> "TopWords":
    """Find the features that raise the score of each class of each task most.

    The effect of a feature on a class is the mean over texts of the gradient of the
    class's logit with respect to the feature, times the mean value of the feature where
    it occurs (for dense rows, over all rows). It estimates what a word adds to the
    logit, relative to the mean over the classes of the task. An ordinal task has one
    logit: it counts for classes above the middle of the scale and against those below,
    in proportion to their distance from it; a class in the middle has no words.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        A MultiTaskTextClassifier, or ``MultiOutputClassifier`` of linear models, with a
        vectorizer of its own or in a Pipeline.

    X : list of str, or rows
        Texts to analyse, such as the training texts. Only their features can be found.

    n_words : int, default=10
        Number of features per class.

    through : {"both", "private", "trunk"}, default="both"
        For a MultiTaskTextClassifier: the path from rows to logits. "private" is the
        private path of a task, "trunk" the path through the shared layer, or through
        experts and their gates.

    Returns
    -------
    words : TopWords
        Prints as a list of words per class.

    Raises
    ------
    ValueError
        If features have no names, or effects cannot be computed.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.inspection import top_words
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {
    ...     "tone": ["good", "bad"] * 10,
    ...     "topic": ["tech", "tech", "art", "art"] * 5,
    ... }
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> print(top_words(clf, texts, n_words=1))
    tone
      bad   awful
      good  great
    topic
      art   film
      tech  phone
    """
    check_is_fitted(estimator)
    if through not in ("both", "private", "trunk"):
        raise ValueError(
            f"through must be 'both', 'private' or 'trunk'. Got {through!r}."
        )
    if n_words < 1:
        raise ValueError(f"n_words must be at least 1. Got {n_words}.")
    transformers, classifier = last_step(estimator)
    for transformer in transformers:
        X = transformer.transform(X)
    classifier = copy(classifier)  # consistent, even if another thread fits it again
    if hasattr(classifier, "_feature_effects"):
        rows, effects = classifier._feature_effects(X, through)
        if classifier.vectorizer_ is not None:
            transformers = [classifier.vectorizer_]
    else:
        effects = _linear_effects(classifier, through)
        rows = X if issparse(X) else np.asarray(X)
    names = _feature_names(transformers, classifier, rows.shape[1])
    typical = _typical_values(rows)
    tasks = getattr(classifier, "task_names_", None)
    tasks = [f"task{k}" for k in range(len(effects))] if tasks is None else tasks
    classes = classifier.classes_
    classes = [classes] if np.ndim(classes[0]) == 0 else classes
    words: dict[str, dict[Any, Any]] = {}
    values: dict[str, dict[Any, Any]] = {}
    for task, own_classes, effect in zip(tasks, classes, effects, strict=True):
        strength = effect * typical[:, None]
        words[task], values[task] = {}, {}
        for label, column in zip(own_classes.tolist(), strength.T, strict=True):
            best = np.argsort(-column, kind="stable")[:n_words]
            best = best[column[best] > 0]
            words[task][label] = names[best].tolist()
            values[task][label] = column[best].astype(float)
    return TopWords(words, values)


def _linear_effects(classifier, through):
    """Return the coefficients of one linear model per task, one column per class."""
    models = getattr(classifier, "estimators_", None)
    if (
        through != "both"
        or not hasattr(classifier, "classes_")
        or not models
        or not all(hasattr(model, "coef_") for model in models)
    ):
        raise ValueError(
            f"Effects through {through!r} cannot be computed for "
            f"{type(classifier).__name__}. Pass a MultiTaskTextClassifier, or a "
            "MultiOutputClassifier of linear models with through='both'."
        )
    effects = []
    for model in models:
        columns = model.coef_.T
        columns = columns.toarray() if issparse(columns) else np.asarray(columns)
        if columns.shape[1] == 1:
            columns = np.column_stack([np.zeros(len(columns)), columns[:, 0]])
        effects.append(columns - columns.mean(axis=1, keepdims=True))
    return effects


def _feature_names(transformers, classifier, n_features):
    """Return the feature names of the last of these steps."""
    names = None
    for transformer in transformers:
        try:
            names = transformer.get_feature_names_out(names)
        except AttributeError as error:
            raise ValueError(
                f"{_kind(transformer)} has no feature names. Use a vectorizer "
                "with get_feature_names_out."
            ) from error
    if names is None:
        names = getattr(classifier, "feature_names_in_", None)
    if names is None:
        names = [f"x{k}" for k in range(n_features)]
    # "auto" reads words and, with few texts, character n-grams; words need no prefix.
    return np.array([str(name).removeprefix("words__") for name in names], dtype=object)


def _kind(transformer):
    steps = [step for _, step in getattr(transformer, "steps", [("", transformer)])]
    return " and ".join(type(step).__name__ for step in steps)


def _typical_values(rows):
    """Return the mean absolute value of each feature where it occurs, or 0."""
    if not issparse(rows):
        return np.abs(rows).mean(axis=0)
    rows = abs(rows).tocsc()
    times = np.diff(rows.indptr)
    return np.asarray(rows.sum(axis=0)).ravel() / np.maximum(times, 1)


class TopWords:
    """Result of :func:`top_words`.

    Attributes
    ----------
    words : dict of dict of {label: list of str}
        ``words[task][class]``, the strongest word first.

    effects : dict of dict of {label: ndarray}
        What each word adds to the logit of the class.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.inspection import top_words
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> top_words(clf, texts, n_words=1).words["tone"]["good"]
    ['great']
    """

    def __init__(self, words: Any, effects: Any) -> None:
        self.words = words
        self.effects = effects

    def to_frame(self) -> Frame:
        """Return a pandas data frame with one row per word.

        Returns
        -------
        frame : pandas.DataFrame
            Columns "task", "class", "word" and "effect".

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pd = import_optional("pandas", "pandas", "to_frame()", "words and effects")
        rows = [
            (task, label, word, effect)
            for task, classes in self.words.items()
            for label, words in classes.items()
            for word, effect in zip(words, self.effects[task][label], strict=True)
        ]
        return pd.DataFrame(rows, columns=["task", "class", "word", "effect"])

    def __str__(self):
        lines = []
        for task, classes in self.words.items():
            lines.append(str(task))
            width = max(len(str(label)) for label in classes)
            lines += [
                f"  {label!s:<{width}}  {', '.join(words)}".rstrip()
                for label, words in classes.items()
            ]
        return "\n".join(lines)

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        rows = [
            f"<tr><td>{escape(str(task))}</td><td>{escape(str(label))}</td>"
            f"<td style='text-align:left'>{escape(', '.join(words))}</td></tr>"
            for task, classes in self.words.items()
            for label, words in classes.items()
        ]
        header = "<tr><th>task</th><th>class</th><th>words</th></tr>"
        return f"<table>{header}{''.join(rows)}</table>"


class TopWordsDisplay:
    """Bar charts of the words for each class of a task.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    words : TopWords
        Result of :func:`top_words`.

    task : str
        The task to draw.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (n_classes,)

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.inspection import TopWordsDisplay
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> display = TopWordsDisplay.from_estimator(clf, texts, n_words=2)
    >>> display.figure_.savefig("words.png")  # doctest: +SKIP
    """

    def __init__(self, words: Any, task: str | int | None) -> None:
        self.words = words
        self.task = task

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        task: str | int | None = None,
        *,
        n_words: int = 10,
        through: str = "both",
        max_classes: int = 9,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the top words of a task.

        Parameters
        ----------
        estimator, X : as in :func:`top_words`

        task : str, default=None
            Name of the task. May be omitted if there is only one.

        n_words, through : as in :func:`top_words`

        max_classes : int, default=9
            Maximum number of classes to draw; the first ones are drawn.

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TopWordsDisplay

        Raises
        ------
        ValueError
            If there is no such task, or a parameter has an invalid value.
        """
        words = top_words(estimator, X, n_words=n_words, through=through)
        if task is None and len(words.words) == 1:
            (task,) = words.words
        if task not in words.words:
            raise ValueError(
                f"There is no task {task!r}. The tasks are {list(words.words)}."
            )
        return cls(words, task).plot(max_classes=max_classes, ax=ax)

    def plot(
        self, *, max_classes: int = 9, ax: Axes | Sequence[Axes] | None = None
    ) -> Self:
        """Draw.

        Parameters
        ----------
        max_classes : int, default=9
            Maximum number of classes to draw; the first ones are drawn.

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TopWordsDisplay
            The display itself.
        """
        if max_classes < 1:
            raise ValueError(f"max_classes must be at least 1. Got {max_classes}.")
        classes = self.words.words[self.task]
        effects = self.words.effects[self.task]
        shown = list(classes)[:max_classes]
        longest = max(1, *(len(classes[label]) for label in shown))
        self.axes_ = make_panels(
            ax, len(shown), "TopWordsDisplay.plot", size=(2.9, 0.75 + 0.19 * longest)
        )
        self.figure_ = self.axes_[0].figure
        most = max(effects[label].max(initial=0) for label in shown)
        for axes, label in zip(self.axes_, shown, strict=True):
            words = classes[label]
            places = np.arange(len(words))
            axes.barh(places, effects[label], color=COLOURS[0], height=0.7)
            axes.set_yticks(places, [shorten(word, 24) for word in words], fontsize=8)
            axes.set_ylim(longest - 0.4, -0.6)
            # The same scale, so that classes without informative words show short bars.
            axes.set_xlim(0, 1.05 * most or 1)
            axes.set_title(f"{shorten(self.task)}: {shorten(label)}", fontsize=10)
            axes.tick_params(axis="x", labelsize=8)
            axes.set_xlabel("adds to the logit", fontsize=8)
        if ax is None and len(shown) < len(classes):
            self.figure_.suptitle(f"{len(shown)} of {len(classes)} classes")
        return self
