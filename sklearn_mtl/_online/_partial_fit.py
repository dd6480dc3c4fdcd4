"""The method partial_fit: from a chunk of rows to a step of the fitted estimator."""

from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from .._estimator import BaseMultiTask
from ..data._label_sums import LabelSums
from ..data._rows import match_trunk
from ..data._stream_cells import read_chunk
from ..data._term_sums import TermSums
from ..data._term_weights import MANY_CLASSES_ROWS
from ..training._balancing import build_balancing
from ..training._config import TrainingConfig
from ..training._dataset import RowDataset
from ..training._grow import check_growable
from ..training._plan import auto_width
from ..training._probe import not_probed
from ..training._runtime import computing
from ..training._stream import ChunkRun
from ..training._stream_growth import grown_stream
from ..training._stream_start import (
    MANY_ROWS,
    check_stream,
    keeps_tables,
    start_stream,
)
from ..training._stream_state import Stream, apart
from ..trunks import reads_tokens, resolve_trunk
from ..utils import _typing as t
from ..utils._compat import fit_context
from ..utils._numpy import numpy_errors
from ..utils._rows import n_rows, settled, take_rows
from ..utils._state import take_over
from ..utils._texts import refuse_texts

# Weights of features are computed again when a stream has this many times the rows.
GROWTH = 1.5


