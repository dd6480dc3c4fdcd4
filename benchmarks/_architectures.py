"""One fit of a network on a set: its scores, seconds, parameters and memory."""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from _data import load_set
from _measure import peak_mib
from _run import keep, prediction_file, score_tasks

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.sharing import AdversarialSharedPrivate, SharedPrivate
from sklearn_mtl.trunks import ConvTrunk


class Architecture(NamedTuple):
    """What a row is called, and the estimator's parameters, made when used."""

    label: str
    parameters: object


ARCHITECTURES = {
    "bag": Architecture("bag, shared-private (the default)", dict),
    "bag_hard": Architecture("bag, hard", lambda: {"sharing": "hard"}),
    "bag_shared_heads": Architecture(
        "bag, shared-private, heads shared by tasks of the same classes",
        lambda: {"sharing": SharedPrivate(share_heads=True)},
    ),
    "bag_mmoe": Architecture("bag, mixture of experts", lambda: {"sharing": "mmoe"}),
    "bag_ple": Architecture("bag, progressive layers", lambda: {"sharing": "ple"}),
    "bag_adversarial": Architecture(
        "bag, adversarial shared-private", lambda: {"sharing": "adversarial"}
    ),
    "conv": Architecture("conv, shared-private", lambda: {"trunk": "conv"}),
    # Embedding of 64, 64 filters of width 3, maximum over time, 32 dense units.
    "conv_hard": Architecture(
        "conv, hard (the article's network)",
        lambda: {"trunk": ConvTrunk(), "sharing": "hard"},
    ),
    "conv_adversarial": Architecture(
        "conv, adversarial shared-private",
        lambda: {"trunk": "conv", "sharing": "adversarial"},
    ),
    # The same network, which nobody keeps from mixing what is whose.
    "conv_private_trunks": Architecture(
        "conv, shared and private trunks without adversary",
        lambda: {
            "trunk": "conv",
            "sharing": AdversarialSharedPrivate(
                adversarial_weight=0, orthogonality_weight=0
            ),
        },
    ),
    "recurrent": Architecture("LSTM, shared-private", lambda: {"trunk": "recurrent"}),
    "recurrent_hard": Architecture(
        "LSTM, hard", lambda: {"trunk": "recurrent", "sharing": "hard"}
    ),
    "attention": Architecture(
        "attention, shared-private", lambda: {"trunk": "attention"}
    ),
    "attention_hard": Architecture(
        "attention, hard", lambda: {"trunk": "attention", "sharing": "hard"}
    ),
}


def measure(architecture, folder, name, split, seed, predictions=None):
    """Fit on train and score on another split; meant for a process of its own.

    Predictions are kept in a folder of that name, if there is one.
    """
    splits = load_set(folder, name, ("train", split)).splits
    (texts, labels), (other_texts, other_labels) = splits["train"], splits[split]
    start_mib = peak_mib()
    classifier = MultiTaskTextClassifier(
        random_state=seed, **ARCHITECTURES[architecture].parameters()
    )
    start = perf_counter()
    classifier.fit(texts, labels)
    fitted = perf_counter()
    predicted = classifier.predict(other_texts, output="dict")
    predict_seconds = perf_counter() - fitted
    predicted = {task: cells.tolist() for task, cells in predicted.items()}
    scores = score_tasks(other_labels, predicted)
    if predictions:
        path = prediction_file(predictions, name, architecture, seed)
        keep(path, splits["train"], splits[split], predicted)
    weights = classifier.net_.module_.parameters()
    return {
        **{
            score: float(np.mean([of_task[score] for of_task in scores.values()]))
            for score in ("accuracy", "macro_f1")
        },
        "fit_seconds": fitted - start,
        "predict_seconds": predict_seconds,
        "parameters": sum(weight.numel() for weight in weights),
        "fit_mib": peak_mib() - start_mib,
    }


def labels():
    """Return what each network is called in the table."""
    return {key: value.label for key, value in ARCHITECTURES.items()}
