"""A dense block beside the rows of words, without scikit-learn."""

from dataclasses import dataclass

import numpy as np

# Factor on dense blocks. Adam's steps on their weights count as many times, for in the
# few epochs of sparse rows a block would learn too little at the rate of other layers.
# On dev splits 2 and 32 were worse than 8, with small and with large data.
BLOCK_GAIN = 8.0


class Components:
    """Directions that rows are measured along.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
    """

    def transform(self, X):
        """Return the rows along the components, (n_rows, n_components)."""
        return X @ self.components_.T


@dataclass(frozen=True)
class DenseBlock:
    """A fitted embedding, and the scale of its block.

    Attributes
    ----------
    transformer : transformer
        Reads the sparse rows; that of an `Embedding` may read texts.

    mean : ndarray of shape (n_dense,)
        Subtracted first.

    factor : float
        Multiplied then.
    """

    transformer: object
    mean: np.ndarray
    factor: float

    def block(self, X, rows, memory=None):
        """Return the block of some texts, (n_rows, n_dense).

        Parameters
        ----------
        X : list of str, or what the transformer takes

        rows : csr_matrix or csr_array of shape (n_rows, n_features)
            The words of the same texts.

        memory : None, str or joblib.Memory, default=None
            Cache for embeddings of texts that need no fit.

        Raises
        ------
        ValueError
            If the transformer gives other columns than in the fit.
        """
        values = self.values(X, rows, memory)
        if values.shape[1] != len(self.mean):
            raise ValueError(
                f"The embedding made {values.shape[1]} column(s), and in fit "
                f"{len(self.mean)}. Pass one whose width does not change."
            )
        return self.scaled(values, rows.dtype)

    def values(self, X, rows, memory=None):
        """Return what the transformer makes of the rows, see :meth:`block`."""
        return self.transformer.transform(rows)

    def scaled(self, values, dtype):
        """Return what the transformer made, centred and scaled."""
        centred = (values - self.mean).astype(dtype, copy=False)
        return centred * dtype.type(self.factor)


def unpacked(joint, embedding):
    """Return the two parts that :func:`packed` has joined, for a fitted embedding."""
    n_words = joint.shape[1] - len(embedding.mean)
    return joint[:, :n_words], joint[:, n_words:].toarray()
