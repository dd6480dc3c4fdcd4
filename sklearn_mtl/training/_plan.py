"""The "auto" rules of training: settings read off the shape of the data.

A rule may look at rows, features and labels, never at what the data is called. The
values were chosen on the dev splits of five real data sets.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.sparse import issparse

from ..network._spec import SMALL
from ..sharing import sharing_kind
from ..trunks import reads_tokens, weighs_tokens

# Step of the sparse input layer, for rows of unit mean squared norm, and of Adam.
SPARSE_RATE = 500.0
DENSE_RATE = 7e-3
# With more epochs the sparse rate falls, so that a row moves the weights as far in all;
# but not below this share of it: few rows, which take many epochs, need no less.
LEAST_RATE = 0.2
# Rows in a batch: with the rate in proportion to it, 64 rows are no better, and take
# longer.
BATCH_SIZE = 256
# Epochs on large data, and the steps that small data needs at least.
EPOCHS = 3
STEPS = 300
# How often training should come upon a class, on average over the classes of all tasks,
# and the epochs that this may cost. Where 410 classes had 260 cells each, 4 epochs got
# 0.3 points more of the rarest ones right than 3.
ENCOUNTERS = 800
ENCOUNTER_EPOCHS = 6
# Full-batch steps up to 200 rows, and Adam's step where all weights are dense.
FULL_BATCH_STEPS = 100
FULL_BATCH_DENSE_RATE = 3e-2
# Of networks over token sequences: epochs, rows in a batch, Adam's step, and the step
# of a private path over bags of the tokens. On reviews 8 epochs were no better than 5,
# and a private path with the step of bags alone lost 5 points.
TOKEN_EPOCHS = 5
TOKEN_BATCH_SIZE = 128
TOKEN_DENSE_RATE = 3e-3
TOKEN_SPARSE_RATE = 50.0
# Where embeddings take plain descent: their step, which falls with epochs like that of
# other sparse weights, and the epochs that they need. With words weighed and dropped
# out, 12 epochs had 0.877 on reviews, 8 had 0.874, and 5 at twice the step 0.856.
EMBEDDING_RATE = 1600.0
EMBEDDING_EPOCHS = 12
# How far training makes up for rare classes. From 0.25 to 0.5 macro-F1 rose for both
# kinds of task; accuracy fell where all have two classes, and nowhere else by as much.
BINARY_ADJUSTMENT = 0.25
MULTICLASS_ADJUSTMENT = 0.5
# Classes of a task, on average, up to which features are weighed by what they say about
# labels. Up to 15 macro-F1 rose on each of four sets, by 0.3 to 1.7 points; among 47
# classes, of which nearly every word tells something, it fell by 0.4.
WEIGHED_CLASSES = 25


@dataclass(frozen=True)
class Plan:
    """Resolved training settings.

    Attributes
    ----------
    max_iter : int
        Epochs.

    batch_size : int

    input_rate : float
        Learning rate of the input layers.

    sparse_rate, embedding_rate, dense_rate : float
        Learning rates of sparse input layers, of embeddings that take plain descent,
        and of everything else.

    early_stopping : bool
    """

    max_iter: int
    batch_size: int
    input_rate: float
    sparse_rate: float
    embedding_rate: float
    dense_rate: float
    early_stopping: bool


def asks_for_early_stopping(settings):
    """Whether early stopping is on; a grid may hold numpy's True."""
    return settings.early_stopping != "auto" and bool(settings.early_stopping)


