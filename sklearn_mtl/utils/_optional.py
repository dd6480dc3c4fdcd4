"""Libraries that are extras: imported where they are needed, or asked for."""

from importlib import import_module


def import_optional(module, extra, purpose, instead=None):
    """Import a library that is an extra of this package.

    Parameters
    ----------
    module : str
        Name to import, such as "matplotlib.pyplot".

    extra : str
        The extra that installs it.

    purpose : str
        What needs it, for the message.

    instead : str, default=None
        What to use where it is not installed.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        or_else = f", or use {instead}" if instead else ""
        raise ImportError(
            f"{purpose} needs {library}. Install it with "
            f'pip install "sklearn-mtl[{extra}]"{or_else}.'
        ) from error
