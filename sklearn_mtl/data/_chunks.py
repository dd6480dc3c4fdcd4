"""The chunks of a source, checked, and what a first reading learns from them."""

from dataclasses import dataclass

import numpy as np

from ..labels._cells import some
from ..labels._tables import LabelTable, as_label_table, concat_tables
from ..utils._rows import one_column
from ..utils._texts import check_texts


@dataclass
class Chunk:
    """Texts with at least one label, and their label table."""

    texts: list
    table: LabelTable


class Chunks:
    """Iterates over the checked chunks of a source, from its beginning each time.

    Rows without labels are left out, and so are chunks without rows.

    Parameters
    ----------
    source : ChunkSource

    missing_label : object
        As of the estimator.

    Attributes
    ----------
    n_rows : list of int
        Number of rows that each complete reading had.
    """

    def __init__(self, source, missing_label=None):
        self._source, self._missing_label = source, missing_label
        self.names, self.n_rows = None, []

    def __iter__(self):
        n_rows = 0
        for number, item in enumerate(_iterate(self._source.read)):
            try:
                texts, table = self._read(item)
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"Chunk {number} (from row {n_rows:,}): {error}"
                ) from error
            n_rows += len(texts)
            labelled = np.flatnonzero(~table.missing.all(axis=1))
            if len(labelled) < len(texts):
                texts = [texts[row] for row in labelled.tolist()]
                table = table.take(labelled)
            if texts:
                yield Chunk(texts, table)
        self.n_rows.append(n_rows)
        if self.n_rows[0] != n_rows:
            raise ValueError(
                f"The source had {self.n_rows[0]:,} rows when it was read first, and "
                f"{n_rows:,} when it was read again. read() must return a new iterator "
                "over the same chunks each time."
            )

    def _read(self, item):
        if not isinstance(item, tuple) or len(item) != 2:
            found = type(item).__name__
            if isinstance(item, tuple):
                found = f"a tuple of {len(item)}"
            raise ValueError(
                f"A chunk must be a tuple (texts, labels). The source gave {found}."
            )
        texts, labels = item
        column = one_column(texts)
        if column is None:
            raise ValueError(
                f"The texts of a chunk must be a list or column of str. Got "
                f"{type(texts).__name__}."
            )
        texts = check_texts(column)
        table = as_label_table(labels, missing_label=self._missing_label)
        if len(table) != len(texts):
            raise ValueError(
                f"There are {len(texts)} texts and {len(table)} rows of labels."
            )
        if self.names is None:
            self.names = table.names
        return texts, table.select(self.names, "the labels of each chunk")


def _iterate(read):
    chunks = read()
    if not hasattr(chunks, "__iter__"):
        raise TypeError(
            "The function of a source must return an iterator over chunks (texts, "
            f"labels). It returned {type(chunks).__name__}."
        )
    return chunks


class SeenLabels:
    """A few rows of the chunks that together have all labels."""

    def __init__(self):
        self._parts, self._seen = [], None

    def add(self, table):
        """Keep the rows of a table with labels that no row before had."""
        if self._seen is None:
            self._seen = [set() for _ in table.names]
            self._parts.append(table.take(np.arange(min(len(table), 1))))
        rows = set()
        for k, seen in enumerate(self._seen):
            labelled = np.flatnonzero(~table.missing[:, k])
            cells = table.columns[k][labelled]
            if table.cell_types[k] is None:
                labels, first = np.unique(cells, return_index=True)
                pairs = zip(labels.tolist(), first.tolist(), strict=True)
            else:
                pairs = ((label, i) for i, cell in enumerate(cells) for label in cell)
            for label, place in pairs:
                if label not in seen:
                    seen.add(label)
                    rows.add(int(labelled[place]))
        if rows:
            self._parts.append(table.take(np.array(sorted(rows))))

    def table(self):
        """Return the rows as one table."""
        return concat_tables(self._parts)


def refuse_no_rows(names, n_rows):
    """Raise a ValueError if a source has no labelled row."""
    if n_rows:
        return
    found = "no chunk with rows" if names is None else f"no label of {some(names)}"
    raise ValueError(
        f"The source has {found}. Its function must return an iterator over chunks "
        "(texts, labels)."
    )