def make_plan(settings, spec, cells_per_class=np.inf):
    """Resolve the "auto" settings.

    Parameters
    ----------
    settings : MultiTaskTextClassifier
        Its constructor parameters are read.

    spec : InputSpec

    cells_per_class : float, default=inf
        Labelled cells for each class, on average over all tasks.

    Returns
    -------
    plan : Plan
    """
    batch_size = settings.batch_size
    if batch_size == "auto":
        batch_size = TOKEN_BATCH_SIZE if spec.tokens else BATCH_SIZE
        if spec.is_small:
            batch_size = spec.n_rows
    batch_size = min(batch_size, spec.n_rows)
    max_iter = settings.max_iter
    if max_iter == "auto":
        steps = FULL_BATCH_STEPS if spec.is_small else STEPS
        encounters = min(ceil(ENCOUNTERS / cells_per_class), ENCOUNTER_EPOCHS)
        least = TOKEN_EPOCHS if spec.tokens else EPOCHS
        if spec.plain_embeddings:
            least = EMBEDDING_EPOCHS
        max_iter = max(least, encounters, ceil(steps * batch_size / spec.n_rows))
    sparse_rate, dense_rate = SPARSE_RATE, DENSE_RATE
    if spec.tokens:
        sparse_rate, dense_rate = TOKEN_SPARSE_RATE, TOKEN_DENSE_RATE
    embedding_rate = EMBEDDING_RATE
    if not spec.is_small:
        fall = max(EPOCHS / max(max_iter, EPOCHS), LEAST_RATE)
        sparse_rate, embedding_rate = sparse_rate * fall, embedding_rate * fall
    is_bag = spec.sparse and not spec.tokens
    if spec.is_small and not is_bag:
        dense_rate = FULL_BATCH_DENSE_RATE
    input_rate = sparse_rate if is_bag else dense_rate
    if settings.learning_rate_init != "auto":
        # One knob for all rates: their ratios stay as they are.
        factor = settings.learning_rate_init / input_rate
        input_rate = settings.learning_rate_init
        sparse_rate, dense_rate = sparse_rate * factor, dense_rate * factor
        embedding_rate *= factor
    # Steps decay to zero over the planned epochs, which already ends training where it
    # should; on dev splits the rows of a validation split were worth more in training.
    early_stopping = asks_for_early_stopping(settings)
    return Plan(
        max_iter,
        batch_size,
        input_rate,
        sparse_rate,
        embedding_rate,
        dense_rate,
        early_stopping,
    )


def shares_trunk(settings):
    """Whether the tasks learn a trunk together."""
    sharing = sharing_kind(settings.sharing)
    return settings.trunk is not None and getattr(sharing, "is_shared", True)


def has_representation(settings):
    """Whether all tasks read one hidden vector."""
    sharing = sharing_kind(settings.sharing)
    return settings.trunk is not None and getattr(sharing, "has_representation", True)


def weighs_terms(settings, rows, are_texts, n_classes):
    """Whether features are weighed by what they say about labels.

    Parameters
    ----------
    settings : MultiTaskTextClassifier
        Its constructor parameters are read.

    rows : csr_matrix, csr_array or ndarray

    are_texts : bool
        Whether the rows were made of texts.

    n_classes : list of int
        Of each task.

    Returns
    -------
    weighs : bool

    Raises
    ------
    ValueError
        If it is asked for, and rows are dense.
    """
    setting = settings.term_weighting
    as_tokens = reads_tokens(settings.trunk) and not weighs_tokens(settings.trunk)
    if setting != "auto":
        if setting is not None and (as_tokens or not issparse(rows)):
            found = "sequences of tokens" if as_tokens else "dense rows"
            raise ValueError(
                f"term_weighting={setting!r} is for sparse rows, where a feature is "
                f"there or not. Got {found}; use 'auto' or None."
            )
        return setting is not None
    # With a vectorizer of one's own, the weights of features are one's own, too; and
    # tasks that share nothing must not share these.
    is_ours = are_texts and isinstance(settings.vectorizer, str)
    return bool(
        is_ours
        and not as_tokens
        and shares_trunk(settings)
        and rows.shape[0] > SMALL
        and np.mean(n_classes) <= WEIGHED_CLASSES
    )


def logit_adjustments(setting, log_class_shares):
    """Return what training adds to the logits of each class of each task.

    Parameters
    ----------
    setting : float or "auto"
        The power of the class shares.

    log_class_shares : list of ndarray of shape (n_classes,)

    Returns
    -------
    adjustments : list of ndarray of shape (n_classes,)
    """
    if setting != "auto":
        return [setting * shares for shares in log_class_shares]
    return [
        (MULTICLASS_ADJUSTMENT if len(shares) > 2 else BINARY_ADJUSTMENT) * shares
        for shares in log_class_shares
    ]
