"""The temperature of each task, found on rows that training has not seen."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from sklearn_mtl.answers._calibration import Calibration
from sklearn_mtl.tasks import Categorical, Ordinal, TaskType
from sklearn_mtl.training._temperatures import fit_temperatures

N_ROWS = 4000


def draw_task(temperature, n_classes=3, seed=0, n_rows=N_ROWS):
    """Draw logits that are too large by a factor, and labels."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n_rows, n_classes)) * 1.5
    shares = np.exp(log_softmax(true, axis=1))
    codes = (rng.random((n_rows, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    return true * temperature, codes.clip(max=n_classes - 1)


def fit(parts, types=None):
    """Fit temperatures to a list of (logits, codes), classes being equally frequent."""
    tasks = types or [Categorical().fit(np.arange(z.shape[1])) for z, _ in parts]
    zeros = [[np.zeros(len(task.classes_))] for task in tasks]
    codes = np.column_stack([own for _, own in parts])
    return fit_temperatures(
        tasks,
        Calibration(zeros, zeros, np.ones(len(tasks))),
        [z for z, _ in parts],
        codes,
        np.ones(codes.shape),
    )


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0, 12.0])
def test_finds_by_what_logits_are_too_large(temperature):
    (found,) = fit([draw_task(temperature)])
    assert found == pytest.approx(temperature, rel=0.1)


def test_tasks_with_many_cells_have_temperatures_of_their_own():
    found = fit([draw_task(1.5), draw_task(4.0, seed=1)])
    assert found == pytest.approx([1.5, 4.0], rel=0.1)


def test_a_task_with_few_cells_gets_nearly_that_of_all():
    logits, codes = draw_task(4.0, seed=1)
    codes[8:] = -1
    found = fit([draw_task(2.0), (logits, codes), draw_task(2.0, seed=2)])
    assert found[1] == pytest.approx(2.0, rel=0.3)
    codes[:] = -1
    assert fit([draw_task(2.0), (logits, codes)])[1] == pytest.approx(2.0, rel=0.1)


def test_is_the_minimum_of_scipy_without_priors():
    logits, codes = draw_task(2.5)
    expected = minimize_scalar(
        lambda t: -log_softmax(logits / t, axis=1)[np.arange(N_ROWS), codes].sum(),
        bounds=(0.1, 20),
        method="bounded",
    ).x
    assert fit([(logits, codes)])[0] == pytest.approx(expected, rel=0.02)


def test_weights_count_cells():
    (logits, codes), task = draw_task(2.0), Categorical().fit(np.arange(3))
    zeros = [[np.zeros(3)]]
    weights = np.where(np.arange(N_ROWS) < N_ROWS // 2, 1.0, 0.0)[:, None]
    half = N_ROWS // 2
    other = np.concatenate([logits[:half], 10 * logits[half:]])
    calibration = Calibration(zeros, zeros, np.ones(1))
    found = [
        fit_temperatures([task], calibration, [z], codes[:, None], weights)[0]
        for z in (logits, other)
    ]
    assert found[0] == found[1]


def test_without_cells_temperatures_are_1():
    logits, codes = draw_task(3.0)
    assert fit([(logits, np.full_like(codes, -1))]) == pytest.approx([1.0], abs=0.02)


def test_types_without_a_temperature_keep_1():
    class Plain(Categorical):
        calibrated = TaskType.calibrated

    parts = [draw_task(3.0), draw_task(3.0)]
    types = [Plain().fit(np.arange(3)), Categorical().fit(np.arange(3))]
    assert fit(parts, types) == pytest.approx([1.0, 3.0], rel=0.1)


def test_ordinal_tasks_have_one():
    rng = np.random.default_rng(0)
    task = Ordinal().fit(np.arange(3))
    true = -np.sort(-rng.normal(size=(N_ROWS, 2)) * 2, axis=1)
    shares = task.probabilities(true)
    codes = (rng.random((N_ROWS, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    (found,) = fit([(true * 2, codes.clip(max=2))], [task])
    assert found == pytest.approx(2.0, rel=0.1)
