"""Training settings of a trunk: epochs, batch size and learning rates."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """The "auto" training settings for a kind of trunk, on large data.

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
        Whether small sets of bags of words train in full batches. Set False if Adam
        trains the input weights: full batches are then too few optimizer steps.

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


# Batches of 64 rows, with learning rates scaled in proportion, were slower and no
# better.
ROWS = Recipe(epochs=3, batch_size=256, sparse_rate=500.0, dense_rate=7e-3)
# A user's module over bags of words: Adam may train its input weights.
MODULES = replace(ROWS, few_in_full_batches=False)
# On reviews 8 epochs were no better than 5, and a private path over bags of the tokens
# with the sparse rate of ROWS lost 5 points.
TOKENS = Recipe(epochs=5, batch_size=128, sparse_rate=50.0, dense_rate=3e-3)
# With plain gradient descent on embeddings, term weights and token dropout, reviews got
# 0.877 with 12 epochs, 0.874 with 8, and 0.856 with 5 at twice the embedding rate.
PLAIN_EMBEDDINGS = replace(TOKENS, epochs=12)


def default_recipe(spec):
    """Return the default recipe for the rows of `spec`."""
    return TOKENS if spec.tokens else ROWS
