"""Data frames of pandas, which is an extra."""


def import_pandas(instead):
    """Return pandas.

    Parameters
    ----------
    instead : str
        What to use where it is not installed.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_frame() needs pandas. Install it with "
            f"pip install 'sklearn-mtl[pandas]', or use {instead}."
        ) from error
    return pd
