"""The "auto" rules of training: settings chosen by the shape of the data.

A rule may depend on rows, features and labels, but not on names. The values were chosen
on the dev splits of five real data sets.
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from ..data._rows import FEW

# With more than 3 epochs, sparse learning rates are lower, so that the total change per
# row stays the same. They never fall below this share: small data with many epochs does
# not need lower rates.
FULL_RATE_EPOCHS = 3
LEAST_RATE = 0.2
# Minimum number of optimizer steps.
STEPS = 300
# Maximum number of epochs to reach STEPS on bags of words: small data needs no more.
FEW_EPOCHS = 8
# Target number of training examples per class, counted over all epochs, as a mean over
# the classes of all tasks; and the maximum number of epochs to reach it. With 410
# classes of 260 cells each, 4 epochs had 0.3 points higher recall than 3 on the rarest
# classes.
CLASS_EXAMPLES = 800
CLASS_EPOCHS = 6
# Number of full-batch steps for up to 200 rows, for bags of words and for other rows;
# and Adam's learning rate if all weights are dense. On bags, 25 steps lost up to 4
# points of macro-F1.
FULL_BATCH_STEPS_OF_BAGS = 10
FULL_BATCH_STEPS = 100
FULL_BATCH_DENSE_RATE = 3e-2
# Width of the default trunk for more than FEW bags of words: narrow if all tasks
# together have at most NARROW_LOGITS logits. There, 64 units scored the same as 128 in
# 0.7 to 0.85 of the time; with hundreds of logits they lost 0.4 points.
NARROW, NARROW_LOGITS, WIDE = 64, 100, 128
# Number of epochs where up to FEW bags of words bring new tasks to a network that was
# trained on more. On the dev splits of three domains of fdu_mtl, one at a time, 20 were
# 0.8 points better than 8, and as good as 10 with batches of 64. In full batches heads
# learnt too little.
ADDED_EPOCHS = 20
# Factor for learning rates where all weights learn new tasks and remember others. At
# the rates of a fit, known tasks of fdu_mtl lost 5 points on the dev split.
TUNED_PART = 0.1
# Strength of logit adjustment. From 0.25 to 0.5, macro-F1 rose for both kinds of task,
# but accuracy fell more if all tasks were binary.
BINARY_ADJUSTMENT = 0.25
MULTICLASS_ADJUSTMENT = 0.5
# For up to 200 rows, where a rare class has only a few cells.
SMALL_ADJUSTMENT = 1.0


@dataclass(frozen=True)
class Plan:
    """Resolved training settings.

    Attributes
    ----------
    max_iter : int
        Number of epochs.

    batch_size : int

    input_rate : float
        Learning rate of the input layers.

    sparse_rate, embedding_rate, dense_rate : float
        Learning rates of sparse input layers, of embeddings trained by plain gradient
        descent, and of all other weights.
    """

    max_iter: int
    batch_size: int
    input_rate: float
    sparse_rate: float
    embedding_rate: float
    dense_rate: float


def make_plan(config, spec, recipe, cells_per_class=np.inf):
    """Resolve the "auto" settings.

    Parameters
    ----------
    config : TrainingConfig

    spec : InputSpec

    recipe : Recipe
        Recipe of the trunk.

    cells_per_class : float, default=inf
        Mean number of labelled cells per class, over all tasks.

    Returns
    -------
    plan : Plan
    """
    is_few = spec.is_few and recipe.few_in_full_batches
    batch_size = config.batch_size
    if batch_size == "auto":
        is_full = spec.is_small or is_few
        batch_size = spec.n_rows if is_full else recipe.batch_size
    batch_size = min(batch_size, spec.n_rows)
    max_iter = config.max_iter
    if max_iter == "auto":
        max_iter = FULL_BATCH_STEPS_OF_BAGS
        if not is_few or batch_size < spec.n_rows:
            max_iter = _epochs(spec, recipe, batch_size, cells_per_class)
    sparse_rate, embedding_rate = recipe.sparse_rate, recipe.embedding_rate
    dense_rate = recipe.dense_rate
    if not spec.is_small and batch_size < spec.n_rows:
        epochs = max(max_iter, FULL_RATE_EPOCHS)
        fall = max(FULL_RATE_EPOCHS / epochs, LEAST_RATE)
        sparse_rate, embedding_rate = sparse_rate * fall, embedding_rate * fall
    if spec.is_small and not spec.is_bag:
        dense_rate = FULL_BATCH_DENSE_RATE
    input_rate = sparse_rate if spec.is_bag else dense_rate
    # One setting scales all learning rates; their ratios stay the same.
    factor = config.learning_rate_factor
    if config.learning_rate_init != "auto":
        factor = config.learning_rate_init / input_rate
    input_rate, sparse_rate = input_rate * factor, sparse_rate * factor
    dense_rate, embedding_rate = dense_rate * factor, embedding_rate * factor
    return Plan(
        max_iter, batch_size, input_rate, sparse_rate, embedding_rate, dense_rate
    )


def _epochs(spec, recipe, batch_size, cells_per_class):
    steps = FULL_BATCH_STEPS if spec.is_small else STEPS
    by_steps = ceil(steps * batch_size / spec.n_rows)
    if spec.is_bag and recipe.few_in_full_batches:
        by_steps = min(by_steps, FEW_EPOCHS)
    by_class = min(ceil(CLASS_EXAMPLES / cells_per_class), CLASS_EPOCHS)
    return max(recipe.epochs, by_class, by_steps)


def slowed(recipe, factor):
    """Return a recipe with all learning rates times a factor."""
    return replace(
        recipe,
        sparse_rate=factor * recipe.sparse_rate,
        dense_rate=factor * recipe.dense_rate,
        embedding_rate=factor * recipe.embedding_rate,
    )


def adds_in_steps(spec, known):
    """Whether new tasks are learnt from few rows in batches, as the others were.

    Parameters
    ----------
    spec : InputSpec
        Rows of the new tasks.

    known : InputSpec
        Rows of the fit.
    """
    return spec.is_few and not known.is_few


def auto_width(n_rows, n_logits, previous=None):
    """Return the number of hidden units of trunk="auto" for bags of words.

    Parameters
    ----------
    n_rows : int

    n_logits : int
        Total number of logits of all tasks.

    previous : BaseTrunk, default=None
        The trunk that a warm start continues.
    """
    if previous is not None:
        return previous.n_units
    return NARROW if n_rows > FEW and n_logits <= NARROW_LOGITS else WIDE


def logit_adjustments(setting, log_class_shares, *, is_few=False):
    """Return the values that training adds to the logits of each task's classes.

    Parameters
    ----------
    setting : float or "auto"
        The exponent of the class shares.

    log_class_shares : list of ndarray of shape (n_classes,)

    is_few : bool, default=False
        Whether there are few rows, see :class:`InputSpec`.

    Returns
    -------
    adjustments : list of ndarray of shape (n_classes,)
    """
    if setting != "auto":
        return [setting * shares for shares in log_class_shares]
    if is_few:
        return [SMALL_ADJUSTMENT * shares for shares in log_class_shares]
    return [
        (MULTICLASS_ADJUSTMENT if len(shares) > 2 else BINARY_ADJUSTMENT) * shares
        for shares in log_class_shares
    ]
