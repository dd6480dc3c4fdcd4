"""Command-line options of a case."""

from collections.abc import Callable
from dataclasses import dataclass


def names(text):
    """Return the names in a comma-separated list."""
    return [name for name in text.split(",") if name]


def integers(text):
    """Return the integers in a comma-separated list."""
    return [int(number) for number in names(text)]


def shares(text):
    """Return the numbers from 0 to 1 in a comma-separated list."""
    found = [float(number) for number in names(text)]
    if not all(0 <= share <= 1 for share in found):
        raise ValueError
    return found


@dataclass(frozen=True)
class Option:
    """An option of a case, ``--name`` on the command line.

    `among` has the allowed names of a list. A `default` of True or False makes the
    option a switch.
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
        lists = {names: "NAME,...", integers: "N,...", shares: "SHARE,..."}
        metavar = lists.get(self.type, self.name.upper())
        parser.add_argument(
            flag,
            type=self.type,
            default=self.default,
            choices=self.choices,
            required=self.required,
            metavar=None if self.choices else metavar,
            help=self.help + shown,
        )


SPLIT = Option("split", "rows to score on", choices=("test", "dev"), default="test")
LIMIT = Option("limit", "seconds after which a process is stopped", type=float)
PREDICTIONS = Option("predictions", "folder to store predictions in")
PEERS_PYTHON = Option(
    "peers_python", "interpreter with requirements-peers.txt; default: this one"
)


def common(*, threads=None, seeds=None, sets=None, among=None, needs_data=True):
    """Return the options that most cases share; pass None to omit one.

    Parameters
    ----------
    threads, seeds : int, default=None
        Default on the command line.

    sets : list of str, default=None
        The default sets; all sets if None.

    among : sequence of str, default=None
        The only sets that the case can read.

    needs_data : bool or None, default=True
        Whether the case requires a folder of sets; None if it reads no set.
    """
    options = [Option("out", "results file; default: results/NAME.json of the case")]
    if needs_data is not None:
        folder = "folder with a folder for each data set"
        options[:0] = [
            Option("data", folder, required=needs_data),
            Option("sets", "data sets; default: all in DATA", names, sets, among=among),
        ]
    if seeds is not None:
        options.append(Option("seeds", "seeds of each system", int, seeds))
    if threads is not None:
        text = "threads of numerical libraries"
        options.append(Option("threads", text, int, threads))
    return options
