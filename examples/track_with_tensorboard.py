"""
Curves in TensorBoard or Weights & Biases
=========================================

skorch has loggers for TensorBoard, Weights & Biases, MLflow, Neptune and others. They
go into ``callbacks`` and get the loss, weight and validation score of every task after
each epoch. This script writes for TensorBoard where it is installed (``pip install
tensorboard``), and prints what it would write where it is not.
"""

# %%
# A writer
# --------
#
# ``SummaryWriter`` comes with PyTorch, and needs the package ``tensorboard``. Anything
# with its two methods may take its place.

import tempfile
from pathlib import Path

from skorch.callbacks import TensorBoard

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings
from sklearn_mtl.model_selection import train_test_split


class Printer:
    """A writer that keeps what it gets, and prints the last value of each curve."""

    def __init__(self):
        self.curves = {}

    def add_scalar(self, tag, scalar_value, global_step):
        """Keep a point of a curve."""
        self.curves.setdefault(tag, []).append((global_step, float(scalar_value)))

    def close(self):
        """Print the last point of each curve."""
        for tag, points in sorted(self.curves.items()):
            step, value = points[-1]
            print(f"  {tag:36}{value:8.3f} after epoch {step}")


def make_writer(folder):
    """Return a writer for TensorBoard if it is installed, else one that prints."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return Printer()
    return SummaryWriter(folder)


# %%
# Names of curves
# ---------------
#
# TensorBoard puts curves into one group whose names begin alike, up to a slash. The
# records of a task end in its name, so ``task_train_loss_library`` is drawn as
# "train loss/library". Other records, such as times, are left out.

GROUPS = {
    "task_train_loss_": "train loss/",
    "task_valid_loss_": "validation loss/",
    "task_weight_": "weight/",
    "task_cells_": "labelled share/",
    "valid_score_": "validation score/",
}


def name_curve(record):
    """Return the name of a curve."""
    for start, group in GROUPS.items():
        if record.startswith(start):
            return group + record.removeprefix(start)
    return record


# %%
# A fit that is logged
# --------------------
#
# A fit works on a copy of the callback; the writer is an argument of its constructor,
# so it is not copied. ``early_stopping=True`` sets rows aside, of which there are
# validation losses and scores. For Weights & Biases pass
# ``WandbLogger(wandb.init(mode="offline"), save_model=False)`` in the same place.


def fit(writer):
    """Fit a classifier whose curves a writer gets."""
    frame = load_docstrings(as_frame=True).frame.sample(1000, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(
        frame["text"].str[:500], frame[["library", "n_parameters"]], random_state=0
    )
    ignored = ["dur", "train_batch_count", "valid_batch_count", "regularization"]
    logger = TensorBoard(writer, keys_ignored=ignored, key_mapper=name_curve)
    classifier = MultiTaskTextClassifier(
        early_stopping=True, max_iter=8, callbacks=[logger], random_state=0
    )
    classifier.fit(X_train, y_train)
    print(f"Accuracy on held-out rows: {classifier.score(X_test, y_test):.3f}")
    return classifier


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        writer = make_writer(folder)
        print(f"Logging with {type(writer).__name__}.")
        classifier = fit(writer)
        for path in Path(folder).glob("events*"):
            print(f"An event file of {path.stat().st_size:,} bytes, for")
            print("tensorboard --logdir FOLDER")
