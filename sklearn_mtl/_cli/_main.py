"""Arguments in, exit code out."""

import argparse
import os
import sys
import warnings

from .. import __version__
from . import _demo, _fit
from ._errors import CommandError, UsageError

# 128 plus the number of the signal, as shells count.
INTERRUPTED, PIPE_CLOSED = 130, 141

DESCRIPTION = """\
One network for several label columns of text, some of their cells empty.

Without a command: the main job. It fits on texts that are always there, the
docstrings of Python and of installed libraries, and prints scores for each task
beside those of single-task models. It takes no arguments.
"""
EPILOG = """\
examples:
  python -m sklearn_mtl
      the main job

  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone
      learn from a table of your own; score on a part of it that is held out

  python -m sklearn_mtl fit --help
      all about tables, and more examples
"""
FIT_DESCRIPTION = """\
Learn from a table with a column of texts and one or more columns of labels, the
tasks. Print scores, on the table of --test or else on a part of DATA that is held
out. Predict the table of --predict, if there is one.
"""
FIT_EPILOG = """\
tables:
  The ending of a name tells the format: .csv, .tsv, .jsonl (one JSON object a line),
  each also with .gz after it, and .parquet if pyarrow is installed. Text is UTF-8.
  Labels of CSV and TSV are strings; the other formats keep numbers and booleans.

missing labels:
  An empty cell, null or NaN means that nobody has labelled the text for this task.
  It is neither learnt from nor scored. Words like "none" or "n/a" are labels like
  any other, unless --missing names them. An empty text is a text.

predictions:
  The columns of --predict, and for each task its label in TASK_predicted and the
  probability of that label in TASK_probability. If the scores were on held-out
  rows, the network is fitted again for this, on all rows; --held-out 0 saves that
  time and prints no scores.

examples:
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone
  python -m sklearn_mtl fit train.csv.gz --text body --tasks topic --test test.csv.gz
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone \\
      --predict new.csv --to predicted.csv
  python -m sklearn_mtl fit tickets.jsonl --text body --tasks topic --missing none n/a

exit codes:
  0 done; 1 something is wrong with a file or its contents; 2 with the command
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave it to :func:`main` to print the message and to stop."""
        raise UsageError(f"{message}. See {self.prog} --help")


def _value(convert, accepts, words):
    """Make an argparse type that says in words what it takes."""

    def check(text):
        try:
            value = convert(text)
        except ValueError:
            value = None
        if value is None or not accepts(value):
            raise argparse.ArgumentTypeError(f"must be {words}, got {text!r}")
        return value

    return check


_delimiter = _value(
    lambda text: "\t" if text == "\\t" else text,
    lambda text: len(text) == 1 and text not in '"\r\n',
    "one character and no quotation mark or line break",
)
_count = _value(int, lambda number: number > 0, "a whole number above 0")
_seed = _value(int, lambda number: 0 <= number < 2**32, "from 0 to 2**32 - 1")
_share = _value(float, lambda number: 0 <= number < 1, "from 0 to below 1")


def build_parser():
    """Describe the command line."""
    parser = _Parser(
        prog="python -m sklearn_mtl",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"sklearn_mtl {__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    fit = commands.add_parser(
        "fit",
        help="learn from a table, report scores, predict another table",
        # DATA first: after it, --tasks cannot take it for one of its columns.
        usage="%(prog)s DATA --text COLUMN --tasks COLUMN ... [options]",
        description=FIT_DESCRIPTION,
        epilog=FIT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_fit_arguments(fit)
    return parser


def _add_fit_arguments(parser):
    add = parser.add_argument
    add("data", metavar="DATA", help="the table to learn from")
    add("--text", metavar="COLUMN", help="the column of texts")
    add("--tasks", metavar="COLUMN", nargs="+", help="the columns of labels")
    add("--test", metavar="FILE", help="a labelled table to score on")
    add(
        "--held-out",
        metavar="SHARE",
        type=_share,
        help="share of DATA to score on if there is no --test (default: 0.2)",
    )
    add("--predict", metavar="FILE", help="a table to predict")
    add("--to", metavar="FILE", help="where to write the predictions")
    add(
        "--missing",
        metavar="VALUE",
        nargs="+",
        default=[],
        help="labels that mean the same as an empty cell",
    )
    add(
        "--delimiter",
        metavar="CHARACTER",
        type=_delimiter,
        help="what separates the cells of CSV files, in and out (default: a comma)",
    )
    add(
        "--sharing",
        choices=[
            "auto",
            "shared-private",
            "hard",
            "separate",
            "mmoe",
            "ple",
            "adversarial",
        ],
        default="auto",
        help="what the tasks share; see the docs of MultiTaskTextClassifier",
    )
    add(
        "--max-iter",
        metavar="N",
        type=_count,
        help="most passes over the rows (default: by their number)",
    )
    add("--seed", metavar="N", type=_seed, default=0, help="(default: 0)")
    add("--quiet", action="store_true", help="show no progress")


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(f"sklearn_mtl: warning: {message}", file=sys.stderr)


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        What stands after ``python -m sklearn_mtl``; None takes it from there.

    Returns
    -------
    exit_code : int
        0 done, 1 a file or its contents are wrong, 2 the command is wrong, 130
        interrupted, 141 the reader of the output went away.
    """
    try:
        options = build_parser().parse_args(arguments)
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            if options.command == "fit":
                _fit.run(options)
            else:
                _demo.run()
        sys.stdout.flush()
    except CommandError as error:
        print(f"sklearn_mtl: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sklearn_mtl: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more on its way out; give it a place.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return 0
