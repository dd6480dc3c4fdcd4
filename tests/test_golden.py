"""Golden predictions: a refactor cannot move numbers unseen.

Where numbers are meant to move, say so in the commit and put in the output of

    python tests/test_golden.py
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.sharing import AdversarialSharedPrivate, ProgressiveLayers
from sklearn_mtl.trunks import AttentionTrunk, BagTrunk, ConvTrunk, RecurrentTrunk

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

# What is fitted, each for as few epochs as will do. All but "auto" and "small" have
# these settings, so that no search for better ones stands between code and numbers.
PLAIN = {"alpha": 0.0, "temperature": 1.0}
SETTINGS = {
    "auto": {},
    "small": {},
    "full batches": {"max_iter": 3},
    "batches": {"batch_size": 128, "max_iter": 3},
    "hard": {"sharing": "hard", "batch_size": 128, "max_iter": 4},
    "separate": {"sharing": "separate", "batch_size": 128, "max_iter": 2},
    "linear": {"trunk": None, "batch_size": 128, "max_iter": 2},
    "terms": {"term_weighting": "information", "temperature": 2.0, "max_iter": 3},
    "dense": {"max_iter": 3},
    "weights": {
        "loss_weights": {"task1": 3},
        "class_weight": "balanced",
        "alpha": 1e-3,
        "max_iter": 2,
    },
    "stopping": {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 5},
    "conv": {"trunk": ConvTrunk(n_filters=8, widths=(2, 3)), "max_iter": 3},
    "recurrent": {"trunk": RecurrentTrunk(n_units=8), "max_iter": 3},
    "attention": {"trunk": AttentionTrunk(n_units=8), "max_iter": 3},
    "mmoe": {"trunk": BagTrunk(8), "sharing": "mmoe", "max_iter": 3},
    "ple": {
        "trunk": BagTrunk(8),
        "sharing": ProgressiveLayers(n_levels=2, private=True),
        "max_iter": 3,
    },
    "adversarial": {
        "trunk": BagTrunk(8),
        "sharing": AdversarialSharedPrivate(private="trunk"),
        "max_iter": 3,
    },
    "ordinal": {"task_types": {"task1": "ordinal", "task2": "ordinal"}, "max_iter": 3},
    "adjusted": {"logit_adjustment": 1.0, "alpha": 0.01, "batch_size": 50},
    "slow": {"learning_rate_init": 20.0, "term_weighting": None, "max_iter": 4},
}

# Probability of the last class, a line for each task and a column for each of ROWS.
GOLDEN = {
    "auto": [
        [0.4116, 0.1639, 0.3674],
        [0.0536, 0.6861, 0.3579],
        [0.0568, 0.2028, 0.2754],
    ],
    "small": [
        [0.2139, 0.0001, 0.0885],
        [0.0022, 0.9529, 0.1385],
        [0.0042, 0.0875, 0.0399],
    ],
    "full batches": [
        [0.8079, 0.4071, 0.8033],
        [0.0017, 0.104, 0.0123],
        [0.023, 0.2156, 0.1814],
    ],
    "batches": [
        [0.8127, 0.0073, 0.4435],
        [0.009, 0.9604, 0.1177],
        [0.0001, 0.0596, 0.2636],
    ],
    "hard": [
        [0.4751, 0.2067, 0.5582],
        [0.0807, 0.7718, 0.2307],
        [0.0307, 0.1987, 0.17],
    ],
    "separate": [
        [0.9282, 0.0199, 0.6705],
        [0.0132, 0.9901, 0.3593],
        [0.0002, 0.0167, 0.3809],
    ],
    "linear": [
        [0.9276, 0.0197, 0.6755],
        [0.0144, 0.992, 0.3512],
        [0.0005, 0.0375, 0.5001],
    ],
    "terms": [
        [0.6599, 0.4396, 0.6567],
        [0.0295, 0.1983, 0.0733],
        [0.1137, 0.2453, 0.2573],
    ],
    "dense": [
        [0.5325, 0.5361, 0.4186],
        [0.3077, 0.3183, 0.3349],
        [0.2604, 0.2163, 0.2387],
    ],
    "weights": [
        [0.4756, 0.3095, 0.4216],
        [0.2172, 0.9567, 0.8487],
        [0.1339, 0.1839, 0.2346],
    ],
    "stopping": [
        [0.591, 0.2328, 0.5674],
        [0.0468, 0.5805, 0.3428],
        [0.0457, 0.1655, 0.2048],
    ],
    "conv": [
        [0.4165, 0.3458, 0.7192],
        [0.0776, 0.6552, 0.1379],
        [0.0942, 0.1789, 0.1007],
    ],
    "recurrent": [
        [0.3666, 0.2888, 0.6965],
        [0.0815, 0.5989, 0.1761],
        [0.1035, 0.1881, 0.1251],
    ],
    "attention": [
        [0.4532, 0.3711, 0.6814],
        [0.0705, 0.6053, 0.1389],
        [0.1112, 0.1642, 0.1063],
    ],
    "mmoe": [
        [0.5167, 0.4422, 0.506],
        [0.3472, 0.3541, 0.3992],
        [0.2232, 0.2908, 0.3099],
    ],
    "ple": [
        [0.6694, 0.2823, 0.6501],
        [0.0017, 0.122, 0.0124],
        [0.0473, 0.2408, 0.3028],
    ],
    "adversarial": [
        [0.3729, 0.2335, 0.3236],
        [0.2604, 0.385, 0.3193],
        [0.2012, 0.2647, 0.2905],
    ],
    "ordinal": [
        [0.7781, 0.3729, 0.7692],
        [0.2979, 0.3534, 0.331],
        [0.2678, 0.2557, 0.2807],
    ],
    "adjusted": [
        [0.4639, 0.3897, 0.4689],
        [0.2396, 0.469, 0.3444],
        [0.1763, 0.227, 0.241],
    ],
    "slow": [
        [0.483, 0.4571, 0.4938],
        [0.2877, 0.3559, 0.3264],
        [0.233, 0.2594, 0.2701],
    ],
}


def predict(name):
    """Return the probabilities that GOLDEN holds for a name."""
    X = NUMBERS if name == "dense" else TEXTS
    n_samples = 100 if name == "small" else len(X)
    plain = {} if name in ("auto", "small") else PLAIN
    clf = MultiTaskTextClassifier(random_state=0, **plain | SETTINGS[name])
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
