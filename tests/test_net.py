"""The net: one step, one epoch of history, and how it stops."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from skorch.helper import predefined_split

from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.sharing import AdversarialSharedPrivate, SharedPrivate
from sklearn_mtl.tasks import Categorical
from sklearn_mtl.training._dataset import RowDataset
from sklearn_mtl.training._loader import BatchLoader
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._optimizers import LinearDecay, SparseSGD
from sklearn_mtl.trunks import BagTrunk

N_ROWS, N_FEATURES = 24, 10
TASKS = [Categorical().fit(np.arange(2)), Categorical().fit(np.arange(3))]
NAMES = ["topic", "tone"]


def make_dataset(seed=0):
    rng = np.random.default_rng(seed)
    X = random_array((N_ROWS, N_FEATURES), density=0.4, random_state=rng, format="csr")
    codes = np.column_stack([rng.integers(-1, 2, N_ROWS), rng.integers(-1, 3, N_ROWS)])
    return RowDataset(csr_array(X), codes.astype(np.int32), rng.random((N_ROWS, 2)))


def make_net(**parameters):
    spec = InputSpec(n_features=N_FEATURES, sparse=True, scale=1.0, n_rows=N_ROWS)
    balancing = FixedWeights({"topic": 3.0}, share_power=0).build(NAMES, np.ones(2))
    defaults = {
        "tasks": TASKS,
        "task_names": NAMES,
        "module__sharing": SharedPrivate(),
        "module__trunk": BagTrunk(n_units=4),
        "module__spec": spec,
        "module__n_logits": [1, 3],
        "module__dtype": torch.float64,
        "criterion__tasks": TASKS,
        "criterion__balancing": balancing,
        "optimizer_sparse__lr": 0.5,
        "optimizer_dense__lr": 0.01,
        "max_epochs": 3,
        "batch_size": 7,
        "train_split": None,
        "verbose": 0,
    }
    torch.manual_seed(0)
    return MultiTaskNet(**{**defaults, **parameters}).initialize()


def test_adjustments_are_for_the_loss_and_not_for_decisions():
    dataset = make_dataset()
    added = [np.array([0.0, 50.0]), np.array([0.0, 0.0, 50.0])]
    fixed = {
        "module__trunk": BagTrunk(n_units=4, dropout=0.0),
        "optimizer_sparse__lr": 0.0,
        "optimizer_dense__lr": 0.0,
        "max_epochs": 1,
        "train_split": predefined_split(dataset),
    }
    plain = make_net(**fixed).train(dataset)
    net = make_net(**fixed, criterion__adjustments=added).train(dataset)
    logits = net.forward(dataset)
    torch.testing.assert_close(logits, plain.forward(dataset))
    for k, (task, name) in enumerate(zip(TASKS, NAMES, strict=True)):
        codes, weights = dataset.codes[:, k], dataset.weights[:, k]
        labelled = codes >= 0
        as_they_are = logits[k].numpy()
        scores = [
            np.average(
                (task.choose(task.probabilities(z)) == codes)[labelled],
                weights=weights[labelled],
            )
            for z in (as_they_are, as_they_are + added[k][-task.n_logits :])
        ]
        assert scores[0] != scores[1]
        assert net.history[-1][f"valid_score_{name}"] == pytest.approx(scores[0])
        losses = [n.history[-1][f"task_train_loss_{name}"] for n in (plain, net)]
        assert losses[1] > 5 * losses[0]
        losses = [n.history[-1][f"task_valid_loss_{name}"] for n in (plain, net)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    assert net.history[-1]["valid_loss"] == pytest.approx(
        plain.history[-1]["valid_loss"], rel=1e-6
    )


def test_an_epoch_of_history_is_the_mean_over_its_rows():
    net = make_net(
        module__trunk=BagTrunk(n_units=4, dropout=0.0),
        optimizer_sparse__lr=0.0,
        optimizer_dense__lr=0.0,
        max_epochs=1,
    )
    dataset = make_dataset()
    net.train(dataset)
    rows, cells = dataset.batch(0, N_ROWS)
    with torch.no_grad():
        sums = net.criterion_(net.module_(rows).logits, cells) / N_ROWS
    epoch = net.history[-1]
    found = [epoch[f"task_train_loss_{name}"] for name in NAMES]
    np.testing.assert_allclose(found, sums.numpy())
    np.testing.assert_allclose(
        epoch["train_loss"], 1.5 * found[0] + 0.5 * found[1], rtol=1e-6
    )


def test_history_holds_the_weight_of_cells_by_row():
    dataset = make_dataset()
    epoch = make_net(max_epochs=1).train(dataset).history[-1]
    expected = np.where(dataset.codes >= 0, dataset.weights, 0).mean(axis=0)
    found = [epoch[f"task_cells_{name}"] for name in NAMES]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_light_cells_are_counted_beside_heavy_ones():
    dataset = make_dataset()
    dataset.codes[:] = 0
    weights = np.ones((N_ROWS, 2))
    weights[0] = 2**24  # after which 32 bits count no further
    dataset.weights = weights.astype(np.float32)
    rates = {"optimizer_sparse__lr": 0.0, "optimizer_dense__lr": 0.0}
    epoch = make_net(max_epochs=1, **rates).train(dataset).history[-1]
    found = [epoch[f"task_cells_{name}"] for name in NAMES]
    np.testing.assert_allclose(found, weights.mean(axis=0), rtol=1e-12)


def test_penalty_is_the_half_squared_norm_of_the_weights():
    net = make_net(alpha=0.2, max_epochs=1).train(make_dataset())
    weights = [p for p in net.module_.parameters() if p.ndim > 1]
    expected = 0.1 * sum(p.detach().square().sum().item() for p in weights)
    assert net.history[-1]["regularization"] == pytest.approx(expected)


def test_penalty_is_on_weights_that_learn():
    net = make_net(alpha=0.2, max_epochs=1)
    net.module_.head.weight.requires_grad_(False)
    net.train(make_dataset())
    expected = 0.1 * net.module_.table.weight.detach().square().sum().item()
    assert net.history[-1]["regularization"] == pytest.approx(expected)


def test_penalty_is_on_every_weight_and_no_bias():
    net = make_net(alpha=0.2)
    decayed = {
        id(p)
        for group in net.optimizer_.param_groups
        if group["weight_decay"]
        for p in group["params"]
    }
    for name, parameter in net.module_.named_parameters():
        assert (id(parameter) in decayed) == name.endswith("weight"), name


def test_sparse_layers_have_an_optimizer_of_their_own():
    net = make_net()
    sparse, dense = net.optimizer_.optimizers
    assert isinstance(sparse, SparseSGD)
    assert isinstance(dense, torch.optim.Adam)
    own = {id(p) for p in sparse.param_groups[0]["params"]}
    names = {n for n, p in net.module_.named_parameters() if id(p) in own}
    assert names == {"table.weight"}
    others = {id(p) for group in dense.param_groups for p in group["params"]}
    assert own | others == {id(p) for p in net.module_.parameters()}


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_torch_sgd_can_take_the_place_of_ours(alpha):
    if alpha:  # torch's own refuses to decay sparse weights; ours is why that works
        net = make_net(alpha=alpha, optimizer_sparse=torch.optim.SGD)
        with pytest.raises(RuntimeError, match="sparse"):
            net.train(make_dataset())
        return
    ours = make_net().train(make_dataset())
    torchs = make_net(optimizer_sparse=torch.optim.SGD).train(make_dataset())
    torch.testing.assert_close(
        ours.module_.state_dict(), torchs.module_.state_dict(), rtol=1e-9, atol=1e-12
    )


class Halves(BatchLoader):
    """A loader of one's own, of two batches."""

    def __init__(self, dataset, batch_size, **kwargs):
        super().__init__(dataset, 12, **kwargs)


