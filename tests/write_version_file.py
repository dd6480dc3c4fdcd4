"""Write a model file of the current version of the format, and what it predicts.

Run it once after the version was raised: ``python tests/write_version_file.py``. Files
that are there are never written again, because later versions must read them as users
have them.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_mtl import MultiTaskTextClassifier, load
from sklearn_mtl.persistence._document import VERSION
from sklearn_mtl.sharing import MixtureOfExperts
from sklearn_mtl.tasks import Ordinal
from sklearn_mtl.trunks import BagTrunk, ConvTrunk

FILES = Path(__file__).parent / "files"
SENTENCES = [
    "the parcel is late",
    "wrong bill again",
    "Paket kommt zu spät",
    "the bill is wrong",
    "late parcel again",
    "die Rechnung ist falsch",
]
# Words enough for weights of which fewer bits are stored.
TEXTS = [f"{SENTENCES[k % 6]} {k % 83}th" for k in range(240)]
Y = pd.DataFrame(
    {
        "topic": ["ship", "pay"] * 120,
        "tone": pd.Categorical(["a", "b", "ü", None, "a", "b"] * 40),
        "stars": [1, 2, 3, 4, 5, None] * 40,
        "urgent": pd.Series([True, False, None] * 80, dtype="boolean"),
        "tags": [["x"], ["x", "y"], [], None, ["y"], ["z"]] * 40,
    }
)
# Everything that one file can show: types of tasks, a frame, an embedding, few bits.
FITS = {
    "plain": ({"trunk": BagTrunk(4)}, ["topic", "tone"], {"history": True}),
    "all": (
        {
            "embedding": "lsa",
            "trunk": BagTrunk(40),
            "sharing": MixtureOfExperts(2),
            "task_types": {"stars": "ordinal", "topic": Ordinal(["pay", "ship"])},
        },
        list(Y),
        {"dtype": "int8", "prune": 0.1},
    ),
    "half": ({"trunk": BagTrunk(40)}, ["topic", "stars"], {"dtype": "float16"}),
    "tokens": (
        {"trunk": ConvTrunk(embedding_dim=4, n_filters=4)},
        ["tone", "tags"],
        {},
    ),
}
QUESTIONS = [*SENTENCES, "", "other words", "so late ü"]


def plain(cell):
    """Return a label as JSON has it."""
    if isinstance(cell, list | set | frozenset | tuple):
        return sorted(cell)
    return cell.item() if isinstance(cell, np.generic) else cell


def answers(clf):
    """Return what a classifier says of some texts."""
    labels = clf.predict(QUESTIONS, output="dict")
    return {
        "labels": {name: [plain(c) for c in own] for name, own in labels.items()},
        "probabilities": {
            name: own.round(7).tolist()
            for name, own in clf.predict_proba(QUESTIONS, output="dict").items()
        },
    }


def main():
    FILES.mkdir(exist_ok=True)
    for name, (params, tasks, options) in FITS.items():
        path = FILES / f"version{VERSION}-{name}.mtl"
        if path.exists():
            print(f"{path.name} is there and stays")
            continue
        clf = MultiTaskTextClassifier(random_state=0, max_iter=2, **params)
        clf.fit(TEXTS, Y[tasks]).save(path, **options)
        found = answers(load(path))  # of the weights as they are stored
        path.with_suffix(".json").write_text(
            json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
