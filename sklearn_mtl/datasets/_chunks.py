"""Labelled texts that are read in chunks, because they do not fit into memory."""

from collections.abc import Callable, Iterable, Iterator
from numbers import Integral
from os import PathLike
from typing import Any, Self

from ..utils._optional import import_optional

# Of Parquet files, the number of rows that are read at once.
CHUNK_ROWS = 20_000


class ChunkSource:
    """Labelled texts that are read in chunks, for a fit that exceeds memory.

    Pass it to :meth:`~sklearn_mtl.MultiTaskTextClassifier.fit` as X, without y. A plain
    function is enough if the defaults suit.

    Parameters
    ----------
    read : callable
        Takes no argument and returns an iterator over chunks, tuples ``(texts,
        labels)`` or ``(texts, labels, sample_weight)`` in the containers that `fit`
        takes. It is called twice, and must return the same chunks both times. Chunks of
        1,000 to 100,000 texts work well. If rows are sorted, for instance by label,
        shuffle them before.

    folder : str, path-like or None, default=None
        Where the vectorized texts are kept during the fit, in a temporary folder of
        their own. None is the system's folder for temporary files.

    max_disk_mib : int, default=20480
        Bound on the size of these files in MiB. A short text takes about 0.5 KiB. A fit
        that would exceed it stops.

    max_features : int, default=1048576
        Maximum number of words and pairs of words that "auto" keeps, the most frequent
        ones. Each takes a row of weights in the network, for instance 0.5 KiB.

    Raises
    ------
    TypeError
        If `read` is not a function.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import ChunkSource, make_multitask_texts
    >>> def read():
    ...     for seed in range(3):
    ...         yield make_multitask_texts(100, n_tasks=2, random_state=seed)
    >>> classifier = MultiTaskTextClassifier(random_state=0).fit(ChunkSource(read))
    >>> classifier.task_names_
    ['task0', 'task1']
    """

    def __init__(
        self,
        read: Callable[[], Iterable[tuple[Any, ...]]],
        *,
        folder: str | PathLike[str] | None = None,
        max_disk_mib: int = 20_480,
        max_features: int = 1_048_576,
    ) -> None:
        if not callable(read):
            kind = type(read).__name__
            raise TypeError(
                "read must be a function that returns an iterator over chunks (texts, "
                f"labels). Got {kind}. "
                + (
                    "An iterator can be read only once; pass the function that makes "
                    "it, without calling it."
                    if hasattr(read, "__next__")
                    else "For chunks in a list, pass lambda: iter(chunks)."
                )
            )
        for name, value in (
            ("max_disk_mib", max_disk_mib),
            ("max_features", max_features),
        ):
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive integer. Got {value!r}.")
        self.read = read
        self.folder, self.max_disk_mib = folder, max_disk_mib
        self.max_features = max_features

    @classmethod
    def from_parquet(
        cls,
        data: Any,
        text: str = "text",
        labels: list[str] | None = None,
        *,
        chunk_rows: int = CHUNK_ROWS,
        **options: Any,
    ) -> Self:
        """Return a source that reads Parquet files.

        Parameters
        ----------
        data : str, path-like, list of them, or pyarrow.dataset.Dataset
            A file, a folder of files, or a data set of pyarrow, which may also hold
            other formats.

        text : str, default="text"
            The column of texts.

        labels : list of str or None, default=None
            The columns of labels. None means all others.

        chunk_rows : int, default=20_000
            Maximum number of rows of a chunk.

        **options
            `folder`, `max_disk_mib` and `max_features`.

        Returns
        -------
        source : ChunkSource

        Raises
        ------
        ImportError
            If pyarrow is not installed (the extra ``parquet``).

        ValueError
            If there is no such column.
        """
        wanted = {"extra": "parquet", "purpose": "ChunkSource"}
        tables = import_optional("pyarrow", **wanted)
        arrow = import_optional("pyarrow.dataset", **wanted)
        if not isinstance(data, arrow.Dataset):
            data = arrow.dataset(data, format="parquet")
        columns = data.schema.names
        if labels is None:
            labels = [column for column in columns if column != text]
        absent = [column for column in [text, *labels] if column not in columns]
        if absent:
            raise ValueError(
                f"There is no column {absent[0]!r}. The columns are {columns}."
            )

        def read() -> Iterator[tuple[list[str], Any]]:
            for batch in data.to_batches([text, *labels], batch_size=chunk_rows):
                # As a table, a form that predictions can have too.
                table = tables.Table.from_batches([batch.select(labels)])
                yield batch.column(text).to_pylist(), table

        return cls(read, **options)
