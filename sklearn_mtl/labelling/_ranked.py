"""Cells of a label table in an order, for people to look at."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..utils._optional import import_optional
from ..utils._text_table import shorten, text_table
from ..utils._typing import Array, Frame

# Cells that are printed.
_SHOWN = 10


class RankedCells:
    """Cells in order, the most important first.

    A subclass lists its arrays of shape (n_cells,) in `_columns`, a dict of the name of
    a column and the name of the attribute.
    """

    rows: Array
    _columns: dict[str, str]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield a tuple for each cell, with the columns of the frame."""
        arrays = (getattr(self, name).tolist() for name in self._columns.values())
        return zip(*arrays, strict=True)

    def to_frame(self) -> Frame:
        """Return the cells as a pandas data frame.

        Returns
        -------
        frame : pandas.DataFrame
            A row for each cell, in order.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        instead = ", ".join(self._columns.values())
        pd = import_optional("pandas", "pandas", "to_frame()", instead)
        columns = self._columns.items()
        return pd.DataFrame({name: getattr(self, own) for name, own in columns})

    def __str__(self) -> str:
        cells = [
            [f"{value:.3f}" if isinstance(value, float) else shorten(value)
             for value in cell]
            for cell, _ in zip(self, range(_SHOWN), strict=False)
        ]  # fmt: skip
        shown = text_table(list(self._columns), cells, left=2)
        rest = len(self) - len(cells)
        return f"{shown}\n... and {rest} more" if rest else shown

    def __repr__(self) -> str:
        return str(self)


def objects(values: Any) -> Array:
    """Return values of any type as an array of shape (n_values,), dtype object."""
    return np.fromiter(values, dtype=object)
