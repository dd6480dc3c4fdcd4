"""The options of the command line, and their help."""

import argparse
import functools

from .. import __version__
from ._errors import UsageError
from ._help import (
    DESCRIPTION,
    EPILOG,
    FIT_DESCRIPTION,
    FIT_EPILOG,
    PREDICT_DESCRIPTION,
    PREDICT_EPILOG,
    REPORT_DESCRIPTION,
    REPORT_EPILOG,
)
from ._process import say
from ._saved import VARIABLE

WIDTH = 80
MOST_PASSES = 10_000


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Raise an error, so that :func:`main` prints the message and exits."""
        # Otherwise the last option with several values consumes it.
        if message.endswith(("DATA", "NEW")):
            message += ", before all options"
        raise UsageError(f"{message}. See {self.prog} --help")

    def print_help(self, file=None):
        """Print the help; unlike argparse, report a failure to do so."""
        say(self.format_help().rstrip("\n"))


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        say(f"sklearn_mtl {__version__}")
        parser.exit()


def _value(convert, accepts, words):
    """Create an argparse type whose errors describe the allowed values."""

    def check(text):
        try:
            value = convert(text)
        except (ValueError, LookupError):
            value = None
        if value is None or not accepts(value):
            raise argparse.ArgumentTypeError(f"must be {words}, got {text!r}")
        return value

    return check


def _encoding(name):
    "".encode(name)  # raises a LookupError unless it is a text encoding
    return name


_delimiter = _value(
    lambda text: "\t" if text == "\\t" else text,
    lambda text: len(text) == 1 and text not in '"\r\n',
    "one character and no quotation mark or line break",
)
_separator = _value(
    str, lambda text: text.strip() != "", "one or more characters, not only spaces"
)
_known_encoding = _value(
    _encoding, lambda name: True, "an encoding of text, such as latin-1 or utf-16"
)
_count = _value(
    int,
    lambda number: 0 < number <= MOST_PASSES,
    f"a whole number from 1 to {MOST_PASSES:,}, the passes over all rows",
)
_seed = _value(int, lambda number: 0 <= number < 2**32, "from 0 to 2**32 - 1")
_share = _value(float, lambda number: 0 <= number < 1, "from 0 to below 1")


def build_parser():
    """Describe the command line."""
    settings = {
        "formatter_class": functools.partial(
            argparse.RawDescriptionHelpFormatter, width=WIDTH - 1
        ),
        "allow_abbrev": False,
    }
    parser = _Parser(
        prog="python -m sklearn_mtl",
        description=DESCRIPTION,
        epilog=EPILOG,
        **settings,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    fit = commands.add_parser(
        "fit",
        help="learn from a table; score, save, report, predict another table",
        # DATA comes first, so that --tasks cannot take it for a column.
        usage="%(prog)s DATA --text COLUMN ... --tasks COLUMN ... [...]",
        description=FIT_DESCRIPTION,
        epilog=FIT_EPILOG,
        **settings,
    )
    _add_columns(fit)
    _add_tables(fit)
    _add_formats(fit)
    _add_estimator(fit)
    predict = commands.add_parser(
        "predict",
        help="predict a table with a saved model",
        usage="%(prog)s MODEL NEW --to FILE [...]",
        description=PREDICT_DESCRIPTION,
        epilog=PREDICT_EPILOG,
        **settings,
    )
    _add_prediction(predict)
    _add_formats(predict)
    report = commands.add_parser(
        "report",
        help="score a saved model on a labelled table",
        usage="%(prog)s MODEL DATA [--html FILE] [...]",
        description=REPORT_DESCRIPTION,
        epilog=REPORT_EPILOG,
        **settings,
    )
    _add_report(report)
    _add_formats(report)
    return parser


def _add_columns(parser):
    add = parser.add_argument
    add("data", metavar="DATA", help="the table to learn from")
    add(
        "--text",
        metavar="COLUMN",
        nargs="+",
        help="the text column, or several, which are joined line by line",
    )
    add(
        "--tasks",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="the label columns; each is a task",
    )
    add(
        "--tags",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="label columns with several labels in a cell",
    )
    add(
        "--ordinal",
        metavar="COLUMN[=LOW,...,HIGH]",
        nargs="+",
        default=[],
        help="label columns whose labels have an order; list all labels from lowest to "
        "highest, unless they are numbers",
    )
    _add_missing(add)


def _add_tables(parser):
    add = parser.add_argument
    add("--test", metavar="FILE", help="a labelled table to score on")
    add(
        "--held-out",
        metavar="SHARE",
        type=_share,
        help="share of the rows of DATA to score on, without --test (default: 0.2)",
    )
    add("--predict", metavar="FILE", help="a table to predict")
    add("--to", metavar="FILE", help="where to write the predictions")
    add("--save", metavar="FILE", help="where to save the model, such as model.mtl")
    _add_html(add)
    _add_password(add, "with a password to encrypt the saved model")


def _add_prediction(parser):
    add = parser.add_argument
    add("model", metavar="MODEL", help="the file of a saved model")
    add("new", metavar="NEW", help="the table to predict")
    add("--to", metavar="FILE", required=True, help="where to write the predictions")
    _add_text_of_model(add)
    _add_password(add, "with the password of an encrypted model")
    add(
        "--runtime",
        choices=["auto", "numpy", "torch"],
        default="auto",
        help="the library that computes: numpy starts faster, torch runs every model "
        "(default: numpy if it supports the model)",
    )


def _add_report(parser):
    add = parser.add_argument
    add("model", metavar="MODEL", help="the file of a saved model")
    add("data", metavar="DATA", help="the labelled table to score on")
    _add_html(add)
    _add_text_of_model(add)
    add(
        "--tasks",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="tasks to score (default: all that have a column in DATA)",
    )
    _add_missing(add)
    _add_password(add, "with the password of an encrypted model")


def _add_text_of_model(add):
    add(
        "--text",
        metavar="COLUMN",
        nargs="+",
        help="the text column, or several, as in fit (default: those of fit, if the "
        "model knows them)",
    )


def _add_html(add):
    add(
        "--html",
        metavar="FILE",
        help="where to write a report for the browser, such as report.html",
    )


def _add_missing(add):
    add(
        "--missing",
        metavar="VALUE",
        nargs="+",
        default=[],
        help="values that mean the same as an empty cell",
    )


def _add_password(add, purpose):
    add(
        "--password-env",
        metavar="VARIABLE",
        help=f"the environment variable {purpose} (default: {VARIABLE}, if it is set)",
    )


def _add_formats(parser):
    add = parser.add_argument
    add(
        "--delimiter",
        metavar="CHARACTER",
        type=_delimiter,
        help="what separates cells of CSV files, read or written (default: a comma)",
    )
    add(
        "--separator",
        metavar="TEXT",
        type=_separator,
        help="what separates several labels in a cell (default: that of fit, or the "
        "most frequent one of |, ; and the comma)",
    )
    add(
        "--quoting",
        choices=["csv", "none"],
        help="whether quotation marks in CSV and TSV enclose cells (csv) or are "
        "ordinary characters (none) (default: detected)",
    )
    add(
        "--encoding",
        metavar="NAME",
        type=_known_encoding,
        help="encoding of text files, read or written, such as cp1252 (default: utf-8)",
    )


def _add_estimator(parser):
    add = parser.add_argument
    add(
        "--embedding",
        choices=["lsa", "use"],
        help="embeddings in addition to words, for short texts with few labels: latent "
        'semantic analysis of the table, or a pretrained encoder (extra "embedding")',
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
        help="how the tasks share the network, as in MultiTaskTextClassifier",
    )
    add(
        "--max-iter",
        metavar="N",
        type=_count,
        help=f"maximum number of epochs, up to {MOST_PASSES:,} (default: chosen by "
        "the number of rows)",
    )
    add("--seed", metavar="N", type=_seed, default=0, help="random seed (default: 0)")
    add(
        "--quiet",
        action="store_true",
        help="show no progress bar; there is none anyway unless a terminal shows it",
    )
