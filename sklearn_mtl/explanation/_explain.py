"""Explanations of the answers of a fitted classifier."""

from collections.abc import Sequence
from copy import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..metrics._fitted import last_step
from ..utils._rows import n_rows, settled
from ..utils._typing import Estimator, Rows
from ._features import read_features
from ._questions import ask, check_explainable
from ._result import Explanations
from ._units import make_units


def explain(
    estimator: Estimator,
    X: Rows,
    tasks: str | Sequence[str] | None = None,
    *,
    labels: Any = None,
    units: str = "words",
    feature_names: Sequence[str] | None = None,
    n_steps: int = 50,
) -> Explanations:
    r"""Explain predictions: what each word adds to the logit of a label and its rival.

    The contributions of a text add up to the logit of the label, minus that of the
    empty text, ``base``. With the default network they are exact, and so they are for
    ``trunk=None`` and for all of "bag" and "dense" trunks without experts. Other
    networks are integrated over `n_steps` points, and ``error`` says what is missing
    from the sum.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier, Pipeline or search
        Fitted. A Pipeline or a search must end in a MultiTaskTextClassifier.

    X : list of str, table or rows
        What the estimator predicts from.

    tasks : str or list of str, default=None
        The tasks to explain. None explains all that have at least two classes.

    labels : dict, default=None
        ``{task: label}``, or ``{task: list with a label or None for each text}``: the
        label to explain. None is the predicted one. For the true labels of texts that
        were predicted wrongly, it says what speaks for them.

    units : {"words", "features"}, default="words"
        "words" adds up all features of a word: the word itself, half of each pair of
        words, and its parts. "features" lists each of them, in all its places.

    feature_names : list of str, default=None
        Names of the columns of numeric rows. None takes those of a data frame.

    n_steps : int, default=50
        Number of points for networks that need them. Time and precision grow with it.

    Returns
    -------
    explanations : Explanations
        One :class:`Explanation` for each text.

    Raises
    ------
    ValueError
        If features have no names, there is no such task or label, or the network reads
        words in an unknown way.

    TypeError
        If the estimator has no logits to explain.

    Notes
    -----
    The contribution of feature *i* to a logit *z* is its integrated gradient on the
    straight path from the empty text [1]_,

    .. math:: c_i = x_i \int_0^1 \frac{\partial z}{\partial x_i}(a x)\,da,
        \qquad \sum_i c_i = z(x) - z(0)

    Private paths are linear, so :math:`c_i = x_i w_i`. A hidden unit of a bag adds
    :math:`h_j = \max(0, u_j + b_j)` with :math:`u_j = \sum_i x_i w_{ij}`. Its integral
    has a closed form, the slope of the line through its values at both ends, which is
    the rescale rule of DeepLIFT [2]_.

    Empty means: no words, numbers at their mean where the classifier centres them (see
    ``column_scales_``) and otherwise 0, and the mean embedding.

    The predicted probability relates to the two logits by

    .. math:: \log\frac{p}{p'} = \frac{z - z'}{T} + s

    with the temperature *T* of the task and *s* for the class shares, the attributes
    ``temperature`` and ``shift``. For an ordinal task *p* and :math:`p'` are the
    probabilities of both sides of the threshold between label and rival.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks",
       ICML 2017.
    .. [2] A. Shrikumar, P. Greenside, A. Kundaje, "Learning Important Features Through
       Propagating Activation Differences", ICML 2017.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.inspection import explain
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {
    ...     "tone": ["good", "bad"] * 10,
    ...     "topic": ["tech", "tech", "art", "art"] * 5,
    ... }
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> (explanation,) = explain(clf, ["a great film"])
    >>> [(a.task, a.label, a.rival, a.top(1)) for a in explanation]
    [('tone', 'good', 'bad', ['great']), ('topic', 'art', 'tech', ['film'])]
    """
    _check(estimator, units, n_steps)
    X = settled(X)
    transformers, classifier = last_step(estimator)
    classifier = copy(classifier)  # consistent, even if another thread fits it again
    chosen = _tasks(classifier, tasks)
    asked = _asked(classifier, labels, chosen, n_rows(X))
    features = _features(transformers, classifier, feature_names)
    read = X
    for transformer in transformers:
        X = transformer.transform(X)
    dataset = classifier._dataset(X)
    logits = classifier._logits_of(dataset)
    questions = ask(classifier.targets_, classifier.calibration_, logits, chosen, asked)
    found = make_units(
        features,
        read,
        dataset.X,
        by_word=units == "words",
        has_block=dataset.dense is not None,
    )
    wanted = np.hstack([questions.label_logits, questions.rival_logits])
    parts = classifier._contributions(
        dataset, found.shares, found.rows, wanted, int(n_steps)
    )
    return Explanations(classifier.targets_, questions, found, parts)


