"""From the chunks of a source to the rows and cells of a fit."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import get_tags

from ..feature_extraction import FastCountVectorizer, FastTfidfVectorizer
from ..feature_extraction._settings import analysis_of
from ..feature_extraction._terms import weigh_counts
from ..feature_extraction._vocabulary import VocabularyCounter, with_vocabulary
from ..labels._tables import concat_tables
from ._chunks import Chunks, SeenLabels, refuse_no_rows
from ._features import PARTS_BUDGET, word_vectorizer
from ._rows import made_rows, weigh_terms
from ._spool import StoredCells, blocks, open_spool, rewrite
from ._targets import Targets
from ._term_sums import information_weights_of_parts
from ._term_weights import weighs_terms
from ._weights import class_weight_table, log_class_shares


@dataclass
class ReadSource:
    """What a fit needs of a source.

    Either `texts` and `table`, if the texts are few enough for an ordinary fit, or the
    other attributes.
    """

    texts: Any = None
    table: Any = None
    vectorizer: Any = None
    rows: Any = None
    cells: Any = None
    term_weights: Any = None
    learnt: Any = None
    aside: Any = None


@contextmanager
def read_source(
    source,
    *,
    vectorizer,
    term_weighting,
    shares_trunk,
    missing_label,
    task_types,
    class_weight,
    hold_out,
):
    """Return the rows and cells of a source, in files that the block removes.

    Parameters
    ----------
    source : ChunkSource

    shares_trunk : bool
        Whether tasks share a trunk, which "auto" term weighting needs.

    vectorizer, term_weighting, missing_label, task_types, class_weight
        Parameters of the estimator.

    hold_out : callable
        Takes the cells; returns the numbers of training rows and of held-out rows,
        whose labels are not read, or None for both.

    Yields
    ------
    read : ReadSource

    Raises
    ------
    ValueError
        If a chunk or a parameter cannot be used.
    """
    maker = _maker(vectorizer, source.max_features)
    chunks = Chunks(source, missing_label)
    labels, few = SeenLabels(), []
    n_chars, n_rows = 0, 0
    for chunk in chunks:
        labels.add(chunk.table)
        maker.count(chunk.texts)
        n_rows += len(chunk.texts)
        n_chars += sum(map(len, chunk.texts))
        if n_chars <= PARTS_BUDGET:
            few.append(chunk)
        else:
            few = []
    refuse_no_rows(chunks.names, n_rows)
    if few:
        texts = [text for chunk in few for text in chunk.texts]
        yield ReadSource(texts, concat_tables([chunk.table for chunk in few]))
        return
    targets = Targets(labels.table(), task_types)
    n_codes = len(targets.layout.sizes)
    counting, made = _Counts(targets), maker.make()
    with open_spool(source.folder, n_codes, source.max_disk_mib * 2**20) as spool:
        for chunk in chunks:
            codes = targets.encode(chunk.table)
            counting.add(codes)
            rows = made(chunk.texts)
            spool.append(rows, codes)
        rows, codes = spool.read(rows.shape[1])
        fitted, rows = maker.finish(rows)
        cells = counting.cells(codes, class_weight, spool)
        learnt, aside = hold_out(cells)
        weights = None
        if weighs_terms(
            term_weighting,
            rows,
            targets.layout.sizes,
            cells.cells_per_class,
            are_ours=isinstance(vectorizer, str) and shares_trunk,
            as_tokens=False,
        ):
            weights = information_weights_of_parts(
                lambda: _parts(rows, cells, aside), rows.shape[1], targets.layout.sizes
            )
            rows = rewrite(rows, None, lambda part: _weigh(part, weights))
        yield ReadSource(
            vectorizer=fitted,
            rows=rows,
            cells=cells,
            term_weights=weights,
            learnt=learnt,
            aside=aside,
        )


def _parts(rows, cells, aside):
    """Yield blocks of rows with their codes and weights, without held-out labels."""
    for own in blocks(rows.shape[0]):
        codes = np.array(cells.codes[own])
        if aside is not None:
            held = aside[(aside >= own.start) & (aside < own.stop)]
            codes[held - own.start] = -1
        yield rows[own], codes, cells.weights[own]
        cells.spool.release()


def _weigh(part, weights):
    part.data[:] = weigh_terms(part, weights).data


def _maker(vectorizer, max_features):
    """Return what makes rows, for a value of the parameter `vectorizer`."""
    if isinstance(vectorizer, str):
        return _CountsWords(word_vectorizer(), max_features)
    own = clone(vectorizer)
    if isinstance(own, FastCountVectorizer):
        analysis = analysis_of(own)
        is_simple = (
            analysis is not None
            and own.vocabulary is None
            and analysis.analyzer == "word"
            and analysis.ngram_range[1] <= 2
            and analysis.counter() is not None
        )
        if is_simple:
            return _CountsWords(own, own.max_features or max_features)
    elif isinstance(own, HashingVectorizer) or not get_tags(own).requires_fit:
        return _Stateless(own)
    raise ValueError(
        f"The vectorizer {vectorizer!r} cannot be fitted to chunks. Use 'auto'; a "
        "FastTfidfVectorizer or FastCountVectorizer of words, with an ngram_range up "
        "to (1, 2); or a hashing vectorizer."
    )


class _Stateless:
    """Makes rows with a vectorizer that needs no fit."""

    def __init__(self, vectorizer):
        self._vectorizer = vectorizer

    def count(self, texts):
        """Do nothing."""

    def make(self):
        """Return a function from texts to rows."""
        return lambda texts: made_rows(self._vectorizer.transform(texts), texts)

    def finish(self, rows):
        """Return the vectorizer and the final rows."""
        return self._vectorizer, rows


class _CountsWords:
    """Makes rows of counts or TF-IDF values, after counting in how many texts each is.

    The first reading finds the terms that may be frequent enough; the second counts
    exactly.
    """

    def __init__(self, vectorizer, max_features):
        self._vectorizer, self._max_features = vectorizer, max_features
        self._counter = VocabularyCounter(vectorizer)

    def count(self, texts):
        """Count the terms of some texts."""
        self._counter.add(texts)

    def make(self):
        """Return a function from texts to rows of counts."""
        own, counter = self._vectorizer, self._counter
        self._bounds = [
            bound if isinstance(bound, int) else bound * counter.n_texts
            for bound in (own.min_df, own.max_df)
        ]
        self._counter = None  # its tables are large
        self._names = counter.names(*self._bounds, self._max_features)
        self._n_texts = counter.n_texts
        self._frequencies = np.zeros(len(self._names), dtype=np.int64)
        if not self._names:
            raise ValueError(
                f"The vectorizer found no features in {self._n_texts:,} texts. Lower "
                "its min_df."
            )
        counts = FastCountVectorizer(
            **{
                name: getattr(own, name)
                for name in FastCountVectorizer().get_params()
                if name not in ("vocabulary", "dtype", "min_df", "max_df")
            },
            vocabulary=self._names,
            dtype=np.float32,
        )

        def made(texts):
            rows = made_rows(counts.transform(texts), texts)
            self._frequencies += np.bincount(rows.indices, minlength=rows.shape[1])
            return rows

        return made

    def finish(self, rows):
        """Return the fitted vectorizer and the final rows."""
        own, low = self._vectorizer, self._bounds[0]
        kept = (self._frequencies >= low) & (self._frequencies <= self._bounds[1])
        numbers = np.where(kept, np.cumsum(kept) - 1, -1)
        names = [name for name, keep in zip(self._names, kept, strict=True) if keep]
        if not isinstance(own, FastTfidfVectorizer):
            own.vocabulary_ = dict(zip(names, range(len(names)), strict=True))
            own.fixed_vocabulary_ = False
            return own, rewrite(rows, numbers, lambda part: None)
        idf = None
        if own.use_idf:
            smooth = int(own.smooth_idf)
            frequencies = self._frequencies[kept].astype(np.float32) + smooth
            idf = np.log(np.float32(self._n_texts + smooth) / frequencies) + 1
            idf = idf.astype(own.dtype)
        settings = {"sublinear": own.sublinear_tf, "norm": own.norm}
        rows = rewrite(rows, numbers, lambda part: weigh_counts(part, idf, **settings))
        return with_vocabulary(own, names, idf), rows


class _Counts:
    """Sums over the labels of all chunks."""

    def __init__(self, targets):
        self._targets, self._n_rows = targets, 0
        self._n_labelled, self._of_tasks = 0, 0
        self._of_classes = [np.zeros(n) for n in targets.layout.sizes]

    def add(self, codes):
        """Count the codes of some rows."""
        labelled = codes >= 0
        self._n_rows += len(codes)
        self._n_labelled += int(labelled.sum())
        self._of_tasks += labelled[:, self._targets.layout.starts].sum(axis=0)
        for k, counts in enumerate(self._of_classes):
            counts += np.bincount(codes[labelled[:, k], k], minlength=len(counts))

    def cells(self, codes, class_weight, spool):
        """Return the cells of all rows."""
        # A row for each class has the same sums as all rows.
        sizes = self._targets.layout.sizes
        summary = np.full((sum(sizes), len(sizes)), -1, dtype=np.int32)
        counts, row = np.zeros(summary.shape), 0
        for k, own in enumerate(self._of_classes):
            summary[row : row + len(own), k] = np.arange(len(own))
            counts[row : row + len(own), k] = own
            row += len(own)
        factors = class_weight_table(class_weight, self._targets, summary, counts)
        shape = codes.shape
        weights = np.broadcast_to(1.0, shape)
        if class_weight is not None:
            weights = np.ones(shape, dtype=np.float32)
            starts = np.concatenate([[0], np.cumsum(sizes)])
            for own in blocks(len(codes)):
                for k in range(len(sizes)):
                    of_class = factors[starts[k] : starts[k + 1], k]
                    found = codes[own, k]
                    weights[own, k] = np.where(found >= 0, of_class[found], 1.0)
        shares = self._of_tasks / self._n_rows
        cells = StoredCells(
            np.broadcast_to(True, shape[:1]),
            self._targets,
            codes,
            weights,
            np.broadcast_to(1.0, shape[:1]),
            shares,
            log_class_shares(self._targets, summary, counts * factors),
            shares,
            self._n_labelled,
        )
        cells.spool = spool
        return cells
