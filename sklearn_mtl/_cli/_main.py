"""The entry point: from arguments to an exit code."""

import sys
import warnings

from ._errors import CommandError
from ._options import build_parser
from ._process import INTERRUPTED, PIPE_CLOSED, complain, warn


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        The arguments after ``python -m sklearn_mtl``. None reads them from
        ``sys.argv``.

    Returns
    -------
    exit_code : int
        0: success. 1: error in a table, its contents or standard output. 2: error in
        the command or a model file. 130: interrupted. 141: the output pipe was closed.
    """
    try:
        if sys.stdout is None:
            raise CommandError(
                "Standard output is closed. Redirect it to a file or to /dev/null."
            )
        options = build_parser().parse_args(arguments)
        command = _command(options.command)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            command(options)
    except CommandError as error:
        complain(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED
    return 0


def _command(name):
    """Return the function that runs a command."""
    # Imported here, because scikit-learn takes a second to import and predict does not
    # need it.
    if name == "predict":
        from . import _predict

        return _predict.run
    if name == "fit":
        from . import _fit

        return _fit.run
    if name == "report":
        from . import _score

        return _score.run
    from . import _demo

    return lambda options: _demo.run()


def _show_warning(message, category, filename, lineno, file=None, line=None):
    warn(str(message))
