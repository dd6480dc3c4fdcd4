"""A dense block beside the sparse features of each text, without scikit-learn."""

from dataclasses import dataclass

import numpy as np

# Factor on dense blocks. It multiplies the size of Adam's steps on their weights.
# Sparse rows train for few epochs, in which a block would learn too little at the
# learning rate of other layers. On dev splits 2 and 32 were worse than 8, for small and
# large data.
BLOCK_GAIN = 8.0


class Components:
    """Directions onto which rows are projected.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
    """

    def transform(self, X):
        """Return the projected rows, an array of shape (n_rows, n_components)."""
        return X @ self.components_.T


@dataclass(frozen=True)
class DenseBlock:
    """A fitted embedding, and the scale of its block.

    Attributes
    ----------
    transformer : transformer
        Reads the sparse rows. The transformer of an `Embedding` may read texts instead.

    mean : ndarray of shape (n_dense,)
        Subtracted from the output of the transformer.

    factor : float
        Multiplies the centred output.
    """

    transformer: object
    mean: np.ndarray
    factor: float

    def block(self, X, rows, memory=None):
        """Return the block of some texts, an array of shape (n_rows, n_dense).

        Parameters
        ----------
        X : list of str, or what the transformer takes

        rows : csr_matrix or csr_array of shape (n_rows, n_features)
            Sparse features of the same texts.

        memory : None, str or joblib.Memory, default=None
            Cache for the embeddings of transformers that need no fit.

        Raises
        ------
        ValueError
            If the number of columns differs from that in fit.
        """
        values = self.values(X, rows, memory)
        if values.shape[1] != len(self.mean):
            raise ValueError(
                f"The embedding returned {values.shape[1]} column(s), but "
                f"{len(self.mean)} in fit. Pass one whose width does not change."
            )
        return self.scaled(values, rows.dtype)

    def values(self, X, rows, memory=None):
        """Return the output of the transformer, see :meth:`block`."""
        return self.transformer.transform(rows)

    def scaled(self, values, dtype):
        """Return the output of the transformer, centred and scaled."""
        centred = (values - self.mean).astype(dtype, copy=False)
        return centred * dtype.type(self.factor)


def unpacked(joint, embedding):
    """Split what :func:`packed` has joined into rows and block."""
    n_words = joint.shape[1] - len(embedding.mean)
    return joint[:, :n_words], joint[:, n_words:].toarray()