class PartialFitMixin(BaseMultiTask):
    """Learns from one chunk of rows after the other."""

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: t.Rows,
        y: t.Labels,
        classes: Any = None,
        sample_weight: t.Weights = None,
    ) -> Self:
        """Learn from a chunk of texts and labels, and keep what was learnt before.

        The first call chooses tasks, classes, vectorizer and network, and later calls
        keep them, but for classes that ``grow=True`` adds. After a `fit`, all of these
        are those of the fit.

        Parameters
        ----------
        X : iterable of str, or array-like or sparse matrix of shape \
                (n_samples, n_features)
            Texts or numeric rows, as in `fit`. Chunks of about 1,000 rows in random
            order are best.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, as in `fit`. Later chunks need the tasks of the first, but not
            labels of all of them. A chunk without any label changes nothing.

        classes : list or dict, default=None
            All classes of each task: a list of lists in task order, or ``{task:
            classes}``, which may leave tasks out; for a single label column also a flat
            list. Needed in the first call if its labels lack some classes, unless
            ``grow=True``; later it adds classes with ``grow=True``, and else is ignored
            but for a check. None takes the classes of the chunk. The classes of ordinal
            tasks whose labels are texts are listed lowest first.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weight of each row, or of each cell, relative to those of other chunks.

        Returns
        -------
        self : MultiTaskTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If X, y, classes, weights or a parameter cannot be used, or, without
            ``grow=True``, a label was neither declared nor in the first chunk. The
            classifier is then unchanged.

        Notes
        -----
        A call takes two passes over its chunk, one if labels turn out to be noisy, and
        more while fewer than 1,000 rows were seen. The step size is constant.
        Predictions come from an average of the weights that spans about the latest
        ninth of all rows (polynomial-decay averaging). Adam's moments are kept.
        `max_iter` and `validation_fraction` are not used, as in scikit-learn, and
        `early_stopping` is not available.

        Shares of classes and tasks, the scale of rows, document frequencies, and term
        weights are running sums over all calls. Temperatures are fitted on the latest
        500 rows, predicted before they were learnt. If rows return, in a second pass
        over the stream, they are too low; set `temperature` then.

        ``vectorizer="hashing"`` needs no vocabulary. "auto" learns its vocabulary, with
        document frequencies, from the first chunk alone, so make this one large. A
        vectorizer that is fitted already is used as it is; others, scales of columns
        and embeddings are fitted to the first chunk.

        With ``grow=True`` a new class widens heads, private paths and thresholds, which
        keep what they have learnt; in sums over earlier chunks it has no cell. Such a
        call takes longer, as it copies the weights of all features seen so far.

        A call reads and writes only the weights of features in its chunk, and the
        average is computed when it is first read, as in `predict`. With `callbacks`,
        `net_params` or a trunk or sharing of your own, each call copies all weights. A
        pickle holds weights and average, and goes on exactly. A saved file holds the
        average: a loaded classifier goes on from there, with term weights as they are.

        References
        ----------
        O. Shamir, T. Zhang, "Stochastic gradient descent for non-smooth optimization:
        convergence results and optimal averaging schemes", ICML 2013.

        Examples
        --------
        >>> from sklearn_mtl import MultiTaskTextClassifier
        >>> chunks = [
        ...     (["great phone", "awful film"], {"tone": ["good", "bad"]}),
        ...     (["awful phone", "great film"], {"tone": ["bad", "good"]}),
        ... ]
        >>> clf = MultiTaskTextClassifier(vectorizer="hashing", random_state=0)
        >>> for texts, labels in chunks * 5:
        ...     clf = clf.partial_fit(texts, labels, classes={"tone": ["bad", "good"]})
        >>> clf.predict(["great", "awful"], output="dict")
        {'tone': array(['good', 'bad'], dtype='<U4')}
        """
        X = settled(X)
        self._validate_params()
        fresh = copy(self)
        with numpy_errors():
            fresh._learn_chunk(X, y, classes, sample_weight)
        take_over(self, fresh)
        return self

    def _learn_chunk(self, X, y, classes, sample_weight):
        config = TrainingConfig.of(self)
        check_stream(config)
        if self.checkpoint is not None:
            raise ValueError(
                "A checkpoint keeps the state of fit, within its epochs. Got "
                f"checkpoint={str(self.checkpoint)!r} in partial_fit. Set it to None, "
                "and pickle the classifier after a chunk to keep its state."
            )
        self._check_strategies()
        stream = getattr(self, "stream_", None)
        if stream is None and hasattr(self, "net_"):
            stream = self._stream_of_fit()
        X = self._read_input(X, y)
        cells, labels = read_chunk(
            y,
            sample_weight,
            n_rows(X),
            classes=classes,
            missing_label=self.missing_label,
            task_types=self.task_types,
            class_weight=self.class_weight,
            targets=getattr(self, "targets_", None),
            sums=stream and stream.labels,
            grow=self.grow,
        )
        if stream is not None and cells.targets is not self.targets_:
            check_growable(stream.net)
        self._check_for_tasks(config, cells.targets.names)
        if not len(cells.codes):
            return
        names = ("alpha_", "calibration_", "learning_rate_factor_")
        known = [getattr(self, name, None) for name in names]
        config = not_probed(config, *known).settle(config)
        balancing = build_balancing(self.loss_weights, cells, config)
        if stream is not None and cells.targets is not self.targets_:
            with computing(self.n_jobs):
                stream = grown_stream(stream, config, cells, balancing)
        rows, dense, terms = self._chunk_rows(
            take_rows(X, cells.kept), cells, labels, stream and stream.terms
        )
        if stream is None:
            stream = self._first_stream(config, rows, dense, cells, balancing)
        stream = replace(stream, labels=labels, terms=terms)
        dataset = self._chunk_dataset(stream.net, rows, dense, cells)
        run = ChunkRun(config, stream, dataset, cells, balancing)
        with computing(self.n_jobs):
            stream = run.fit()
            calibration = run.calibration(stream, known[1])
        self._set_fitted(stream.average, run, cells, calibration)
        del self.net_  # from now on that of the stream
        self.stream_ = stream

    def _stream_of_fit(self):
        """Return the stream that continues a fit, or a classifier from a file."""
        spec, history = self.net_.module__spec, self.net_.history
        last = history[-1] if len(history) else {}
        share = [last.get(f"task_cells_{name}", 1.0) for name in self.task_names_]
        labels = LabelSums.of_shares(spec.n_rows, share, self.calibration_.log_shares)
        net, tables = self.net_, None
        parts = TrainingConfig.of(self), net.module__trunk, net.module__sharing
        if keeps_tables(*parts, is_sparse=spec.is_bag):
            net, tables = apart(net)
        return Stream(
            net=net,
            average=net,
            tables=tables,
            labels=labels,
            terms=None,
            squares=spec.n_rows / spec.scale**2,
            recent=None,
            seed=self._seed(),
            is_few=spec.is_few and self.class_weight is None,
        )

    def _first_stream(self, config, rows, dense, cells, balancing):
        """Return a stream with a new network for the rows of the first chunk."""
        n_logits = sum(task.n_logits for task in cells.targets.tasks)
        width = auto_width(MANY_ROWS, n_logits)
        trunk = resolve_trunk(self.trunk, sparse=issparse(rows), n_units=width)
        rows = match_trunk(
            rows,
            sparse=trunk is not None and trunk.reads_sparse,
            tokens=reads_tokens(trunk),
        )
        tokens = getattr(self.vectorizer_, "tokens_", ())
        parts = rows, cells, trunk, balancing, tokens, dense
        with computing(self.n_jobs):
            return start_stream(config, *parts)

    def _seed(self):
        rng = check_random_state(self.random_state)
        return int(rng.randint(np.iinfo(np.int32).max))

    def _chunk_rows(self, X, cells, labels, terms):
        """Return the rows of a chunk, their dense block, and the sums of terms."""
        if hasattr(self, "vectorizer_"):
            self._check_kind(X)
        is_first = not hasattr(self, "vectorizer_")
        if is_first:
            rows = self._fit_vectorizer(X, cells, MANY_CLASSES_ROWS, keeps_fitted=True)
            terms = self._new_sums(X, rows, cells)
        else:
            steps = self._steps
            known = self.vectorizer_ is not None
            rows = steps.scale(steps.vectorize(X) if known else X)
        if terms is not None:
            terms = terms.plus(rows, cells.codes, cells.weights)
            if terms.n_rows >= GROWTH * terms.n_weighed:
                terms = replace(terms.merged(), n_weighed=terms.n_rows)
                self.term_weights_ = self._new_weights(X, rows, cells, labels, terms)
        rows = self._steps.weigh(rows)
        if is_first:
            return rows, self._fit_embedding(X, rows, cells), terms
        if self.embedding_ is None:
            return rows, None, terms
        return rows, self.embedding_.block(X, rows, self.memory), terms

    def _check_kind(self, X):
        """Raise a ValueError for texts after numbers, or numbers after texts."""
        if not isinstance(X, list):
            self._check_table(X)
        elif self.vectorizer_ is None:
            refuse_texts(self.n_features_in_)

    def _new_sums(self, X, rows, cells):
        """Return the sums of features for a stream, or None if it needs none."""
        if reads_tokens(self.trunk):
            if self.term_weighting == "information":
                raise ValueError(
                    "partial_fit has no term weights for trunks that read words in "
                    "order. Set term_weighting='auto' or None."
                )
            return None
        # Whether features ever get weights from labels, however many rows there are.
        weighs = self._weighs_terms(X, rows, cells, np.inf, np.inf)
        if not weighs and not self._hashes(X):
            return None
        sizes = cells.targets.layout.sizes if weighs else ()
        return TermSums.zero(rows.shape[1], sizes)

    def _new_weights(self, X, rows, cells, labels, terms):
        """Return the weights of features after the latest chunk, or None."""
        weights = None
        if terms.sizes and self._weighs_terms(
            X, rows, cells, labels.n_rows, labels.cells_per_class
        ):
            weights = terms.information_weights()
        if not self._hashes(X):
            return weights
        idf = terms.inverse_frequencies()
        return idf if weights is None else weights * idf

    @staticmethod
    def _chunk_dataset(net, rows, dense, cells):
        """Return the rows of a chunk in the form that the network reads."""
        spec = net.module__spec
        rows = match_trunk(
            rows, sparse=spec.sparse, tokens=spec.tokens, n_tokens=spec.n_features
        )
        if spec.tokens:
            return RowDataset.of_cells(rows, cells)
        if issparse(rows) and not spec.sparse:
            rows = rows.toarray()
        rows = rows.astype(net.row_dtype, copy=False)
        dense = None if dense is None else dense.astype(net.row_dtype, copy=False)
        return RowDataset.of_cells(rows, cells, dense=dense)
