"""``fit``: learn from a table, report scores, predict another table."""

import os
import warnings
from pathlib import Path

from ..metrics import multitask_scores
from . import _model
from ._errors import CommandError, UsageError, some
from ._labels import (
    check_labels,
    check_same_labels,
    hold_out,
    most_frequent,
    read_labels,
    read_texts,
    take,
)
from ._report import count, number, scores_table, text_table
from ._tables import check_format, read_table, write_table


def run(options):
    """Carry out the command.

    Parameters
    ----------
    options : argparse.Namespace
        See ``_main.py``.
    """
    check_options(options)
    train = read_table(options.data, options.delimiter)
    check_columns(options, train)
    # All tables are read before the training starts: what is wrong with one of them
    # should not come out after it.
    texts = read_texts(train, options.text)
    labels = read_labels(train, options.tasks, options.missing)
    check_labels(train, labels)
    test = read_test(options, labels)
    new = read_new(options)

    print(describe(train, labels), end="\n\n")
    everything = f"Fitting on all {count(len(train), 'row')}"
    if test:
        print(f"{everything}.", flush=True)
        classifier = fit_and_report(options, (texts, labels), test, options.test)
    else:
        if options.held_out:
            report_held_out(options, train, texts, labels)
        if new:
            print(f"{everything} to predict.", flush=True)
            classifier, _ = _model.fit(texts, labels, **parameters(options))
    if new:
        write_predictions(options, classifier, *new)


def parameters(options):
    """Translate options into parameters of the estimator."""
    return {
        "sharing": options.sharing,
        "max_iter": options.max_iter or "auto",
        "random_state": options.seed,
        "verbose": 0 if options.quiet else 1,
    }


def check_options(options):
    """Find what cannot work before anything is read."""
    if (options.predict is None) != (options.to is None):
        raise UsageError(
            "--predict FILE says which table to predict and --to FILE where to write "
            "the result. Give both or neither."
        )
    if options.test and options.held_out is not None:
        raise UsageError("--test and --held-out are two ways to score. Choose one.")
    if options.held_out is None:
        options.held_out = 0.0 if options.test else 0.2
    if not (options.test or options.held_out or options.predict):
        raise UsageError(
            "--held-out 0 without --test or --predict leaves nothing to do after the "
            "training."
        )
    inputs = [path for path in (options.data, options.test, options.predict) if path]
    for path in inputs:
        check_format(path)
    if options.to:
        check_output(options.to, inputs)


def check_output(path, inputs):
    """Make sure that the result can be written once it is there."""
    check_format(path)
    folder = Path(path).parent
    if not folder.is_dir():
        raise CommandError(f"Cannot write {path}: there is no folder {folder}.")
    if Path(path).is_dir():
        raise CommandError(f"Cannot write {path}: it is a folder.")
    if not os.access(folder, os.W_OK):
        raise CommandError(f"Cannot write {path}: the folder {folder} is read-only.")
    for other in inputs:
        if (
            Path(path).exists()
            and os.path.exists(other)
            and os.path.samefile(path, other)
        ):
            raise UsageError(f"--to {path} would overwrite a table that is read.")


def check_columns(options, train):
    """Check --text and --tasks against the columns that are there."""
    columns = f"The columns of {train.path} are: {some(train.columns)}."
    if options.text is None:
        raise UsageError(
            f"--text COLUMN must say which column holds the texts. {columns}"
        )
    if not options.tasks:
        raise UsageError(
            f"--tasks COLUMN ... must say which columns hold the labels. {columns}"
        )
    if len(set(options.tasks)) < len(options.tasks):
        raise UsageError(f"--tasks names a column twice. Got {some(options.tasks)}.")
    if options.text in options.tasks:
        raise UsageError(f"{options.text!r} cannot be both the text and a task.")
    train.check_columns([options.text, *options.tasks])


def read_test(options, known):
    """Return texts and labels of --test, or None."""
    if not options.test:
        return None
    table = read_table(options.test, options.delimiter)
    table.check_columns([options.text, *options.tasks])
    labels = read_labels(table, options.tasks, options.missing)
    if all(cell is None for cells in labels.values() for cell in cells):
        raise CommandError(f"{table.path} has no label to score on in any task.")
    for remark in check_same_labels(table, labels, known):
        warnings.warn(remark, stacklevel=1)
    return read_texts(table, options.text), labels


def read_new(options):
    """Return the table of --predict and its texts, or None."""
    if not options.predict:
        return None
    table = read_table(options.predict, options.delimiter)
    table.check_columns([options.text])
    for task in options.tasks:
        for name in output_columns(task):
            if name in table.columns:
                raise CommandError(
                    f"{table.path} has a column {name!r} already, which is where the "
                    "predictions would go. Rename it."
                )
    return table, read_texts(table, options.text)


def output_columns(task):
    """Name the two columns written for a task."""
    return f"{task}_predicted", f"{task}_probability"


def describe(train, labels):
    """Write what is known of each task before the training."""
    rows = []
    for task, cells in labels.items():
        labelled = [cell for cell in cells if cell is not None]
        rows.append([task, f"{len(set(labelled)):,}", f"{len(labelled):,}"])
    header = ["task", "classes", "labelled"]
    return f"{train.path}: {count(len(train), 'row')}\n\n{text_table(header, rows)}"


def report_held_out(options, train, texts, labels):
    """Fit on most rows and print the scores on the others."""
    larger, smaller = hold_out(train, labels, options.held_out, options.seed)
    print(
        f"Fitting on {count(len(larger), 'row')}; the other {len(smaller):,} are held "
        f"out to score on.\nThe choice is random, with --seed {options.seed}; --test "
        "FILE scores on a table of your own.",
        flush=True,
    )
    parts = [
        ([texts[row] for row in rows], take(labels, rows)) for rows in (larger, smaller)
    ]
    fit_and_report(options, *parts, "held-out rows")


def fit_and_report(options, train, test, name):
    """Fit on some rows, print the scores on others, return the classifier."""
    classifier, fit_seconds = _model.fit(*train, **parameters(options))
    texts, labels = test
    scores, seconds = _model.score(classifier, texts, labels)
    frequent = {
        task: [most_frequent(cells)] * len(texts) for task, cells in train[1].items()
    }
    simplest = multitask_scores(labels, frequent, metrics=("accuracy",))
    majority = {task: number(simplest[task]["accuracy"]) for task in options.tasks}
    print(
        f"\nScores on {name} ({count(len(texts), 'text')}; fitted in "
        f"{fit_seconds:.1f} s, predicted in {seconds:.1f} s)\n\n"
        f"{scores_table(scores, options.tasks, {'majority': majority})}\n\n"
        "Recall and F1 are means over classes. majority: the accuracy of always "
        "answering\nthe most frequent label. support: labelled texts.\n",
        flush=True,
    )
    return classifier


def write_predictions(options, classifier, table, texts):
    """Write the table of --predict with two more columns for each task."""
    predicted, probability = _model.predict(classifier, texts)
    columns = dict(table.columns)
    for task in options.tasks:
        label_column, probability_column = output_columns(task)
        columns[label_column] = predicted[task].tolist()
        columns[probability_column] = [
            round(value, 4) for value in probability[task].tolist()
        ]
    write_table(options.to, columns, options.delimiter)
    print(
        f"Wrote {options.to}: {count(len(texts), 'row')}, with two more columns for "
        f"each task, {' and '.join(output_columns('TASK'))}."
    )
