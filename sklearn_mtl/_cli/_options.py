"""What can be said on the command line, and its help."""

import argparse
import functools

from .. import __version__
from ._errors import UsageError
from ._process import say

WIDTH = 80
MOST_PASSES = 10_000

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
Learn from a table with one or more columns of texts and one or more columns of
labels, the tasks. Print scores, on the table of --test or else on a part of
DATA that is held out. Predict the table of --predict, if there is one.
"""
FIT_EPILOG = """\
tables:
  The ending of a name tells the format: .csv, .tsv, .jsonl (one JSON object a
  line), each also with .gz after it, and .parquet if pyarrow is installed.
  Text is UTF-8, unless --encoding says otherwise. Labels of CSV and TSV are
  strings; the other formats keep numbers and booleans. Numbers that mean the
  same, as 1 and 1.0, are one label. Columns that are not used may share a name.

quotation marks:
  A cell of CSV that holds a comma, a line break or a quotation mark stands in
  quotation marks. TSV follows the same rules, and where its quotation marks
  break them they are characters like any other. --quoting says which.

missing labels:
  An empty cell, null or NaN means that nobody has labelled the text for this
  task. It is neither learnt from nor scored. Words like "none" or "n/a" are
  labels like any other, unless --missing names them. An empty text is a text.

several labels in a cell:
  In JSON lines and Parquet they are lists. In CSV and TSV name the columns by
  --tags. What separates the labels is --separator, or else that of |, ; and
  the comma which most cells hold. An empty list, or a cell that holds the
  separator alone, says that no label applies. Predictions are written alike.

predictions:
  The columns of --predict, and for each task its label in TASK_predicted and
  the probability of that label in TASK_probability. If the scores were on
  held-out rows, the network is fitted again for this, on all rows; --held-out 0
  saves that time and prints no scores.

examples:
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone
  python -m sklearn_mtl fit train.csv.gz --text body --tasks topic \\
      --test test.csv.gz
  python -m sklearn_mtl fit tickets.csv --text title body --tasks topic tone \\
      --predict new.csv --to predicted.csv
  python -m sklearn_mtl fit tickets.jsonl --text body --tasks topic \\
      --missing none n/a
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic --tags tags \\
      --ordinal urgency=low,middle,high

exit codes:
  0 done; 1 something is wrong with a file or its contents; 2 with the command
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave it to :func:`main` to print the message and to stop."""
        if message.endswith("DATA"):  # or else the last COLUMN has swallowed it
            message += ", before all options"
        raise UsageError(f"{message}. See {self.prog} --help")

    def print_help(self, file=None):
        """Print the help; unlike argparse, notice if that fails."""
        say(self.format_help().rstrip("\n"))


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        say(f"sklearn_mtl {__version__}")
        parser.exit()


def _value(convert, accepts, words):
    """Make an argparse type that says in words what it takes."""

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
    "".encode(name)  # a LookupError for what is no encoding of text
    return name


_delimiter = _value(
    lambda text: "\t" if text == "\\t" else text,
    lambda text: len(text) == 1 and text not in '"\r\n',
    "one character and no quotation mark or line break",
)
_separator = _value(
    str, lambda text: text.strip() != "", "one or more characters that are no spaces"
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
        help="learn from a table, report scores, predict another table",
        # DATA first: after it, --tasks cannot take it for one of its columns.
        usage="%(prog)s DATA --text COLUMN ... --tasks COLUMN ... [...]",
        description=FIT_DESCRIPTION,
        epilog=FIT_EPILOG,
        **settings,
    )
    _add_columns(fit)
    _add_tables(fit)
    _add_estimator(fit)
    return parser


def _add_columns(parser):
    add = parser.add_argument
    add("data", metavar="DATA", help="the table to learn from")
    add(
        "--text",
        metavar="COLUMN",
        nargs="+",
        help="the column of texts; several are joined, each on a line of its own",
    )
    add(
        "--tasks",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="the columns of labels, one task each",
    )
    add(
        "--tags",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="tasks whose cells hold several labels",
    )
    add(
        "--ordinal",
        metavar="COLUMN[=LOW,...,HIGH]",
        nargs="+",
        default=[],
        help="tasks whose labels have an order; numbers have it anyhow, texts need all "
        "their labels listed",
    )
    add(
        "--missing",
        metavar="VALUE",
        nargs="+",
        default=[],
        help="labels that mean the same as an empty cell",
    )


def _add_tables(parser):
    add = parser.add_argument
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
        "--delimiter",
        metavar="CHARACTER",
        type=_delimiter,
        help="what separates the cells of CSV files, in and out (default: a comma)",
    )
    add(
        "--separator",
        metavar="TEXT",
        type=_separator,
        help="what separates the labels in a cell of --tags, in and out (default: see "
        "below)",
    )
    add(
        "--quoting",
        choices=["csv", "none"],
        help="whether quotation marks in CSV and TSV files hold a cell together, or "
        "are characters like any other (default: see below)",
    )
    add(
        "--encoding",
        metavar="NAME",
        type=_known_encoding,
        help="encoding of CSV, TSV and JSON lines, in and out (default: utf-8)",
    )


def _add_estimator(parser):
    add = parser.add_argument
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
        help=f"most passes over the rows, up to {MOST_PASSES:,} (default: by their "
        "number)",
    )
    add("--seed", metavar="N", type=_seed, default=0, help="(default: 0)")
    add(
        "--quiet",
        action="store_true",
        help="show no progress; off a terminal none is shown anyhow",
    )
