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
        [0.6425, 0.9428, 0.3713],
        [0.9997, 0.19, 0.9882],
        [0.015, 0.3071, 0.0296],
    ],
    "hard": [
        [0.4177, 0.6543, 0.4143],
        [0.7773, 0.1479, 0.5063],
        [0.0781, 0.2769, 0.109],
    ],
    "separate": [
        [0.1472, 0.3145, 0.0299],
        [0.9918, 0.0019, 0.1964],
        [0.0581, 0.3652, 0.1166],
    ],
    "linear": [
        [0.0608, 0.1529, 0.0069],
        [0.9786, 0.0014, 0.097],
        [0.0732, 0.3289, 0.1405],
    ],
    "dense": [
        [0.7699, 0.7814, 0.5982],
        [0.2846, 0.2553, 0.2984],
        [0.4469, 0.4939, 0.2189],
    ],
    "weights": [
        [0.5098, 0.6989, 0.4873],
        [1.0, 0.986, 0.9999],
        [0.0304, 0.1372, 0.0361],
    ],
    "stopping": [
        [0.7441, 0.9295, 0.5883],
        [0.0062, 0.0, 0.0001],
        [0.1934, 0.0333, 0.019],
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
