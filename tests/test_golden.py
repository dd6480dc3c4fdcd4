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
        [0.3892, 0.8786, 0.0945],
        [0.9997, 0.0896, 0.9876],
        [0.0138, 0.3604, 0.0436],
    ],
    "hard": [
        [0.4409, 0.6807, 0.4324],
        [0.7355, 0.1592, 0.4551],
        [0.1018, 0.2977, 0.1088],
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
        [0.52, 0.6888, 0.4722],
        [0.9998, 0.391, 0.9793],
        [0.0576, 0.2207, 0.0774],
    ],
    "stopping": [
        [0.5188, 0.8461, 0.4725],
        [0.9944, 0.0188, 0.6102],
        [0.0026, 0.2046, 0.0297],
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
