"""``predict``: predict a table with a saved classifier."""

from dataclasses import dataclass

from ._answers import classes_of
from ._errors import CommandError, UsageError, some
from ._files import check_output
from ._labels import read_texts
from ._predictions import Predictions
from ._saved import known_columns, load_texts_model, read_password
from ._tables import Dialect, check_format, read_table


@dataclass(frozen=True)
class SavedColumn:
    """A task of a saved classifier, with what is needed to write its column.

    Attributes
    ----------
    name : str

    labels : list

    holds_lists : bool
        Whether cells hold several labels.

    separator : str or None
        The separator in text cells; None chooses one that occurs in no label.
    """

    name: str
    labels: list
    holds_lists: bool
    separator: str | None


def run(options):
    """Carry out the command.

    Parameters
    ----------
    options : argparse.Namespace
        See ``_options.py``.
    """
    for path in (options.new, options.to):
        check_format(path)
    check_output(options.to, [options.model, options.new])
    password = read_password(options.password_env)
    classifier = load_texts_model(options.model, password, options.runtime)
    text, separators = known_columns(options.model, classifier)
    columns = saved_columns(classifier, options.separator, separators)
    dialect = Dialect(options.delimiter, options.quoting, options.encoding)
    table = read_table(options.new, dialect)
    names = text_columns(options, table, text)
    texts = read_texts(table, names)
    Predictions(options.to, table, columns, dialect).write(classifier, texts)


def saved_columns(classifier, separator, separators):
    """Return a SavedColumn for each task.

    Parameters
    ----------
    classifier : MultiTaskPredictor or MultiTaskTextClassifier

    separator : str or None
        The separator from the option.

    separators : dict of str to str
        The separators of the fit.
    """
    columns = [
        SavedColumn(
            name,
            labels,
            classifier.task_types_[name] == "multilabel",
            separator or separators.get(name),
        )
        for name, labels in zip(
            classifier.task_names_, classes_of(classifier), strict=True
        )
    ]
    if separator and not any(column.holds_lists for column in columns):
        raise UsageError(
            "--separator is for cells with several labels, but the model predicts one "
            "label per cell. Remove --separator."
        )
    return columns


def text_columns(options, table, known):
    """Return the text columns: those of the option, or else those of the fit."""
    names = options.text or known
    if not names:
        raise UsageError(
            "Use --text COLUMN to name the text column: it is not stored in "
            f"{options.model}. The columns of {table.path} are: {some(table.columns)}."
        )
    if len(set(names)) < len(names):
        raise UsageError(f"--text names a column twice. Got {some(names)}.")
    lacking = [name for name in names if name not in table.columns]
    if lacking and not options.text:
        raise CommandError(
            f"{table.path} has no column {lacking[0]!r}, which {options.model} was "
            "fitted on. If the column has another name here, use --text. Its columns "
            f"are: {some(table.columns)}."
        )
    table.check_columns(names)
    return names
