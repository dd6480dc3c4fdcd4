"""``report``: score a saved classifier on a labelled table."""

from ..metrics import multitask_scores
from ._columns import refuse_aggregates
from ._doubts import warn_of_unused
from ._errors import CommandError, UsageError, count, did_you_mean, some
from ._files import check_output
from ._html import import_matplotlib
from ._labels import LabelColumn, read_texts
from ._model import estimator_errors
from ._predict import saved_columns, text_columns
from ._process import say
from ._report import fill, scores_table
from ._saved import known_columns, load_texts_model, read_password
from ._tables import Dialect, check_format, read_table


def run(options):
    """Carry out the command.

    Parameters
    ----------
    options : argparse.Namespace
        See ``_options.py``.
    """
    check_format(options.data)
    if options.html:
        check_output(options.html, [options.model, options.data], "--html")
        import_matplotlib()
    password = read_password(options.password_env)
    # torch, because only this runtime loads the fitted attributes.
    classifier = load_texts_model(options.model, password, "torch")
    text, separators = known_columns(options.model, classifier)
    saved = saved_columns(classifier, options.separator, separators)
    dialect = Dialect(options.delimiter, options.quoting, options.encoding)
    table = read_table(options.data, dialect)
    names = text_columns(options, table, text)
    texts = read_texts(table, names)
    columns = scored_columns(options, table, saved)
    labels = {column.name: column.read(table) for column in columns}
    warn_of_unused(options.missing, table, list(labels))
    if all(cell is None for cells in labels.values() for cell in cells):
        raise CommandError(
            f"{table.path} has no labels in {some(labels)} to score on: all cells are "
            "missing."
        )
    predicted = classifier.predict(texts, output="dict")
    with estimator_errors("score"):
        scores = multitask_scores(labels, {task: predicted[task] for task in labels})
    heading = f"Scores of {options.model} on {table.path} ({count(len(texts), 'text')})"
    say(
        f"{fill(heading)}\n\n{scores_table(scores, list(labels))}\n\n"
        "Recall and F1 are means over classes. support: labelled texts."
    )
    if options.html:
        from ._page import Page, Results

        orders = {
            column.name: column.labels
            for column in columns
            if classifier.task_types_[column.name] == "ordinal"
        }
        page = Page(options.html, table.path, labels, orders)
        say()
        page.write(Results(classifier, texts, labels, table.path, scores))


def scored_columns(options, table, saved):
    """Return a LabelColumn for each task to score: those of --tasks, or all present."""
    known = {column.name: column for column in saved}
    for name in options.tasks:
        if name not in known:
            raise UsageError(
                f"--tasks: {options.model} has no task {name!r}."
                f"{did_you_mean(name, known)} Its tasks are: {some(known)}."
            )
    names = options.tasks or [name for name in known if name in table.columns]
    if not names:
        raise CommandError(
            f"{table.path} has no label column for {options.model}, whose tasks are "
            f"{some(known)}. Its columns are: {some(table.columns)}."
        )
    names = list(dict.fromkeys(names))
    refuse_aggregates(names, "Rename the column, or remove it from --tasks.")
    table.check_columns(names)
    return [
        LabelColumn.known(
            name,
            known[name].labels,
            holds_lists=known[name].holds_lists,
            separator=known[name].separator,
            missing=options.missing,
        )
        for name in names
    ]
