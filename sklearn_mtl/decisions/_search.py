"""Searches for the decision rule of a task."""

import numpy as np

from ..utils._warn import warn_caller
from ._rules import ClassRule, OrderedRule, exceeding, margins

# Powers of the class shares that a search over class weights starts from.
_POWERS = np.linspace(0, 1, 11)
_SWEEPS = 2
# Cells below which a constraint that they meet says little about new rows.
_FEW = 20


def search_classes(objective, probabilities, classes, n_candidates):
    """Return the rule with the best weights of the classes.

    The search starts from weights that are a power of the inverse class shares, which
    is one number for all classes. Then it changes the weight of one class at a time,
    to values at which the decision of a cell changes.

    Parameters
    ----------
    objective : Objective

    probabilities : ndarray of shape (n_cells, n_classes)

    classes : list
        Labels.

    n_candidates : int
        Number of values tried for a class.

    Returns
    -------
    rule : ClassRule

    score : float
    """
    n_classes = probabilities.shape[1]

    def value(weights):
        return objective((probabilities * weights).argmax(axis=1))

    shares = (np.bincount(objective.codes, minlength=n_classes) + 1.0) / (
        len(objective.codes) + n_classes
    )
    starts = [shares**-power for power in _POWERS]
    best = max(starts, key=value)
    highest = value(best)
    swept = range(n_classes)
    if n_classes == 2:  # their weights are one number, by which either meets its own
        swept = sorted({1, *(one.code for one in objective.constraints)})
    for _ in range(_SWEEPS):
        before = highest
        for k in swept:
            needed = margins(probabilities, best, k)
            for weight in [
                *_between_values(needed, n_candidates),
                *_that_meet(objective, k, needed, n_candidates),
            ]:
                tried = best.copy()
                tried[k] = weight
                found = value(tried)
                if found > highest:
                    best, highest = tried, found
        if highest == before:
            break
    return ClassRule(best / best.max(), classes), highest[1]


def search_ordered(objective, probabilities, classes, n_candidates):
    """Return the rule with the best thresholds for exceeding each class.

    Parameters
    ----------
    objective, probabilities, classes, n_candidates : as for :func:`search_classes`

    Returns
    -------
    rule : OrderedRule

    score : float
    """
    exceeds = exceeding(probabilities)
    best = OrderedRule(np.full(exceeds.shape[1], 0.5), classes)
    highest = objective(best(probabilities))
    for _ in range(_SWEEPS):
        before = highest
        for k, own in enumerate(exceeds.T):
            for threshold in _between_values(own, n_candidates):
                tried = best.thresholds.copy()
                tried[k] = threshold
                rule = OrderedRule(tried, classes)
                found = objective(rule(probabilities))
                if found > highest:
                    best, highest = rule, found
        if highest == before:
            break
    return best, highest[1]


def _between_values(values, n_candidates):
    """Return values between the distinct ones, at equal shares of them."""
    found = np.unique(values)
    return _spread((found[1:] + found[:-1]) / 2, n_candidates)


def _spread(values, n_candidates):
    if len(values) <= n_candidates:
        return values
    places = np.linspace(0, len(values) - 1, n_candidates).round().astype(int)
    return values[places]


def _that_meet(objective, k, needed, n_candidates):
    """Return weights of a class that meet its own constraints, the others unchanged."""
    own = [one for one in objective.constraints if one.code == k]
    if not own:
        return []
    weights, values = _curve(objective, k, needed)
    met = np.all([values[one.metric] >= one.least for one in own], axis=0)
    return _spread(weights[met], n_candidates)


def _curve(objective, k, needed):
    """Return weights between the needed ones, and precision and recall of the class."""
    order = np.argsort(needed)
    cells = np.ones(len(order)) if objective.weights is None else objective.weights
    of_class = cells * (objective.codes == k)
    right, found = np.cumsum(of_class[order]), np.cumsum(cells[order])
    low, high = needed[order], np.append(needed[order][1:], np.inf)
    last = high > low  # equal values go together
    weights = np.minimum((low + high) / 2, 2 * low)[last]
    values = {
        "precision": right[last] / found[last],
        "recall": right[last] / max(of_class.sum(), np.finfo(float).tiny),
    }
    return weights, values


def check_reached(objective, rule, probabilities):
    """Raise a ValueError if a rule misses a constraint; warn if few cells meet it.

    Parameters
    ----------
    objective : Objective

    rule : callable

    probabilities : ndarray of shape (n_cells, n_classes)
    """
    decided = rule(probabilities)
    for one in objective.constraints:
        reached = one.value(objective.codes, decided, objective.weights)
        if reached < one.least:
            needed = margins(probabilities, np.ones(probabilities.shape[1]), one.code)
            _, values = _curve(objective, one.code, needed)
            alone = max(reached, values[one.metric].max())
            raise ValueError(
                f"{one.where}: {one.least:g} is not reached on the {len(decided)} "
                f"held-out cells, of which {(objective.codes == one.code).sum()} have "
                f"this label. The best that is reachable is {alone:.3f}, and "
                f"{reached:.3f} with all constraints of the task. Lower the "
                "constraint, or improve the classifier."
            )
        n_cells = int((decided == one.code).sum())
        if one.metric == "precision" and n_cells < _FEW:
            warn_caller(
                f"{one.where} is met on only {n_cells} held-out cell(s) that get this "
                "label. On new rows the precision may be much lower. Pass more rows."
            )
