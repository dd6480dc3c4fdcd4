"""Golden predictions: a refactor cannot move numbers unseen.

Where numbers are meant to move, say so in the commit and put in the output of

    python tests/test_golden.py
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts

TEXTS, LABELS = make_multitask_texts(
    n_samples=400,
    n_tasks=3,
    n_classes=[2, 3, 4],
    missing_rate=[0.0, 0.2, 0.5],
    n_words=100,
    length=20,
    random_state=0,
)
NUMBERS = np.random.default_rng(0).normal(size=(400, 3)) + LABELS[:, :1]
TASKS = ["task0", "task1", "task2"]
ROWS = [0, 7, 42]

# What is fitted, each for as few epochs as will do.
SETTINGS = {
    "small": {},
    "batches": {"max_iter": 3},
    "hard": {"sharing": "hard", "max_iter": 4},
    "separate": {"sharing": "separate", "max_iter": 2},
    "linear": {"trunk": None, "max_iter": 2},
    "dense": {"max_iter": 3},
    "weights": {
        "loss_weights": {"task1": 3},
        "class_weight": "balanced",
        "alpha": 1e-3,
        "max_iter": 2,
    },
    "stopping": {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 5},
}

# Probability of the last class, a line for each task and a column for each of ROWS.
GOLDEN = {
    "small": [
        [0.9942, 1.0, 0.9887],
        [1.0, 0.0, 0.5888],
        [0.001, 0.2778, 0.0166],
    ],
    "batches": [
        [0.5715, 0.9107, 0.4284],
        [0.9971, 0.0618, 0.8405],
        [0.0117, 0.3283, 0.0634],
    ],
    "hard": [
        [0.4598, 0.7476, 0.5211],
        [0.7957, 0.1143, 0.3596],
        [0.0769, 0.3178, 0.1352],
    ],
    "separate": [
        [0.0443, 0.107, 0.0041],
        [0.9882, 0.0024, 0.1796],
        [0.0759, 0.3497, 0.1608],
    ],
    "linear": [
        [0.0608, 0.1529, 0.0069],
        [0.9786, 0.0014, 0.097],
        [0.0732, 0.3289, 0.1405],
    ],
    "dense": [
        [0.7486, 0.7645, 0.5604],
        [0.2885, 0.2937, 0.2502],
        [0.4119, 0.4515, 0.2522],
    ],
    "weights": [
        [0.5642, 0.7565, 0.5968],
        [0.9505, 0.005, 0.0486],
        [0.0677, 0.1794, 0.0964],
    ],
    "stopping": [
        [0.5712, 0.844, 0.6319],
        [0.9758, 0.0113, 0.2253],
        [0.0086, 0.1654, 0.0835],
    ],
}


def predict(name):
    """Return the probabilities that GOLDEN holds for a name."""
    X = NUMBERS if name == "dense" else TEXTS
    n_samples = 100 if name == "small" else len(X)
    clf = MultiTaskTextClassifier(random_state=0, **SETTINGS[name])
    clf.fit(X[:n_samples], LABELS[:n_samples])
    return [own[ROWS, -1].tolist() for own in clf.predict_proba(X)]


@pytest.mark.parametrize("name", SETTINGS)
def test_probabilities_are_what_they_were(name):
    assert_allclose(predict(name), GOLDEN[name], rtol=0, atol=1e-3)


if __name__ == "__main__":
    print("GOLDEN = {")
    for name in SETTINGS:
        print(f"    {name!r}: [".replace("'", '"'))
        for values in predict(name):
            print(f"        {[round(value, 4) for value in values]},")
        print("    ],")
    print("}")
