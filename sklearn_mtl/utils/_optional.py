"""Optional libraries, imported when they are needed."""

from importlib import import_module


def import_optional(module, extra, purpose, instead=None):
    """Import an optional library.

    Parameters
    ----------
    module : str
        Name of the module, such as "matplotlib.pyplot".

    extra : str
        The extra that installs the library.

    purpose : str
        What needs the library; begins the message.

    instead : str, default=None
        An alternative, for the message.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the library is not installed.
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
