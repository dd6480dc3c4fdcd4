"""What a fitted estimator holds, and what of it a pickle stores."""

import pickle

import numpy as np
import pytest
import torch
from skorch.exceptions import DeviceWarning
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import WordVectors
from sklearn_mtl.tasks import Ordinal
from sklearn_mtl.trunks import ConvTrunk

TEXTS = ["late parcel", "wrong bill", "box is late", "bill again"] * 60
Y = {"topic": ["ship", "pay"] * 120, "tone": ["a", "b", None, "a"] * 60}
OF_ESTIMATOR = {
    "alpha_",
    "learning_rate_factor_",
    "batch_size_",
    "best_iter_",
    "calibration_",
    "classes_",
    "column_scales_",
    "device_",
    "early_stopping_",
    "embedding_",
    "history_",
    "learning_rate_init_",
    "loss_weights_",
    "max_iter_",
    "n_iter_",
    "n_outputs_",
    "net_",
    "sharing_",
    "targets_",
    "task_names_",
    "task_types_",
    "temperatures_",
    "term_weights_",
    "trunk_",
    "vectorizer_",
}
OF_NET = {
    "callbacks_",
    "criterion_",
    "cuda_dependent_attributes_",
    "history_",
    "init_context_",
    "initialized_",
    "module_",
    "optimizer_",
    "prefixes_",
    "virtual_params_",
}
FITS = {
    "plain": {},
    "stopping": {"early_stopping": True},
    "tokens": {"trunk": "conv"},
    "adversarial": {"sharing": "adversarial"},
    "penalty": {"alpha": 1e-4},
    "ordinal": {"task_types": {"topic": Ordinal(classes=["pay", "ship"])}},
}


def fit(**params):
    params = {"max_iter": 2, "random_state": 0} | params
    return MultiTaskTextClassifier(**params).fit(TEXTS, Y)


@pytest.fixture(scope="module", params=FITS.values(), ids=FITS)
def fitted(request):
    return fit(**request.param)


def held(thing, seen=None):
    """Return the tensors and arrays that something holds, each memory once."""
    seen = {} if seen is None else seen
    if id(thing) in seen or isinstance(thing, type | str | int | float | None):
        return []
    seen[id(thing)] = thing
    if isinstance(thing, torch.Tensor | np.ndarray):
        return [thing]
    if isinstance(thing, nn.Module):
        return list(thing.state_dict().values())
    if isinstance(thing, dict):
        parts = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set):
        parts = list(thing)
    else:
        parts = [getattr(thing, "__dict__", {}), getattr(thing, "__self__", None)]
    return [each for part in parts for each in held(part, seen)]


def test_a_fit_holds_what_is_listed_here_and_no_more(fitted):
    clf = fitted
    found = vars(clf).keys() - clf.get_params(deep=False).keys()
    assert {n for n in found if not n.startswith("_")} == OF_ESTIMATOR
    net = vars(clf.net_)
    found = {n for n in net if n.endswith("_") and not n.startswith("_")}
    assert found == OF_NET
    assert net["train_split"] is None
    assert net["iterator_train__generator"] is net["iterator_train__record"] is None


def test_memory_is_that_of_weights_and_vectorizer(fitted):
    clf = fitted
    weights = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for part in (clf.net_.module_, clf.net_.criterion_)
        for tensor in part.state_dict().values()
    }
    arrays = [a for a in held([vars(clf)]) if isinstance(a, np.ndarray)]
    tensors = {
        t.untyped_storage().data_ptr(): t.untyped_storage().nbytes()
        for t in held([vars(clf)])
        if isinstance(t, torch.Tensor)
    }
    assert tensors == weights
    known = sum(a.nbytes for a in held([clf.vectorizer_, clf.term_weights_]))
    # Beside them the classes and their shares.
    assert sum(a.nbytes for a in arrays) - known < 500


def test_a_pickle_holds_the_weights_once(fitted):
    clf = fitted
    weights = sum(
        tensor.nbytes
        for part in (clf.net_.module_, clf.net_.criterion_)
        for tensor in part.state_dict().values()
    )
    assert len(pickle.dumps(clf.net_)) < 1.01 * weights + 30_000


def test_a_pickle_holds_word_vectors_once():
    words = sorted({word for text in TEXTS for word in text.split()})
    vectors = WordVectors(
        words, np.random.default_rng(0).normal(size=(len(words), 5000))
    )
    clf = fit(trunk=ConvTrunk(vectors=vectors, n_filters=1))
    again = pickle.loads(pickle.dumps(clf))
    assert again.trunk_ is again.net_.module__trunk
    own = again.net_.module_.state_dict().values()
    size = vectors.vectors.nbytes + sum(tensor.nbytes for tensor in own)
    assert len(pickle.dumps(clf.net_)) < size + 50_000


def test_weights_alone_are_on_the_device(fitted):
    state = fitted.net_.__getstate__()
    # What skorch maps to a device that there is.
    del state["__cuda_dependent_attributes__"]
    assert not [t for t in held([state]) if isinstance(t, torch.Tensor)]


def test_what_was_fitted_on_a_gpu_can_be_read_without_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    clf = fit()
    expected = clf.predict_proba(TEXTS)[0]
    clf.net_.device = clf.device_ = "cuda"
    stored = pickle.dumps(clf)
    with pytest.warns(DeviceWarning, match="no CUDA devices|not available"):
        again = pickle.loads(stored)
    assert again.device_ == again.net_.device == "cpu"
    np.testing.assert_array_equal(again.predict_proba(TEXTS)[0], expected)
    again.set_params(warm_start=True, max_iter=1).fit(TEXTS, Y)
