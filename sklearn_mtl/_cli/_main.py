"""Arguments in, exit code out."""

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
        What stands after ``python -m sklearn_mtl``; None takes it from there.

    Returns
    -------
    exit_code : int
        0 done, 1 a table, its contents or standard output are wrong, 2 the command or
        a model file is wrong, 130 interrupted, 141 the reader of the output went away.
    """
    try:
        if sys.stdout is None:
            raise CommandError(
                "Standard output is closed. Send it to a file or to /dev/null."
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
    """Return what carries out a command."""
    # Here and not at the top: scikit-learn takes a second to import, and what predicts
    # can do without.
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
