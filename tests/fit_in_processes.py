"""Started by tests/test_distributed.py as one of several processes, like a script.

``python fit_in_processes.py FOLDER PORT PORT`` with the variables that torchrun sets.
"""

import json
import os
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from skorch.callbacks import Callback, EpochScoring, GradientNormClipping

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import DualBalancing
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.distributed import data_parallel
from sklearn_mtl.sharing import AdversarialSharedPrivate

TEXTS, LABELS = make_multitask_texts(260, n_tasks=3, missing_rate=0.3, random_state=0)
SHORT = {"max_iter": 2, "batch_size": 97, "alpha": 0.0, "temperature": 1.0}
LIKE_ONE_PROCESS = {
    "default": {},
    "mini-batches": SHORT | {"alpha": 0.01},
    "separate": SHORT | {"sharing": "separate"},
    "mmoe": SHORT | {"sharing": "mmoe"},
    "penalty": SHORT
    | {"sharing": AdversarialSharedPrivate(orthogonality_weight=0, private="linear")},
    "no trunk": SHORT | {"trunk": None},
    "conv": SHORT | {"trunk": "conv", "max_iter": 1},
    "embedding": SHORT | {"embedding": "lsa"},
    "early stopping": SHORT
    | {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 12},
    "watched gradients": SHORT | {"callbacks": [GradientNormClipping(1.0)]},
    "a batch of one row": SHORT | {"batch_size": 259},
    "balancer with parameters": SHORT | {"loss_weights": "uncertainty"},
    "balancer by gradients": SHORT | {"loss_weights": DualBalancing()},
    "balancer with learnt weights": SHORT | {"loss_weights": "gradnorm"},
}
WITH_TORCHJD = {
    "balancer that watches steps": SHORT | {"loss_weights": "famo"},
    "aggregated gradients": SHORT | {"loss_weights": "pcgrad"},
    "gradients by angles": SHORT | {"loss_weights": "config"},
    "gradients by coordinate": SHORT | {"loss_weights": "excess-mtl"},
}


def fit(**params):
    settings = {"random_state": 0} | params
    return MultiTaskTextClassifier(**settings).fit(TEXTS, LABELS)


def found_by(classifier):
    """Return what has to be equal, as JSON."""
    probabilities = np.concatenate(classifier.predict_proba(TEXTS[:40]), axis=1)
    return {
        "history": classifier.history_,
        "probabilities": probabilities.tolist(),
        "loss_weights": list(classifier.loss_weights_.values()),
        "best": classifier.best_iter_,
    }


def error_of(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


class After(Callback):
    """Do something at the end of an epoch."""

    def __init__(self, act, epoch=1):
        self.act, self.epoch = act, epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            self.act()


def mean_of_codes(net, rows, codes):
    return float(np.mean(codes))


def stop():
    raise KeyboardInterrupt


def cases(ranks):
    """Fit all cases together."""
    known = LIKE_ONE_PROCESS | (WITH_TORCHJD if "torchjd" in sys.argv else {})
    found = {name: found_by(fit(**params)) for name, params in known.items()}
    # Without a seed the processes agree on one.
    found["unseeded"] = found_by(fit(random_state=None, **SHORT))
    generator = np.random.RandomState(ranks.rank)
    found["generator"] = found_by(fit(random_state=generator, **SHORT))
    # A single process asks to stop.
    own = [After(stop)] if ranks.rank == 1 else []
    found["stopped"] = found_by(fit(callbacks=own, **SHORT | {"max_iter": 5}))
    texts = TEXTS[:-1] + ["another text"] if ranks.rank == 1 else TEXTS
    classifier = MultiTaskTextClassifier(random_state=0)
    found["other data"] = error_of(classifier.fit, texts, LABELS)
    found["is fitted"] = hasattr(classifier, "net_")
    epochs = SHORT | {"max_iter": 2 + ranks.rank}
    found["other settings"] = error_of(fit, **epochs)
    scoring = EpochScoring(mean_of_codes, on_train=True)
    found["scored batches"] = error_of(fit, callbacks=[scoring])
    if "torchjd" in sys.argv:
        found["by row"] = error_of(fit, loss_weights="grad-drop")
    found["rank"] = [ranks.rank, ranks.size, ranks.is_first]
    return found


def found_when(act, timeout, port):
    """Fit while the second process does something at the end of an epoch."""
    found = {}
    # A process may still leave the block before, when another enters this one.
    os.environ["MASTER_PORT"] = port
    try:
        with data_parallel(timeout=timeout) as ranks:
            acts = [After(act)] if ranks.rank == 1 else []
            found["error"] = error_of(fit, callbacks=acts, **SHORT)
    except RuntimeError as error:  # the processes did not leave the block together
        found.setdefault("error", f"RuntimeError: {error}")
    return found


def write(folder, name, rank, found):
    path = Path(folder, f"{name}{rank}.json")
    path.write_text(json.dumps(found), encoding="utf-8")


def main(folder, *ports):
    rank = os.environ["RANK"]
    with data_parallel(timeout=60) as ranks:
        write(folder, "cases", rank, cases(ranks))
    write(folder, "hangs", rank, found_when(partial(time.sleep, 5), 3, ports[0]))
    write(folder, "ends", rank, found_when(partial(os._exit, 0), 60, ports[1]))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main(*sys.argv[1:4])
