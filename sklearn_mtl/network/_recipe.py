"""How a trunk is best trained: epochs, batch size and learning rates."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """The "auto" settings of training for a kind of trunk, on large data.

    Attributes
    ----------
    epochs : int
        Passes over the rows.

    batch_size : int
        Rows in a batch.

    sparse_rate : float
        Learning rate of plain gradient descent on input weights of sparse rows.

    dense_rate : float
        Learning rate of Adam for all other weights.

    embedding_rate : float, default=1600.0
        Learning rate of embeddings that take plain gradient descent.

    few_in_full_batches : bool, default=True
        Whether bags of words train in full batches where they are few. These are too
        few steps for input weights that Adam moves.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from sklearn_mtl.network import Recipe
    >>> recipe = Recipe(epochs=3, batch_size=256, sparse_rate=500.0, dense_rate=0.003)
    >>> replace(recipe, epochs=5).epochs
    5
    """

    epochs: int
    batch_size: int
    sparse_rate: float
    dense_rate: float
    embedding_rate: float = 1600.0
    few_in_full_batches: bool = True


# Batches of 64 rows with rates in proportion were no better, and slower.
ROWS = Recipe(epochs=3, batch_size=256, sparse_rate=500.0, dense_rate=7e-3)
# A user's module over bags of words: its weights may be Adam's.
MODULES = replace(ROWS, few_in_full_batches=False)
# On reviews 8 epochs were no better than 5, and a private path over bags of the tokens
# with the sparse rate of ROWS lost 5 points.
TOKENS = Recipe(epochs=5, batch_size=128, sparse_rate=50.0, dense_rate=3e-3)
# With plain descent on embeddings, words weighted and dropped out, 12 epochs had 0.877
# on reviews, 8 had 0.874, and 5 at twice the embedding rate 0.856.
PLAIN_EMBEDDINGS = replace(TOKENS, epochs=12)


def default_recipe(spec):
    """Return the default recipe for the rows of `spec`."""
    return TOKENS if spec.tokens else ROWS
