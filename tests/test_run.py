"""A training run: rows set aside, scales, heads, and what a fit records."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from skorch.callbacks import LRScheduler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.network._dropout import Dropout
from sklearn_mtl.network._input import SparseLinear, optim_groups
from sklearn_mtl.training._run import _may_draw
from sklearn_mtl.trunks import RecurrentTrunk


def test_a_warm_start_keeps_the_scale_of_the_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(2, size=40)
    clf = MultiTaskTextClassifier(random_state=0, max_iter=5).fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(warm_start=True, learning_rate_init=1e-12, max_iter=1)
    np.testing.assert_allclose(clf.fit(10 * X, y).predict_proba(X), before, atol=1e-8)


@pytest.mark.parametrize(
    ("params", "shuffled"),
    [({}, False), ({"iterator_train__batch_size": 5}, True)],
)
def test_batches_are_shuffled_where_there_are_several(params, shuffled):
    X, y = np.ones((40, 3)), np.arange(40) % 2
    clf = MultiTaskTextClassifier(random_state=0, max_iter=1, net_params=params)
    net = clf.fit(X, y).net_
    assert net.iterator_train__shuffle == shuffled
    assert net.history[-1, "train_batch_count"] == (8 if shuffled else 1)


@pytest.mark.parametrize(
    ("params", "sorted_ahead"),
    [
        ({}, False),
        ({"alpha": 0.1}, False),
        ({"net_params": {"optimizer_sparse__kernel": "torch"}}, True),
    ],
)
def test_batches_are_sorted_by_feature_for_steps_with_gradients(params, sorted_ahead):
    clf = MultiTaskTextClassifier(random_state=0, max_iter=1, **params)
    net = clf.fit(["red box", "blue box"] * 5, [0, 1] * 5).net_
    assert net.iterator_train__transpose == sorted_ahead


def test_a_warm_start_refuses_another_network_of_the_same_shapes():
    texts = ["late parcel", "wrong bill", "box is late", "bill again"] * 5
    clf = MultiTaskTextClassifier(trunk=RecurrentTrunk(n_units=4), max_iter=1).fit(
        texts, [0, 1] * 10
    )
    before = clf.predict_proba(texts)
    clf.set_params(warm_start=True, trunk__pooling="mean")
    with pytest.raises(ValueError, match="had pooling='max' and has pooling='mean'"):
        clf.fit(texts, [0, 1] * 10)
    np.testing.assert_array_equal(clf.predict_proba(texts), before)
    clf.set_params(trunk__pooling="max", trunk__dropout=0.1).fit(texts, [0, 1] * 10)
    assert clf.n_iter_ == 2
    clf.set_params(trunk__pooling="mean", warm_start=False).fit(texts, [0, 1] * 10)


NUMBERS = np.random.default_rng(0).normal(size=(60, 3))
LABELS = {"a": (NUMBERS[:, 0] > 0).astype(int), "b": np.arange(60) % 3}


def fitted(**params):
    clf = MultiTaskTextClassifier(random_state=0, **{"max_iter": 3} | params)
    return clf.fit(NUMBERS, LABELS)


def test_callbacks_keep_no_weights_after_a_fit():
    clf = fitted(
        callbacks=[("rate", LRScheduler("StepLR", step_size=1))], early_stopping=True
    )
    callbacks = dict(clf.net_.callbacks_)
    assert callbacks["rate"].lr_scheduler_ is None
    assert callbacks["early_stopping"].best_model_weights_ is None
    for name in set(callbacks) - {"rate", "early_stopping"}:
        assert not hasattr(callbacks[name], "lr_scheduler_")
        assert not hasattr(callbacks[name], "best_model_weights_")


def test_predictions_are_made_of_1024_rows_at_a_time():
    clf = fitted(max_iter=1)
    sizes = []
    handle = clf.net_.module_.register_forward_pre_hook(
        lambda module, inputs: sizes.append(len(inputs[0]))
    )
    clf.predict(np.ones((2050, 3)))
    handle.remove()
    assert sizes == [1024, 1024, 2]


def test_what_a_verbose_fit_prints(capsys):
    fitted(verbose=1, early_stopping=True, max_iter=2)
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines() if line.strip()]
    head = next(line for line in lines if line[0] == "epoch")
    assert head == ["epoch", "train_loss", "valid_loss", "valid_score_mean", "dur"]
    assert [line[0] for line in lines if line[0].isdigit()] == ["1", "2"]
    assert "\x1b" not in out  # no colours where nobody sees them


def test_a_quiet_fit_prints_nothing(capsys):
    fitted()
    assert capsys.readouterr() == ("", "")


def test_records_of_an_epoch():
    names = ["epoch", "loss", "regularization"]
    for task in ("a", "b"):
        names += [f"{part}_{task}" for part in ("loss", "weight", "weighted_loss")]
    (first, second) = fitted(max_iter=2).history_
    assert list(first) == names
    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert first["regularization"] == 0.0
    for task in ("a", "b"):
        assert first[f"weight_{task}"] == 1.0
        assert first[f"weighted_loss_{task}"] == pytest.approx(first[f"loss_{task}"])
    # All logits start at 0 but for a trunk of small weights.
    assert first["loss_b"] == pytest.approx(np.log(3), rel=0.3)
    scores = [f"valid_score_{name}" for name in ("mean", "worst", "a", "b")]
    assert list(fitted(early_stopping=True).history_[0]) == names + scores


@pytest.mark.parametrize(
    ("fraction", "most"), [(0.1, 12), (0.5, 36)], ids=["tenth", "half"]
)
def test_the_share_of_rows_set_aside(fraction, most):
    clf = fitted(early_stopping=True, validation_fraction=fraction)
    n_rows = sum(clf.net_.history[0, "batches", :, "valid_batch_size"])
    assert fraction * 60 <= n_rows <= most


def test_a_metric_of_a_task_without_labels_in_the_split_is_named():
    labels = LABELS | {"rare": [1, *[None] * 59]}
    clf = MultiTaskTextClassifier(
        early_stopping=True, early_stopping_metric="rare", random_state=0
    )
    match = "is the task 'rare', and none of the .* rows of the validation split"
    with pytest.warns(UserWarning, match="single class"):  # noqa: SIM117
        with pytest.raises(ValueError, match=match):
            clf.fit(NUMBERS, labels)


class OfTheUser(torch.nn.Linear):
    """A layer that may do whatever it likes."""


@pytest.mark.parametrize(
    ("module", "may_draw"),
    [
        (torch.nn.Linear(2, 2), False),
        (torch.nn.ReLU(), False),
        (torch.nn.Dropout(0.5), True),
        (torch.nn.Dropout2d(0.5), True),
        (torch.nn.RReLU(), True),
        (torch.nn.LSTM(2, 2), False),
        (torch.nn.LSTM(2, 2, num_layers=2, dropout=0.1), True),
        (Dropout(0.5), False),  # which has random numbers of its own
        (SparseLinear(2, 2), False),
        (OfTheUser(2, 2), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_modules_may_draw_random_numbers_of_the_process(module, may_draw):
    assert _may_draw(module) is may_draw


@pytest.mark.parametrize(("n_rows", "dim"), [(60, 3), (5, 1)])
def test_numbers_are_scaled_to_a_mean_squared_norm_of_one(n_rows, dim):
    X = 7 * NUMBERS[:n_rows, :dim]
    clf = MultiTaskTextClassifier(trunk=None, max_iter=1, random_state=0)
    clf.fit(X, np.arange(n_rows) % 2)
    spec = clf.net_.module__spec
    assert (spec.n_rows, spec.n_features, spec.sparse) == (n_rows, dim, False)
    assert not spec.tokens
    scales = clf.column_scales_
    rows = X if scales is None else scales.apply(X)
    norms = np.square(np.asarray(rows) * spec.scale).sum(axis=1)
    assert norms.mean() == pytest.approx(1.0, rel=1e-6)


def test_token_networks_have_room_for_every_token_and_those_unknown():
    rows = csr_array(np.array([[2, 5], [3, 4]] * 4, dtype=np.int32))
    clf = MultiTaskTextClassifier(trunk="conv", max_iter=1, random_state=0)
    spec = clf.fit(rows, [0, 1] * 4).net_.module__spec
    assert (spec.n_features, spec.n_rows, spec.scale) == (6, 8, 1.0)
    assert spec.tokens
    assert spec.sparse
    least = csr_array(np.array([[1]] * 4, dtype=np.int32))
    assert clf.fit(least, [0, 1] * 2).net_.module__spec.n_features == 2


@pytest.mark.parametrize(
    ("trunk", "n_rows", "plain"),
    [("conv", 200, False), ("conv", 201, True), ("recurrent", 201, False)],
)
def test_where_embeddings_take_plain_descent(trunk, n_rows, plain):
    rows = csr_array(np.full((n_rows, 1), 2, dtype=np.int32))
    clf = MultiTaskTextClassifier(trunk=trunk, max_iter=1, random_state=0)
    net = clf.fit(rows, np.arange(n_rows) % 2).net_
    assert bool(optim_groups(net.module_)["embedding"]) is plain


def test_a_metric_may_be_that_of_a_task_with_the_first_class_alone():
    clf = MultiTaskTextClassifier(
        early_stopping=True, early_stopping_metric="same", max_iter=2, random_state=0
    )
    with pytest.warns(UserWarning, match="single class"):
        clf.fit(NUMBERS, LABELS | {"same": [0] * 60})
    assert clf.history_[-1]["valid_score_same"] == 1.0


def test_tasks_of_the_same_type_and_classes_have_one_head():
    labels = {
        "a": [0, 1] * 30,
        "b": [0, 1, 2] * 20,
        "c": [1, 0] * 30,
        "d": ["0", "1"] * 30,
    }
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(NUMBERS, labels)
    assert clf.net_.module__heads == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("wrap", "usual"), [(np.asarray, (0.25, 0.5)), (csr_array, (1, 1))]
)
def test_adjustments_are_shares_to_a_power_in_training(wrap, usual):
    labels = {"a": [0] * 45 + [1] * 15, "b": [0] * 30 + [1] * 15 + [2] * 15}
    for setting, powers in [("auto", usual), (2, (2, 2)), (0, (0, 0))]:
        clf = MultiTaskTextClassifier(
            logit_adjustment=setting, temperature=1.0, max_iter=1, random_state=0
        )
        clf.fit(wrap(NUMBERS), labels)
        first, second = clf.net_.criterion__adjustments
        np.testing.assert_allclose(first, powers[0] * np.log([0.75, 0.25]))
        np.testing.assert_allclose(second, powers[1] * np.log([0.5, 0.25, 0.25]))