class ExplainingMixin:
    """Gives a classifier the method :meth:`explain`."""

    def explain(
        self,
        X,
        tasks=None,
        *,
        labels=None,
        units="words",
        feature_names=None,
        n_steps=50,
    ):
        """Explain predictions: what each word adds to a label and to its rival.

        Parameters
        ----------
        X : texts or numeric rows, as in ``fit``

        tasks : str or list of str, default=None
            The tasks to explain. None explains all that have at least two classes.

        labels : dict, default=None
            ``{task: label}``, or ``{task: list with a label or None for each text}``:
            the label to explain. None is the predicted one.

        units : {"words", "features"}, default="words"
            "words" adds up all features of a word, "features" lists each of them.

        feature_names : list of str, default=None
            Names of the columns of numeric rows. None takes those of a data frame.

        n_steps : int, default=50
            Number of points for networks that are integrated numerically.

        Returns
        -------
        explanations : Explanations
            One for each text; see :func:`sklearn_mtl.inspection.explain`.
        """
        return explain(
            self,
            X,
            tasks,
            labels=labels,
            units=units,
            feature_names=feature_names,
            n_steps=n_steps,
        )


def _check(estimator, units, n_steps):
    """Raise an error for parameters that cannot be used."""
    needs = "explain() needs a fitted MultiTaskTextClassifier, or a Pipeline or search"
    found = type(estimator).__name__
    if not hasattr(estimator, "fit"):
        advice = ""
        if hasattr(estimator, "predict_proba"):
            advice = " Load a saved classifier without runtime='numpy'."
        raise TypeError(f"{needs} that ends in one. Got {found}.{advice}")
    check_is_fitted(estimator)
    if not hasattr(last_step(estimator)[1], "_contributions"):
        raise TypeError(
            f"{needs} that ends in one. Got {found} of "
            f"{type(last_step(estimator)[1]).__name__}."
        )
    if units not in ("words", "features"):
        raise ValueError(f"units must be 'words' or 'features'. Got {units!r}.")
    is_count = isinstance(n_steps, Integral) and not isinstance(n_steps, bool)
    if not is_count or n_steps < 1:
        raise ValueError(f"n_steps must be an int of at least 1. Got {n_steps!r}.")


def _tasks(classifier, tasks):
    """Return the numbers of the tasks to explain."""
    targets = classifier.targets_
    constant = [
        name
        for name, task in zip(targets.names, targets.tasks, strict=True)
        if len(task.classes_) < 2 and not task.is_multilabel
    ]
    names = [tasks] if isinstance(tasks, str) else tasks
    if names is None:
        names = [name for name in targets.names if name not in constant]
        if not names:
            raise ValueError(
                f"The task(s) {constant} have a single class, so there is nothing to "
                "explain."
            )
    names = list(names)
    unknown = [name for name in names if name not in targets.names]
    if unknown or not names:
        raise ValueError(
            f"tasks must name tasks of {targets.names}. Got {unknown or names}."
        )
    if set(names) & set(constant):
        raise ValueError(
            f"The task {constant[0]!r} has a single class, so there is nothing to "
            "explain. Leave it out of `tasks`."
        )
    found = sorted({targets.names.index(name) for name in names})
    for k in found:
        check_explainable(targets.tasks[k], targets.names[k])
    return found


def _asked(classifier, labels, chosen, size):
    """Return the codes of the labels to explain, by task."""
    targets, asked = classifier.targets_, {}
    names = [targets.names[k] for k in chosen]
    for name, given in dict(labels or {}).items():
        if name not in names:
            raise ValueError(
                f"labels must be a dict with tasks of {names}. Got the key {name!r}."
            )
        k = targets.names.index(name)
        is_list = hasattr(given, "__iter__") and not isinstance(given, str | bytes)
        cells = list(given) if is_list else [given] * size
        if len(cells) != size:
            raise ValueError(
                f"labels[{name!r}] must be a label, or a list with one for each of the "
                f"{size} text(s). Got {len(cells)}."
            )
        classes = targets.tasks[k].classes_.tolist()
        number = {label: code for code, label in enumerate(classes)}
        # NaN is the only value that differs from itself.
        codes = [-1 if c is None or c != c else number.get(c, -2) for c in cells]
        wrong = [row for row, code in enumerate(codes) if code == -2]
        if wrong:
            raise ValueError(
                f"labels[{name!r}] holds {cells[wrong[0]]!r} in row(s) {wrong[:5]}. "
                f"The classes are {classes[:10]}."
            )
        asked[k] = np.array(codes)
    return asked


def _features(transformers, classifier, names):
    """Return the features of the rows that the network reads."""
    own = classifier.vectorizer_
    steps = [*transformers, *([] if own is None else [own])]
    width = getattr(classifier, "n_features_in_", None)
    if names is not None:
        names = list(names)
        if steps:
            raise ValueError(
                "feature_names is for numeric rows, but this estimator has a "
                f"{type(steps[-1]).__name__}, which names its features itself. Leave "
                "it out."
            )
        if len(names) != width:
            raise ValueError(
                f"feature_names must have a name for each of the {width} columns of X. "
                f"Got {len(names)}."
            )
    elif not steps:
        names = getattr(classifier, "feature_names_in_", None)
    return read_features(steps, names, width)
