"""Settings read off the data: fits to some rows, judged on others.

How much regularization training needs depends on how noisy labels are, and how many
epochs on how much texts have in common; no fixed values suit all tables. So some rows
are set aside, candidates train on the others, and the best settings train on all.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from ..data._features import SMALL
from ..data._term_weights import information_weights, weigh_terms
from ..labels._splitting import multitask_split
from ..tasks import CodeLayout
from ._calibration import (
    Calibration,
    by_task,
    fit_temperatures,
    has_temperature,
    is_weighed,
)
from ._dataset import RowDataset

# Rows that candidates train on and are judged on, at most, and the share of the latter.
PROBE_ROWS = 2000
JUDGED_SHARE = 0.25
# Up to this many rows, temperatures are those of the candidate; above, rows are set
# aside from training for them.
CALIBRATED_ROWS = PROBE_ROWS
# Penalties, each tried if the one before was better than none.
ALPHAS = (1e-3, 3e-3, 6e-3)
# Above this temperature the network is overconfident, and penalties are tried. Below
# that one it is not trained enough, and more epochs are tried.
OVERCONFIDENT, UNDERCONFIDENT = 1.15, 0.8
LONGER = 4
# How much the log loss, as a share of the entropy of labels, counts beside macro-F1,
# and the least gain that counts.
LOSS_WEIGHT = 0.5
LEAST_GAIN = 0.01
BONUS = 0.03
NOISY = 1.6
# Powers of class shares by which decisions weigh classes, those of tasks of two and of
# more classes where nothing speaks for others, and what a difference from them costs.
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
STRENGTH = {False: 0.5, True: 0.5}
DRIFT = 0.01


@dataclass(frozen=True)
class Found:
    """Settings that a probe found.

    Attributes
    ----------
    alpha : float

    max_iter : int or "auto"

    temperatures : ndarray of shape (n_tasks,) or None
        None where nothing is known about them.
    """

    alpha: float
    max_iter: object
    temperatures: np.ndarray | None = None
    strengths: np.ndarray | None = None


def settings_without_probe(config, kept=None):
    """Return the settings where no rows can be spared, or a previous fit has them."""
    if kept is not None:
        return replace(kept, max_iter=config.max_iter)
    alpha = 0.0 if config.alpha == "auto" else config.alpha
    return Found(alpha, config.max_iter)


def is_probed(config, rows):
    """Whether a fit to these rows tries settings on a part of them first.

    Parameters
    ----------
    config : TrainingConfig

    rows : csr_matrix, csr_array or ndarray
    """
    n_rows = rows.shape[0]
    chooses = config.alpha == "auto" and issparse(rows)
    calibrates = config.temperature == "auto" and n_rows <= CALIBRATED_ROWS
    return (
        n_rows > SMALL
        and rows.dtype.kind == "f"  # not token ids, whose networks take minutes
        and not config.params_of_net
        and (chooses or calibrates)
    )


def probe(config, rows, cells, term_weights, train):
    """Find settings for a fit.

    Parameters
    ----------
    config : TrainingConfig

    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    cells : LabelledCells

    term_weights : ndarray of shape (n_features,) or None
        By which the rows are weighed. They know the labels of all rows, so candidates
        get weights of their own.

    train : callable
        ``train(config, rows, cells)`` returns the net of some rows.

    Returns
    -------
    found : Found
    """
    rng = check_random_state(config.random_state)
    config = replace(
        config,
        early_stopping=False,
        callbacks=None,
        verbose=0,
        temperature=1.0,
        random_state=rng.randint(np.iinfo(np.int32).max),
    )
    n_rows = rows.shape[0]
    if n_rows > PROBE_ROWS:
        _, chosen = multitask_split(cells.codes, PROBE_ROWS / n_rows, rng)
        rows, cells = rows[chosen], cells.take(chosen)
    learnt, judged = multitask_split(cells.codes, JUDGED_SHARE, rng)
    own_cells = cells.take(learnt)
    if term_weights is not None:
        rows = weigh_terms(rows, 1 / term_weights)
        weights = information_weights(
            rows[learnt], own_cells.codes, own_cells.weights, cells.targets.layout.sizes
        )
        rows = weigh_terms(rows, weights)
    judge = _Judge(
        rows[judged],
        cells.take(judged),
        config.logit_adjustment == "auto" and n_rows <= PROBE_ROWS,
    )
    own_rows = rows[learnt]

    def attempt(alpha, max_iter):
        settings = replace(config, alpha=alpha, max_iter=max_iter)
        return judge(train(settings, own_rows, own_cells), alpha, max_iter)

    alpha = 0.0 if config.alpha == "auto" else config.alpha
    best = attempt(alpha, config.max_iter)
    is_longer = False
    if (
        config.max_iter == "auto"
        and n_rows <= PROBE_ROWS
        and best.temperature < UNDERCONFIDENT
    ):
        longer = attempt(alpha, LONGER * best.n_epochs)
        if longer.score > best.score + LEAST_GAIN:
            best, is_longer = longer, True
    if config.alpha == "auto" and (is_longer or best.temperature > OVERCONFIDENT):
        bonus = BONUS * np.log(best.temperature) - LEAST_GAIN
        tried = [best]
        for k, alpha in enumerate(ALPHAS, start=1):
            other = attempt(alpha, best.max_iter)
            other = replace(other, score=other.score + k * bonus)
            if other.score < tried[-1].score and best.temperature < NOISY:
                break
            tried.append(other)
        best = max(tried, key=lambda each: each.score)
    return Found(best.alpha, best.max_iter, best.temperatures, best.strengths)


@dataclass(frozen=True)
class _Candidate:
    alpha: float
    max_iter: object
    n_epochs: int
    score: float
    temperatures: np.ndarray
    strengths: np.ndarray | None

    @property
    def temperature(self):
        """The geometric mean over tasks."""
        return float(np.exp(np.mean(np.log(self.temperatures))))


class _Judge:
    """Scores nets on rows that they have not seen.

    The score is the mean of macro-F1 and accuracy, less half the log loss as a share of
    the entropy of labels, each a mean over tasks.
    """

    def __init__(self, rows, cells, weighs_classes):
        self.dataset = RowDataset.of_cells(rows, cells)
        self.tasks = cells.targets.tasks
        self.log_shares = by_task(self.tasks, cells.log_class_shares)
        self.weighs_classes = weighs_classes
        layout = CodeLayout(self.tasks)
        # Rows and codes of each task that is labelled and has a temperature.
        self.labelled = {}
        for k, task in enumerate(self.tasks):
            codes = layout.of_task(self.dataset.codes, k)
            there = np.flatnonzero(self.dataset.codes[:, layout.starts[k]] >= 0)
            if len(there) and has_temperature(task):
                self.labelled[k] = there, codes[there]

    def __call__(self, net, alpha, max_iter):
        logits = [own.numpy() for own in net.forward(self.dataset)]
        adjustments = by_task(self.tasks, net.criterion__adjustments)
        temperatures = fit_temperatures(
            self.tasks,
            adjustments,
            logits,
            self.dataset.codes,
            self.dataset.weights,
        )
        calibration = Calibration(adjustments, temperatures, None, self.log_shares)
        gain, strengths = self._decide(calibration, logits)
        loss = np.mean([self._loss(calibration, logits, k) for k in self.labelled])
        return _Candidate(
            alpha=alpha,
            max_iter=max_iter,
            n_epochs=net.max_epochs,
            score=gain - LOSS_WEIGHT * loss,
            temperatures=temperatures,
            strengths=strengths,
        )

    def _decide(self, calibration, logits):
        """Return the score of decisions, and the strengths that raise it most."""
        best, found = self._gain(calibration, logits, self.labelled), None
        if not self.weighs_classes:
            return best, found
        kinds = {}
        for k in self.labelled:
            if is_weighed(self.tasks[k]):
                kinds.setdefault(len(self.tasks[k].classes_) > 2, []).append(k)
        strengths = np.zeros(len(self.tasks))
        for is_multiclass, members in kinds.items():
            gains = {}
            for strength in STRENGTHS:
                trial = replace(
                    calibration, strengths=np.full(len(self.tasks), strength)
                )
                off = abs(strength - STRENGTH[is_multiclass])
                gains[strength] = self._gain(trial, logits, members) - DRIFT * off
            members = [
                k
                for k, task in enumerate(self.tasks)
                if (len(task.classes_) > 2) == is_multiclass
            ]
            strengths[members] = max(gains, key=gains.get)
        final = replace(calibration, strengths=strengths)
        return self._gain(final, logits, self.labelled), strengths

    def _gain(self, calibration, logits, members):
        """Return the mean of macro-F1 and accuracy over tasks."""
        scores = []
        for k in members:
            rows, codes = self.labelled[k]
            decided = calibration.decide(k, self.tasks[k], logits[k][rows])
            n_classes = len(self.tasks[k].classes_)
            scores.append(_macro_f1(codes, decided, n_classes))
            scores.append(np.mean(codes == decided))
        return float(np.mean(scores)) if scores else 0.0

    def _loss(self, calibration, logits, k):
        rows, codes = self.labelled[k]
        task = self.tasks[k]
        likelihoods = calibration.likelihoods(k, task, logits[k][rows], codes)
        entropy = _entropy(codes)
        loss = -np.log(np.maximum(likelihoods, 1e-30)).mean()
        return loss / entropy if entropy else 0.0


def _macro_f1(codes, decided, n_classes):
    """Return F1 as a mean over the classes that occur."""
    if codes.ndim == 2:  # several labels: a mean over them
        pairs = zip(codes.T, decided.T, strict=True)
        return np.mean([_f1(own, chosen, 2)[-1] for own, chosen in pairs])
    f1 = _f1(codes, decided, n_classes)
    return np.nanmean(f1)


def _f1(codes, decided, n_classes):
    """Return F1 of each class, NaN where it does not occur."""
    both = np.bincount(codes[codes == decided], minlength=n_classes)
    total = np.bincount(codes, minlength=n_classes)
    total = total + np.bincount(decided, minlength=n_classes)
    f1 = np.full(n_classes, np.nan)
    return np.divide(2.0 * both, total, out=f1, where=total > 0)


def _entropy(codes):
    """Return the mean entropy of the columns of a table of codes."""
    columns = codes.reshape(len(codes), -1).T
    entropies = []
    for column in columns:
        shares = np.bincount(column) / len(column)
        shares = shares[shares > 0]
        entropies.append(-(shares * np.log(shares)).sum())
    return float(np.mean(entropies))
