"""How an estimator turns X into rows: words, term weights and embeddings."""

from copy import deepcopy
from functools import partial

import numpy as np

from ..data._block import unpacked
from ..data._columns import find_column_scales
from ..data._embedding import fit_embedding
from ..data._features import (
    as_bags,
    check_numeric,
    fit_vectorizer,
    is_fitted,
    is_hashing,
    transform_rows,
)
from ..data._rows import RowSteps
from ..data._term_weights import (
    information_weights,
    inverse_frequencies,
    rare_words,
    weighs_terms,
)
from ..feature_extraction._sentences import import_encoder
from ..sharing import shares_trunk
from ..trunks import reads_tokens, weighs_tokens
from ..utils._numpy import numpy_errors
from ..utils._texts import read_texts, reads_tables_too, refuse_rows, refuse_texts


class RowsMixin:
    """Turns texts or numbers into rows, in fit and in predict."""

    def _read_input(self, X, y):
        """Check X, and that there is y; return a list of str, or numeric rows."""
        texts = read_texts(X, self.vectorizer)
        if texts is not None:
            X = texts
        elif isinstance(self.vectorizer, str):
            X = check_numeric(self, X, reset=not hasattr(self, "calibration_"))
        self._check_embedding(texts)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        return X

    def _check_embedding(self, texts):
        """Raise a ValueError if the embedding does not suit X or a warm start.

        Parameters
        ----------
        texts : list of str or None
            None if X does not hold texts.
        """
        before = getattr(self, "embedding_", self.embedding)  # of a warm start
        if (before is None) != (self.embedding is None):
            raise ValueError(
                "warm_start continues the network of the previous fit, so embedding "
                f"must not change. Got embedding={self.embedding!r}. Set the previous "
                "embedding, or warm_start=False."
            )
        if self.embedding is None or texts is not None:
            return
        if isinstance(self.vectorizer, str):
            raise ValueError(
                "embedding needs texts, but X holds numeric rows. Pass texts, or add "
                "your own embeddings as columns of X and set embedding=None."
            )
        if self._embedding_is_use():
            raise ValueError(
                "embedding='use' needs a list of texts, but X is a table. As "
                "embedding, pass a ColumnTransformer that applies "
                "UniversalSentenceEncoder() to the text column."
            )

    def _check_embedding_params(self):
        """Raise an error for a trunk over sequences or a missing package."""
        if self.embedding is not None and reads_tokens(self.trunk):
            raise ValueError(
                "embedding adds columns to bags of words, but the trunk "
                f"{self.trunk!r} reads sequences of tokens. Use trunk='bag', or "
                "embedding=None."
            )
        if self._embedding_is_use():
            import_encoder()

    def _embedding_is_use(self):
        return isinstance(self.embedding, str) and self.embedding == "use"

    def _fit_rows(self, X, cells, learnt):
        """Vectorize, scale, weight and embed X.

        A warm start keeps the fitted transformers. If `learnt` is given, labels of
        other rows must not be read.

        Returns
        -------
        rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

        dense : ndarray of shape (n_rows, n_dense) or None
            The block of the embedding.
        """
        if hasattr(self, "vectorizer_"):  # of a warm start
            if self.vectorizer_ is None and not isinstance(X, list):
                # X is checked already and no longer has column names.
                return self._steps.finish(X), None
            return self._transform_rows(X)
        rows = self._fit_vectorizer(
            X,
            cells,
            rare_words(cells.targets.layout.sizes, cells.cells_per_class),
        )
        codes, weights, bags = cells.codes, cells.weights, rows
        if self._weighs_terms(X, rows, cells, rows.shape[0], cells.cells_per_class):
            bags = as_bags(rows) if reads_tokens(self.trunk) else rows
            if learnt is not None:  # other rows are held out for scores
                bags, codes, weights = bags[learnt], codes[learnt], weights[learnt]
            self.term_weights_ = information_weights(
                bags, codes, weights, cells.targets.layout.sizes
            )
        if self._hashes(X):
            in_rows = np.bincount(rows.indices, minlength=rows.shape[1])
            idf = inverse_frequencies(rows.shape[0], in_rows)
            self.term_weights_ = (
                idf if self.term_weights_ is None else self.term_weights_ * idf
            )
        rows = self._steps.weigh(rows)
        return rows, self._fit_embedding(X, rows, cells)

    def _fit_vectorizer(self, X, cells, rare_words, *, keeps_fitted=False):
        """Fit the vectorizer and the scales of columns, and return scaled rows.

        `keeps_fitted` takes a vectorizer that is fitted already as it is.
        """
        if isinstance(self.vectorizer, str) and not isinstance(X, list):
            self.vectorizer_, rows = None, X
        elif keeps_fitted and is_fitted(self.vectorizer):
            self.vectorizer_ = deepcopy(self.vectorizer)
            rows = transform_rows(self.vectorizer_, X)
        else:
            self.vectorizer_, rows = fit_vectorizer(
                self.vectorizer,
                X,
                self.memory,
                as_tokens=reads_tokens(self.trunk),
                rare_words=rare_words,
            )
        self.column_scales_ = self.term_weights_ = self.embedding_ = None
        if not self._reads_words(X):
            self.column_scales_ = find_column_scales(rows, cells.row_weights)
        return self._steps.scale(rows)

    def _weighs_terms(self, X, rows, cells, n_rows, cells_per_class):
        """Whether features get term weights from labels, see ``weighs_terms``."""
        return weighs_terms(
            self.term_weighting,
            rows,
            cells.targets.layout.sizes,
            cells_per_class,
            n_rows=n_rows,
            are_ours=isinstance(X, list)
            and isinstance(self.vectorizer, str)
            and shares_trunk(self.sharing, self.trunk),
            as_tokens=reads_tokens(self.trunk) and not weighs_tokens(self.trunk),
        )

    def _hashes(self, X):
        """Whether rows are hashed terms, to be weighted by their frequencies."""
        return isinstance(X, list) and is_hashing(self.vectorizer)

    def _fit_embedding(self, X, rows, cells):
        """Fit the embedding and return its block of X, or None."""
        if self.embedding is None:
            return None
        seed = self.random_state
        if isinstance(seed, np.random.RandomState):
            seed = int(seed.randint(np.iinfo(np.int32).max))
        self.embedding_, dense = fit_embedding(
            self.embedding,
            X,
            rows,
            cells.row_weights,
            weight=self.embedding_weight,
            seed=seed,
            memory=self.memory,
        )
        return dense

    def _reads_words(self, X):
        """Whether all features come from a single text vectorizer."""
        return isinstance(X, list) and (
            reads_tokens(self.trunk)
            or isinstance(self.vectorizer, str)
            or hasattr(self.vectorizer_, "analyzer")
        )

    @property
    def _steps(self):
        return RowSteps(
            partial(transform_rows, self.vectorizer_),
            self.column_scales_,
            # Term weights of tokens scale embeddings instead.
            None if reads_tokens(self.trunk) else self.term_weights_,
            self.embedding_,
        )

    @numpy_errors()
    def _transform_rows(self, X):
        """Turn X into rows and their dense block for a prediction, as in fit."""
        texts = read_texts(X, self.vectorizer)
        if texts is None:
            self._check_table(X)
        if self.vectorizer_ is not None:
            X = X if texts is None else texts
            return self._steps(X, self.memory)
        if texts is None:
            rows = check_numeric(self, X, reset=False)
            if self.embedding_ is not None:  # a search embeds each fold once
                return unpacked(rows, self.embedding_)
            return self._steps.finish(rows), None
        refuse_texts(self.n_features_in_)

    def _check_table(self, X):
        """Raise a ValueError for X without texts if the vectorizer reads only texts."""
        if self.vectorizer_ is None:
            return
        reads_texts = isinstance(self.vectorizer, str) or (
            not reads_tables_too(self.vectorizer_)
            and isinstance(getattr(self.vectorizer_, "analyzer", None), str)
        )
        if reads_texts:  # a user-defined analyzer may read anything
            refuse_rows(X)