class Raise(Callback):
    """Raise a KeyboardInterrupt where a test wants it."""

    def __init__(self, where):
        self.where = where

    def on_epoch_end(self, net, **kwargs):
        if self.where == "epoch" and len(net.history) == 2:
            raise KeyboardInterrupt

    def on_batch_end(self, net, **kwargs):
        if self.where == "batch" and len(net.history) == 2:
            raise KeyboardInterrupt


def test_a_callback_may_stop_at_the_end_of_an_epoch():
    net = make_net(max_epochs=5, callbacks=[Raise("epoch")]).train(make_dataset())
    assert len(net.history) == 2


def test_an_interrupt_in_the_middle_reaches_the_caller():
    net = make_net(callbacks=[Raise("batch")])
    with pytest.raises(KeyboardInterrupt):
        net.train(make_dataset())


class KeepGradients(Callback):
    """Keeps the names and norms of the gradients of each step."""

    def __init__(self, seen):
        self.seen = seen

    def on_grad_computed(self, net, named_parameters, batch, training, **kwargs):
        rows, cells = batch
        norms = {name: float(p.grad.norm()) for name, p in named_parameters}
        self.seen.append((len(rows), len(cells.codes), training, norms))


def test_gradients_of_each_step_are_shown_to_who_asks():
    seen = []
    dataset = make_dataset()
    net = make_net(
        callbacks=[KeepGradients(seen)],
        train_split=predefined_split(dataset),
        max_epochs=2,
    ).train(dataset)
    assert [(rows, cells) for rows, cells, _, _ in seen] == [(7, 7)] * 3 + [
        (3, 3),
        *[(7, 7)] * 3,
        (3, 3),
    ]
    names = [name for name, _ in net.module_.named_parameters()]
    for *_, training, norms in seen:
        assert training
        assert list(norms) == names
        assert all(norm > 0 for name, norm in norms.items() if "private" in name)


