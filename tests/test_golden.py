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
    "conv": [
        [0.6995, 0.7575, 0.3316],
        [0.8827, 0.0532, 0.8343],
        [0.1411, 0.3523, 0.0172],
    ],
    "recurrent": [
        [0.6034, 0.6548, 0.2815],
        [0.8148, 0.1259, 0.7791],
        [0.156, 0.3411, 0.0196],
    ],
    "attention": [
        [0.6584, 0.717, 0.2696],
        [0.814, 0.1185, 0.7718],
        [0.118, 0.3036, 0.0192],
    ],
    "mmoe": [
        [0.4616, 0.5436, 0.4539],
        [0.8391, 0.1922, 0.3487],
        [0.1109, 0.231, 0.0962],
    ],
    "ple": [
        [0.5975, 0.9522, 0.4443],
        [0.9923, 0.0246, 0.54],
        [0.0126, 0.3901, 0.0627],
    ],
    "adversarial": [
        [0.5235, 0.6402, 0.4397],
        [0.6714, 0.2387, 0.3475],
        [0.109, 0.3313, 0.2112],
    ],
    "ordinal": [
        [0.576, 0.9378, 0.4482],
        [0.3391, 0.321, 0.3252],
        [0.2495, 0.2695, 0.2565],
    ],
    "adjusted": [
        [0.5705, 0.7049, 0.5601],
        [0.7091, 0.1681, 0.3528],
        [0.1519, 0.294, 0.2459],
    ],
    "slow": [
        [0.5041, 0.552, 0.4803],
        [0.4884, 0.2743, 0.3663],
        [0.2236, 0.2603, 0.2074],
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
