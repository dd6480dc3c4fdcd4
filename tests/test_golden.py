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
        [0.9883, 0.9969, 0.9872],
        [0.9961, 0.0024, 0.5243],
        [0.0024, 0.4816, 0.1934],
    ],
    "batches": [
        [0.6044, 0.6807, 0.5068],
        [0.8261, 0.0637, 0.3695],
        [0.0457, 0.2683, 0.1651],
    ],
    "hard": [
        [0.5506, 0.6089, 0.513],
        [0.5399, 0.2015, 0.347],
        [0.2192, 0.3251, 0.2501],
    ],
    "separate": [
        [0.5599, 0.6576, 0.4755],
        [0.7612, 0.0817, 0.3328],
        [0.0797, 0.3134, 0.1943],
    ],
    "linear": [
        [0.5473, 0.6447, 0.4781],
        [0.7397, 0.0912, 0.3434],
        [0.0912, 0.3112, 0.1978],
    ],
    "dense": [
        [0.765, 0.7866, 0.5876],
        [0.276, 0.2436, 0.3151],
        [0.4514, 0.4893, 0.2279],
    ],
    "weights": [
        [0.5082, 0.5796, 0.4798],
        [0.8039, 0.0497, 0.3126],
        [0.1808, 0.2827, 0.2427],
    ],
    "stopping": [
        [0.7185, 0.7534, 0.4499],
        [0.8778, 0.0996, 0.4306],
        [0.0485, 0.3284, 0.1631],
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
