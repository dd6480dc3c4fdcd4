"""Optional libraries, imported where they are needed."""

from importlib import import_module


def import_optional(module, extra, purpose, instead=None):
    """Import an optional library.

    Parameters
    ----------
    module : str
        Name to import, such as "matplotlib.pyplot".

    extra : str
        The extra that installs it.

    purpose : str
        What needs the library, for the message.

    instead : str, default=None
        An alternative, for the message.

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