def test_what_a_callback_does_to_gradients_counts():
    class Forget(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            for name, parameter in named_parameters:
                if name.startswith("private"):
                    parameter.grad = None

    before = make_net().module_.state_dict()
    after = make_net(callbacks=[Forget]).train(make_dataset()).module_.state_dict()
    for name, weight in before.items():
        assert torch.equal(weight, after[name]) == name.startswith("private")


def test_nobody_is_told_of_gradients_who_does_not_ask(monkeypatch):
    told = []
    net = make_net(callbacks=[Raise("nowhere")])
    notify = net.notify
    monkeypatch.setattr(
        net,
        "notify",
        lambda name, **kwargs: told.append(name) or notify(name, **kwargs),
    )
    net.train(make_dataset())
    assert "on_batch_begin" in told
    assert "on_grad_computed" not in told


def test_nothing_of_the_training_rows_stays():
    net = make_net().train(make_dataset())
    assert net.train_split is None
    assert all(p.grad is None for p in net.module_.parameters())
    assert not [name for name in vars(net) if name.startswith("epoch_")]
    assert not any(optimizer.state for optimizer in net.optimizer_.optimizers)


class Keep(Callback):
    """Keeps the rates of each step."""

    def __init__(self, rates):
        self.rates = rates

    def on_batch_begin(self, net, training, **kwargs):
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("parameters", "n_steps"),
    [
        ({}, 12),
        ({"iterator_train__batch_size": 3}, 24),
        ({"train_split": ValidSplit(2)}, 6),
        ({"iterator_train": Halves}, 6),
    ],
)
def test_rates_fall_over_the_batches_that_there_are(parameters, n_steps):
    rates = []
    callbacks = [("decay", LinearDecay()), ("keep", Keep(rates))]
    make_net(callbacks=callbacks, **parameters).train(make_dataset())
    np.testing.assert_allclose(rates, 0.5 * (1 - np.arange(n_steps) / n_steps))


def test_unknown_parameter_is_named_with_what_was_meant():
    with pytest.raises(ValueError, match="optimizer_dense__betas"):
        make_net(optimizer_dense_betas=(0.9, 0.99))


def test_a_task_may_be_called_like_a_record_of_skorch():
    net = make_net(task_names=["best", "is_best"], train_split=None)
    (first, *_) = net.train(make_dataset()).epochs()
    parts = first["weighted_loss_best"] + first["weighted_loss_is_best"]
    assert first["loss"] == pytest.approx(parts)
    assert first["loss"] == pytest.approx(net.history[0, "train_loss"], rel=1e-6)


def test_divergence_is_an_error():
    dataset = make_dataset()
    dataset.X = dataset.X * 1e200
    with pytest.raises(ValueError, match=r"diverged.*learning_rate_init"):
        make_net(optimizer_sparse__lr=1e200).train(dataset)


def test_a_task_whose_cells_weigh_nothing_has_no_mean_loss():
    dataset = make_dataset()
    dataset.weights[:, 0] = 0
    first = make_net(max_epochs=1).train(dataset).epochs()[0]
    assert np.isnan(first["loss_topic"])
    assert first["weighted_loss_topic"] == 0


def test_the_penalty_of_history_is_zero_without_alpha_and_adds_up():
    plain = make_net(max_epochs=1).train(make_dataset())
    assert plain.history[-1]["regularization"] == 0.0
    net = make_net(
        max_epochs=1,
        alpha=0.2,
        module__sharing=AdversarialSharedPrivate(private="trunk"),
    ).train(make_dataset())
    epoch = net.epochs(4)[0]
    parts = [
        epoch["penalty_adversarial"],
        epoch["penalty_orthogonality"],
        net._penalty(),
    ]
    assert all(part > 0 for part in parts)
    assert epoch["regularization"] == pytest.approx(sum(parts))
    weighted = [epoch[f"weighted_loss_{name}"] for name in NAMES]
    assert epoch["loss"] == pytest.approx(sum(weighted) + sum(parts))
    assert epoch["epoch"] == 5


def test_losses_of_tasks_are_over_cells_and_weighted_ones_over_rows():
    net = make_net(max_epochs=1).train(make_dataset())
    recorded, epoch = net.history[-1], net.epochs()[0]
    assert (epoch["weight_topic"], epoch["weight_tone"]) == (1.5, 0.5)
    for name, weight in zip(NAMES, [1.5, 0.5], strict=True):
        by_row = recorded[f"task_train_loss_{name}"]
        cells = recorded[f"task_cells_{name}"]
        assert 0 < cells < 1
        assert epoch[f"loss_{name}"] == pytest.approx(by_row / cells)
        assert epoch[f"weighted_loss_{name}"] == pytest.approx(weight * by_row)


def test_each_step_has_the_gradient_of_its_batch_alone():
    seen = []
    make_net(
        module__trunk=BagTrunk(n_units=4, dropout=0.0),
        callbacks=[KeepGradients(seen)],
        optimizer_sparse__lr=0.0,
        optimizer_dense__lr=0.0,
        max_epochs=3,
        batch_size=N_ROWS,
    ).train(make_dataset())
    first, *others = (norms for *_, norms in seen)
    assert len(others) == 2
    for norms in others:
        assert norms == pytest.approx(first)
