"""The probe: settings chosen by trial fits on some rows, scored on other rows.

The best regularization depends on label noise, and the best number of steps on how
similar the texts are, so no fixed values suit all tables. Candidates train on most of
the rows and are scored on the held-out rows. The best settings then train the network.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from ..answers._calibration import Calibration
from ..data._rows import FEW, SMALL, float_type, weigh_terms
from ..data._term_weights import information_weights
from ..distributed._ranks import agreed
from ..labels._splitting import multitask_split
from ..network._recipe import ROWS
from ..sharing import resolve_sharing
from ._aside import MOST_ROWS
from ._dataset import RowDataset
from ._judge import Judge

# Maximum number of rows of the sample, and the number of epochs on it.
SAMPLE, SAMPLE_EPOCHS = 6000, 4
# Share of the rows that are held out to score candidates.
JUDGED_SHARE = 0.25
# To reduce overconfidence, full-batch training tries L2 penalties, and mini-batch
# training tries lower learning rates. On 6,000 and 20,000 rows with 10 and 30% of the
# labels flipped, lower rates had 1 to 12 points higher accuracy than penalties; in full
# batches of few rows they had no advantage. After the first penalty, each is tried only
# if the previous one was better.
ALPHAS = (1e-3, 3e-3, 6e-3)
# The network counts as overconfident, and penalties are tried, if the geometric mean of
# temperatures is above OVERCONFIDENT. Above VERY, labels are noisy, and all penalties
# are tried.
OVERCONFIDENT, VERY = 1.15, 1.6
# If a network is overconfident on a sample, it is more so on all rows: up to 20,000
# rows, the ratio of temperatures was about the ratio of rows to the power GROWTH.
# Temperatures are about proportional to the learning rate to the power FALL. At the
# best rates they were 0.6 to 1.
SAMPLE_OVERCONFIDENT, GROWTH, FALL, BEST_TEMPERATURE = 0.9, 0.45, 0.6, 0.8
STILL_OVERCONFIDENT, LEAST_FACTOR, RATE_BONUS = 1.2, 1 / 32, 0.05
# Below this temperature the network is undertrained, and mini-batches instead of full
# batches are tried.
UNDERCONFIDENT = 0.8
PARTS, LEAST_BATCH, PART_EPOCHS = 12, 32, 12
# Weight of the relative log loss (see Judge) in the score, next to the mean of macro-F1
# and accuracy. A change gets a bonus of BONUS times the log temperature that suggests
# it, minus LEAST_GAIN, because scores on few rows are noisy.
LOSS_WEIGHT = 0.5
LEAST_GAIN, BONUS = 0.01, 0.03


@dataclass(frozen=True)
class Probed:
    """Settings of a fit that the probe chose.

    Attributes
    ----------
    alpha : float

    max_iter, batch_size : int or "auto"

    calibration : Calibration or None, default=None
        Set if the calibration is known before training.

    learning_rate_factor : float, default=1.0
        Factor for the "auto" learning rates.
    """

    alpha: float
    max_iter: object
    batch_size: object
    calibration: Calibration | None = None
    learning_rate_factor: float = 1.0

    def settle(self, config):
        """Return a copy of the config with these settings."""
        return replace(
            config,
            alpha=self.alpha,
            max_iter=self.max_iter,
            batch_size=self.batch_size,
            learning_rate_factor=self.learning_rate_factor,
        )


def not_probed(config, alpha=None, calibration=None, learning_rate_factor=None):
    """Return the settings of a fit without a probe.

    Parameters
    ----------
    config : TrainingConfig

    alpha : float, default=None
        In a warm start, the L2 penalty of the previous fit, used if `alpha` is "auto".
        None means 0.

    calibration : Calibration, default=None
        In a warm start, the calibration of the previous fit.

    learning_rate_factor : float, default=None
        In a warm start, the factor of the previous fit. None means 1.
    """
    if config.alpha != "auto":
        alpha = config.alpha
    return Probed(
        alpha or 0.0,
        config.max_iter,
        config.batch_size,
        calibration,
        learning_rate_factor or 1.0,
    )


def needs_probe(config, rows):
    """Whether to try settings on a part of these rows before the fit.

    Parameters
    ----------
    config : TrainingConfig

    rows : csr_matrix, csr_array or ndarray
    """
    n_rows = rows.shape[0]
    chooses = issparse(rows) and config.alpha == "auto"
    if n_rows > FEW:
        chooses = issparse(rows) and config.learning_rate_init == "auto"
    calibrates = config.temperature == "auto" and n_rows <= FEW
    return (
        n_rows > SMALL
        and rows.dtype.kind == "f"  # not token ids: these take minutes to train
        and not config.params_of_net
        and (chooses or calibrates)
    )


def probe(config, rows, dense, cells, term_weights, train, *, by_feature=False):
    """Find settings for a fit by trial fits.

    Parameters
    ----------
    config : TrainingConfig

    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    dense : ndarray of shape (n_rows, n_dense) or None
        The dense block that belongs to the rows.

    cells : LabelledCells

    term_weights : ndarray of shape (n_features,) or None
        Supervised term weights already applied to the rows. They depend on the labels
        of all rows, so candidates use weights computed on their own training rows.

    train : callable
        ``train(config, rows, dense, cells)`` returns a fitted net.

    by_feature : bool, default=False
        Whether networks have weights for each feature, so that features which occur in
        no row can be left out.

    Returns
    -------
    probed : Probed
    """
    rng = check_random_state(config.random_state)
    tried = replace(
        config,
        early_stopping=False,
        callbacks=None,
        verbose=0,
        temperature=1.0,
        random_state=rng.randint(np.iinfo(np.int32).max),
    )
    n_rows = rows.shape[0]
    is_sample, sample = n_rows > FEW, np.arange(n_rows)
    try:
        if n_rows > SAMPLE:
            sample = _sample(cells.codes, rng)
        parts = multitask_split(cells.codes[sample], JUDGED_SHARE, rng)
    except ValueError:  # no class has enough rows to hold one out
        return not_probed(config)
    if is_sample:
        # Settings that depend on the number of features use all features.
        tried = replace(tried, sharing=_sharing(config, rows, cells))
        rows, dense, cells = rows[sample], _rows_of(dense, sample), cells.take(sample)
        if by_feature and issparse(rows):
            rows, term_weights = _without_unseen(rows, term_weights)
        # The full data trains in mini-batches, so the sample must as well.
        if config.batch_size == "auto":
            tried = replace(tried, batch_size=ROWS.batch_size)
        if config.max_iter == "auto":
            tried = replace(tried, max_iter=SAMPLE_EPOCHS)
    sampled_from = n_rows if is_sample else None
    trial = _Trial(rows, dense, cells, term_weights, train, parts, sampled_from)
    best = _best(tried, trial)
    if is_sample:
        return Probed(
            best.alpha,
            config.max_iter,
            config.batch_size,
            learning_rate_factor=best.learning_rate_factor,
        )
    calibration = best.calibration if config.temperature == "auto" else None
    return Probed(best.alpha, best.max_iter, best.batch_size, calibration)


def _sample(codes, rng):
    """Return the indices of SAMPLE rows, with the class shares of all rows."""
    drawn = np.arange(len(codes))
    if len(codes) > MOST_ROWS:  # splitting more rows would take longer than training
        drawn = np.sort(rng.choice(len(codes), MOST_ROWS, replace=False))
    _, sample = multitask_split(codes[drawn], SAMPLE / len(drawn), rng)
    return drawn[sample]


def _sharing(config, rows, cells):
    return resolve_sharing(
        config.sharing,
        n_features=rows.shape[1],
        n_logits=sum(task.n_logits for task in cells.targets.tasks),
        itemsize=float_type(rows).itemsize,
    )


def _without_unseen(rows, term_weights):
    """Leave out features that occur in none of these rows."""
    is_seen = np.zeros(rows.shape[1], dtype=bool)
    is_seen[rows.indices] = True
    numbers = np.cumsum(is_seen, dtype=rows.indices.dtype) - 1
    arrays = rows.data, numbers[rows.indices], rows.indptr
    shape = rows.shape[0], int(is_seen.sum())
    own = None if term_weights is None else term_weights[is_seen]
    return type(rows)(arrays, shape), own


def _best(config, trial):
    """Return the best of the candidates."""
    first = replace(config, alpha=0.0) if config.alpha == "auto" else config
    best = trial(first)
    is_free = (config.max_iter, config.batch_size) == ("auto", "auto")
    if is_free and best.in_full_batches and best.temperature < UNDERCONFIDENT:
        size = min(max(trial.n_rows // PARTS, LEAST_BATCH), ROWS.batch_size)
        other = trial(replace(first, max_iter=PART_EPOCHS, batch_size=size))
        if other.score + _bonus(1 / best.temperature) > best.score:
            best = other
    settled = replace(first, max_iter=best.max_iter, batch_size=best.batch_size)
    if trial.is_sample:
        return _at_best_rate(settled, trial, best)
    if config.alpha != "auto" or best.temperature <= OVERCONFIDENT:
        return best
    bonus, candidates = _bonus(best.temperature), [best]
    for k, alpha in enumerate(ALPHAS, start=1):
        other = trial(replace(settled, alpha=alpha))
        other = replace(other, score=other.score + k * bonus)
        if other.score < candidates[-1].score and best.temperature < VERY:
            break
        candidates.append(other)
    return max(candidates, key=lambda each: each.score)


def _at_best_rate(config, trial, usual):
    """Return the best of the usual learning rate, a lower one, and rates in between.

    The lower rate is expected to give the temperature BEST_TEMPERATURE. Candidates are
    compared by their score, and by how near their temperature on all rows is to it.
    """

    def excess(candidate):
        return candidate.temperature * trial.growth / BEST_TEMPERATURE

    def merit(candidate):
        return candidate.score - RATE_BONUS * abs(np.log(excess(candidate)))

    def at(factor):
        return trial(replace(config, learning_rate_factor=max(factor, LEAST_FACTOR)))

    if config.learning_rate_init != "auto" or usual.temperature < SAMPLE_OVERCONFIDENT:
        return usual
    factor = excess(usual) ** (-1 / FALL)
    if factor >= 1:
        return usual
    candidates = [usual, at(factor**0.5), at(factor)]
    best = max(candidates, key=merit)
    may_fall = best is candidates[-1] and best.learning_rate_factor > LEAST_FACTOR
    if may_fall and excess(best) > STILL_OVERCONFIDENT:
        # The temperature fell by less than expected.
        best = max(best, at(factor * excess(best) ** (-1 / FALL)), key=merit)
    return best


def _bonus(temperature):
    return BONUS * np.log(temperature) - LEAST_GAIN


@dataclass(frozen=True)
class _Candidate:
    alpha: float
    max_iter: object
    batch_size: object
    learning_rate_factor: float
    score: float
    calibration: Calibration
    # True for small sets of bags of words; other rows use the recipe of their trunk.
    in_full_batches: bool = True

    @property
    def temperature(self):
        """The geometric mean of temperatures over tasks."""
        return float(np.exp(np.mean(np.log(self.calibration.temperatures))))


class _Trial:
    """Trains candidates on some rows and scores them on the other rows.

    If the rows are a sample, `sampled_from` is the number of all rows; otherwise None.
    """

    def __init__(self, rows, dense, cells, term_weights, train, parts, sampled_from):
        learnt, judged = parts
        self.is_sample, self.growth = sampled_from is not None, 1.0
        if self.is_sample:
            self.growth = (sampled_from / len(learnt)) ** GROWTH
        own = cells.take(learnt)
        if term_weights is not None:
            n_classes = cells.targets.layout.sizes
            rows = weigh_terms(rows, 1 / term_weights)
            weights = information_weights(
                rows[learnt], own.codes, own.weights, n_classes
            )
            rows = weigh_terms(rows, weights)
        self.n_rows, self.train = rows.shape[0], train
        self.rows, self.dense = rows[learnt], _rows_of(dense, learnt)
        self.cells, self.all_cells = own, cells
        self.judged = RowDataset.of_cells(rows, cells, judged, dense)

    def __call__(self, config):
        net = self.train(config, self.rows, self.dense, self.cells)
        tunes = config.logit_adjustment == "auto" and config.class_weight is None
        judge = Judge(
            self.judged, self.all_cells, tunes_decisions=tunes and not self.is_sample
        )
        calibration, logits = judge.calibrate(net)
        score = judge.decisions_score(calibration, logits)
        score -= LOSS_WEIGHT * judge.relative_loss(calibration, logits)
        spec = net.module__spec
        candidate = _Candidate(
            config.alpha,
            config.max_iter,
            config.batch_size,
            config.learning_rate_factor,
            score,
            calibration,
            in_full_batches=spec.is_few and net.batch_size >= spec.n_rows,
        )
        return agreed(candidate)


def _rows_of(block, rows):
    return None if block is None else block[rows]
