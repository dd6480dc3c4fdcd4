"""What a case declares about its command line."""

from collections.abc import Callable
from dataclasses import dataclass


def names(text):
    """Return the names in a text with commas."""
    return [name for name in text.split(",") if name]


@dataclass(frozen=True)
class Option:
    """An option of a case, ``--name`` on the command line.

    `among` are the names that a list of names may hold. A `default` of True or False
    makes a switch.
    """

    name: str
    help: str
    type: Callable = str
    default: object = None
    choices: tuple | None = None
    required: bool = False
    among: tuple | None = None

    def add_to(self, parser):
        flag = "--" + self.name.replace("_", "-")
        if isinstance(self.default, bool):
            parser.add_argument(flag, action="store_true", help=self.help)
            return
        shown = "" if self.default in (None, []) else " (default: %(default)s)"
        metavar = "NAME,..." if self.type is names else self.name.upper()
        parser.add_argument(
            flag,
            type=self.type,
            default=self.default,
            choices=self.choices,
            required=self.required,
            metavar=None if self.choices else metavar,
            help=self.help + shown,
        )


OUT = Option("out", "results file; default: results/NAME.json of the case")
SPLIT = Option("split", "rows to score on", choices=("test", "dev"), default="test")
LIMIT = Option("limit", "seconds after which a process is ended", type=float)
PREDICTIONS = Option("predictions", "folder in which to keep all predictions")
PEERS_PYTHON = Option(
    "peers_python", "interpreter with requirements-peers.txt; default: this one"
)


def sets(default=None, among=None):
    """Return the option for data sets; all that are there by default."""
    return Option(
        "sets", "data sets; default: all in DATA", names, default, among=among
    )


def data(required=True):
    return Option("data", "folder with a folder for each data set", required=required)


def seeds(default):
    return Option("seeds", "seeds of each system", int, default)


def threads(default):
    return Option("threads", "threads of numerical libraries", int, default)
