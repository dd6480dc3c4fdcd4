"""How a trunk is best trained: epochs, batch size and learning rates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The "auto" settings of training for a kind of trunk, on large data.

    Attributes
    ----------
    epochs : int

    batch_size : int
        Rows in a batch.

    sparse_rate : float
        Learning rate of plain gradient descent for input weights of sparse rows.

    embedding_rate : float
        The same for embeddings with plain gradient descent.

    dense_rate : float
        Learning rate of Adam for all other weights.
    """

    epochs: int
    batch_size: int
    sparse_rate: float
    embedding_rate: float
    dense_rate: float


# Batches of 64 rows with rates in proportion were no better, and slower.
ROWS = Recipe(
    epochs=3,
    batch_size=256,
    sparse_rate=500.0,
    embedding_rate=0.0,
    dense_rate=7e-3,
)
# On reviews 8 epochs were no better than 5, and a private path over bags of the tokens
# with the sparse rate of ROWS lost 5 points.
TOKENS = Recipe(
    epochs=5,
    batch_size=128,
    sparse_rate=50.0,
    embedding_rate=0.0,
    dense_rate=3e-3,
)
# For embeddings with plain descent, term weighting and dropout of words: 12 epochs had
# 0.877 on reviews, 8 had 0.874, and 5 at twice the rate 0.856.
PLAIN_EMBEDDINGS = Recipe(
    epochs=12,
    batch_size=128,
    sparse_rate=50.0,
    embedding_rate=1600.0,
    dense_rate=3e-3,
)


def default_recipe(spec):
    """Return the default recipe for the rows of `spec`."""
    return TOKENS if spec.tokens else ROWS
