"""The adversarial scheme: its network, and what training makes of it."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from torch.nn.functional import cross_entropy

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import top_words
from sklearn_mtl.network._batch import Cells, TokenBatch
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.sharing import AdversarialSharedPrivate, HardSharing, SharedPrivate
from sklearn_mtl.training._dataset import RowDataset
from sklearn_mtl.trunks import BagTrunk, ConvTrunk, DenseTrunk

N_LOGITS = [1, 3, 1]
CODES = torch.tensor([[0, -1, -1], [-1, 2, -1], [1, 0, -1], [-1, -1, 1], [1, 1, 0]])
ROWS = torch.rand(5, 9, generator=torch.Generator().manual_seed(0)).double()
KINDS = ["trunk", "linear"]
all_kinds = pytest.mark.parametrize("private", KINDS)
TRUNKS = [
    DenseTrunk(6, dropout=0.0),
    BagTrunk(6, dropout=0.0),
    ConvTrunk(n_filters=4, n_units=6, dropout=0.0, token_dropout=0.0),
]
all_trunks = pytest.mark.parametrize("trunk", TRUNKS, ids=str)

TEXTS, Y = make_multitask_texts(260, n_tasks=3, n_classes=[2, 3, 2], random_state=0)
Y = np.column_stack([Y[task] for task in Y] if isinstance(Y, dict) else Y.T)
Y = Y.astype(float)
Y[np.random.RandomState(0).uniform(size=Y.shape) < 0.4] = np.nan


def make(trunk=TRUNKS[0], **params):
    spec = InputSpec(
        9, trunk.reads_sparse, scale=1.0, n_rows=500, tokens=trunk.reads_tokens
    )
    torch.manual_seed(0)
    network = AdversarialSharedPrivate(**params).build(trunk, spec, N_LOGITS).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.rand_like(parameter) - 0.4)
        if trunk.reads_tokens:
            network.trunk.embedding.weight[0] = 0  # what stands after the end
    return network


def rows_for(trunk, rows=ROWS):
    matrix = csr_array(rows.numpy() * (rows.numpy() > 0.4))
    if trunk.reads_tokens:
        ids, ends = map(torch.from_numpy, (matrix.indices % 8 + 1, matrix.indptr))
        return TokenBatch(ids, ends, torch.float64)
    if trunk.reads_sparse:
        return RowDataset(matrix).batch(0, len(rows))[0]
    return rows


def cells(codes=CODES):
    return Cells(codes, torch.full(codes.shape, 0.5).double())


def gradients(network, loss):
    network.zero_grad()
    loss.backward()
    return {
        name: p.grad.to_dense() if p.grad.is_sparse else p.grad.clone()
        for name, p in network.named_parameters()
        if p.grad is not None
    }


def fit(X=TEXTS, y=Y, private="trunk", **params):
    sharing = AdversarialSharedPrivate(private=private)
    params = {"trunk": BagTrunk(8), "max_iter": 2, "sharing": sharing} | params
    return MultiTaskTextClassifier(random_state=0, **params).fit(X, y)


# The network ------------------------------------------------------------------------


@all_kinds
def test_the_trunk_climbs_where_the_discriminator_descends(private):
    network = make(private=private, adversarial_weight=0.3)
    single = cells(torch.where(torch.eye(5, 3).bool(), 0, -1)[:3])
    rows, tasks = ROWS[:3], torch.arange(3)
    penalties = network(rows, single).penalties
    found = gradients(network, penalties["adversarial"])
    plain = cross_entropy(network.discriminator(network(rows).hidden), tasks)
    assert penalties["adversarial"].item() == pytest.approx(0.3 * 0.5 * plain.item())
    expected = gradients(network, plain)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        sign = 1 if name.startswith("discriminator") else -1
        torch.testing.assert_close(found[name], sign * 0.15 * gradient)
    for part, sign in [("discriminator", -1), ("trunk", 1)]:
        moved = make(private=private, adversarial_weight=0.3)
        with torch.no_grad():
            for name, parameter in moved.named_parameters():
                if name.startswith(part):
                    parameter -= 0.01 * found[name]
        after = cross_entropy(moved.discriminator(moved(rows).hidden), tasks)
        assert sign * (after - plain) > 0


@all_trunks
@all_kinds
def test_labelled_cells_have_the_logits_of_prediction(private, trunk):
    network, rows = make(trunk, private=private), rows_for(trunk)
    learnt, predicted = network(rows, cells()), network(rows)
    torch.testing.assert_close(learnt.hidden, predicted.hidden)
    assert predicted.penalties == {}
    pairs = zip(learnt.logits, predicted.logits, CODES.t(), strict=True)
    for own, plain, codes in pairs:
        assert own.shape == plain.shape
        torch.testing.assert_close(own[codes >= 0], plain[codes >= 0])


def test_logits_are_those_of_the_formula():
    network = make(private="trunk")
    s, found = network(ROWS).hidden, network(ROWS).logits
    weights, biases = (p.split(N_LOGITS) for p in network.head.parameters())
    for task, logits in enumerate(found):
        p = network.private.trunks[task](ROWS)
        both = torch.cat([weights[task], network.private.heads[task].weight], dim=1)
        expected = torch.cat([s, p], dim=1) @ both.t() + biases[task]
        torch.testing.assert_close(logits, expected)


@all_trunks
@all_kinds
def test_masked_cells_do_not_reach_the_private_path(private, trunk):
    """What the rows without a label of a task hold is nothing to its own weights."""
    network = make(trunk, private=private, orthogonality_weight=5.0)

    def of_private(rows, codes):
        logits, _, penalties, _ = network(rows_for(trunk, rows), cells(codes))
        kept = zip(logits, codes.t(), strict=True)
        loss = sum(z[own >= 0].square().sum() for z, own in kept)
        found = gradients(network, loss + penalties["orthogonality"])
        if private == "trunk":
            start = ("private.trunks.0.", "private.heads.0.")
            return {
                n: g for n, g in found.items() if n.startswith(start) if "emb" not in n
            }
        weight = found.get("private.weight")
        if weight is None:
            return {"table": found["table.weight"][:, 6]}  # behind those of the trunk
        return {"weight": weight[0] if trunk.reads_sparse is False else weight[:, 0]}

    before = of_private(ROWS, CODES)
    assert any(gradient.any() for gradient in before.values())
    others = ROWS.clone()
    others[[1, 3]] = ROWS[[3, 1]].flip(1)
    codes = CODES.clone()
    codes[[1, 3]] = CODES[[3, 1]]
    torch.testing.assert_close(of_private(others, codes), before)


def test_a_task_without_rows_in_the_batch_stays():
    network = make(private="trunk")
    logits, _, penalties, _ = network(ROWS[:2], cells(CODES[:2]))
    loss = sum([*(z.sum() for z in logits[:2]), *penalties.values()])
    found = gradients(network, loss)
    assert not any(name.startswith("private.trunks.2") for name in found)
    assert any(name.startswith("private.trunks.1") for name in found)


@all_kinds
def test_orthogonality_is_a_mean_over_labelled_cells(private):
    network = make(private=private, orthogonality_weight=2.0)
    penalties = network(ROWS, cells()).penalties
    many = [*range(5)] * 4
    more = network(ROWS[many], cells(CODES[many])).penalties
    torch.testing.assert_close(penalties, more)
    assert penalties["orthogonality"] > 0


@all_kinds
def test_orthogonality_counts_by_the_share_of_labelled_rows(private):
    network = make(private=private, orthogonality_weight=2.0)
    alone = network(ROWS, cells()).penalties
    codes = torch.cat([CODES, torch.full_like(CODES, -1)])
    among_others = network(torch.cat([ROWS, ROWS]), cells(codes)).penalties
    half = alone["orthogonality"] / 2
    torch.testing.assert_close(among_others["orthogonality"], half)
    twice = cells()._replace(weights=2 * cells().weights)
    heavy = network(ROWS, twice).penalties
    torch.testing.assert_close(heavy["orthogonality"], 2 * alone["orthogonality"])


def test_terms_of_weight_0_are_not_there():
    none = {"adversarial_weight": 0, "orthogonality_weight": 0}
    network = make(**none)
    assert network.discriminator is None
    assert network(ROWS, cells()).penalties == {}
    assert make(adversarial_weight=0)(ROWS, cells()).penalties.keys() == {
        "orthogonality"
    }
    assert make(orthogonality_weight=0)(ROWS, cells()).penalties.keys() == {
        "adversarial"
    }


def test_a_single_task_has_no_discriminator():
    spec = InputSpec(9, sparse=False, scale=1.0, n_rows=500)
    network = AdversarialSharedPrivate().build(TRUNKS[0], spec, [3])
    assert network.discriminator is None


@pytest.mark.parametrize(
    ("trunk", "linear"),
    [(TRUNKS[0], False), (TRUNKS[1], True), (TRUNKS[2], False)],
    ids=str,
)
def test_auto_is_linear_for_bags(trunk, linear):
    assert make(trunk).linear == linear


def test_trunks_over_tokens_read_the_same_embeddings():
    network = make(TRUNKS[2])
    own = {trunk.embedding for trunk in network.private.trunks}
    assert own == {network.trunk.embedding}
    names = [name for name, _ in network.named_parameters() if "embedding" in name]
    assert names == ["trunk.embedding.weight"]
    encoders = {id(trunk.encoder) for trunk in network.private.trunks}
    assert len(encoders) == 3


def test_another_network_has_logits_alone():
    spec = InputSpec(9, sparse=False, scale=1.0, n_rows=500)
    network = HardSharing().build(TRUNKS[0], spec, N_LOGITS).double()
    output = network(ROWS, cells())
    assert output.penalties == {}
    torch.testing.assert_close(output.logits, network(ROWS).logits)


# The classifier ---------------------------------------------------------------------


def test_weights_of_0_are_the_same_network_without_adversary():
    nothing = AdversarialSharedPrivate(adversarial_weight=0, orthogonality_weight=0)
    ours, plain = fit(sharing=nothing), fit(sharing=SharedPrivate())
    for one, other in zip(
        ours.predict_proba(TEXTS), plain.predict_proba(TEXTS), strict=True
    ):
        assert_array_equal(one, other)
    assert ours.history_ == plain.history_
    moved = fit(sharing=AdversarialSharedPrivate()).predict_proba(TEXTS)[0]
    assert np.abs(moved - plain.predict_proba(TEXTS)[0]).max() > 1e-6


@all_kinds
def test_history_adds_up(private):
    clf = fit(private=private, alpha=1e-4, early_stopping=True, batch_size=32)
    for row, epoch in zip(clf.history_, clf.net_.history, strict=True):
        parts = [row[f"weighted_loss_{task}"] for task in clf.task_names_]
        penalties = row["penalty_adversarial"] + row["penalty_orthogonality"]
        assert min(row["penalty_adversarial"], row["penalty_orthogonality"]) > 0
        assert row["loss"] == pytest.approx(sum(parts) + row["regularization"])
        assert epoch["train_loss"] == pytest.approx(sum(parts) + penalties, rel=1e-5)
        assert row["regularization"] > penalties  # and the L2 penalty
        losses = [epoch[f"task_valid_loss_{task}"] for task in clf.task_names_]
        weighted = np.dot(losses, list(clf.loss_weights_.values()))
        assert epoch["valid_loss"] == pytest.approx(weighted, rel=1e-5)


@all_kinds
def test_where_all_is_labelled_there_is_nothing_to_tell_apart(private):
    y = np.where(np.isnan(Y), 0, Y)
    clf = fit(y=y, private=private, alpha=0.0)
    assert clf.history_[-1]["penalty_adversarial"] == 0
    assert clf.history_[-1]["penalty_orthogonality"] > 0
    first = fit(y=y, private=private, alpha=0.0, max_iter=1)
    assert torch.equal(
        clf.net_.module_.discriminator.weight,
        first.net_.module_.discriminator.weight,
    )


@all_kinds
def test_a_row_of_weight_two_is_a_row_twice(private):
    X = np.random.RandomState(0).normal(size=(60, 4))
    y, weight = Y[:60], np.ones(60)
    weight[::7] = 2
    twice = np.repeat(np.arange(60), weight.astype(int))
    common = {"trunk": DenseTrunk(8), "max_iter": 30, "loss_weights": None}
    sharing = AdversarialSharedPrivate(
        private=private, adversarial_weight=0.5, orthogonality_weight=0.5
    )
    clf = MultiTaskTextClassifier(random_state=0, sharing=sharing, **common)
    heavy = clone(clf).fit(X, y, sample_weight=weight).predict_proba(X)
    double = clone(clf).fit(X[twice], y[twice]).predict_proba(X)
    for one, other in zip(heavy, double, strict=True):
        assert_allclose(one, other, atol=1e-7)


@all_kinds
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_rows_of_64_bits_stay_so(private, kind):
    rows = kind(np.random.RandomState(0).rand(260, 4))
    clf = fit(rows, private=private, trunk="auto")
    assert {p.dtype for p in clf.predict_proba(rows)} == {np.dtype(float)}
    assert clf.net_.row_dtype == "float64"


@all_kinds
def test_it_learns(private):
    clf = fit(TEXTS[:200], Y[:200], private=private, max_iter=40)
    assert clf.score(TEXTS[:200], Y[:200]) > 0.9


@pytest.mark.parametrize("trunk", [BagTrunk(8), ConvTrunk(n_filters=4, n_units=8)])
def test_it_is_the_same_each_time_and_out_of_a_pickle(trunk):
    own = {"trunk": trunk, "max_iter": 1, "task_types": {"task1": "ordinal"}}
    y = {f"task{k}": Y[:, k] for k in range(3)}
    clf, again = (fit(TEXTS, y, **own) for _ in range(2))
    copied = pickle.loads(pickle.dumps(clf))
    for other in (again, copied):
        assert_same(clf, other)
    assert clf.transform(TEXTS).shape == (260, 8)
    assert_allclose(clf.transform(TEXTS), copied.transform(TEXTS))


def assert_same(clf, other, atol=0.0):
    pairs = zip(clf.predict_proba(TEXTS), other.predict_proba(TEXTS), strict=True)
    for one, another in pairs:
        assert_allclose(one, another, rtol=0, atol=atol)


@all_kinds
def test_a_warm_start_goes_on(private):
    clf = fit(private=private, warm_start=True)
    before = clf.predict_proba(TEXTS)[0]
    clf.set_params(max_iter=1, learning_rate_init=1e-9).fit(TEXTS, Y)
    assert_allclose(clf.predict_proba(TEXTS)[0], before, atol=1e-5)
    assert clf.n_iter_ == 3
    clf.set_params(sharing__adversarial_weight=0)
    with pytest.raises(ValueError, match="trunk and sharing must be what they were"):
        clf.fit(TEXTS, Y)


@all_kinds
def test_a_search_of_loss_weights_finds_what_fits_find(private):
    weights = [[1, 1, 1], [1, 5, 2]]
    trunk = BagTrunk(8, dropout=0.5)
    clf = fit(private=private, trunk=trunk, batch_size=64)
    for own, each in zip(weights, clf._fit_each(TEXTS, Y, weights), strict=True):
        alone = clone(clf).set_params(loss_weights=own).fit(TEXTS, Y)
        assert_same(alone, each, atol=1e-6)


@all_kinds
def test_words_of_each_path(private):
    clf = fit(TEXTS[:200], Y[:200], private=private, max_iter=40)
    words = {
        through: top_words(clf, TEXTS[:200], through=through).words["task0"]
        for through in ("both", "private", "trunk")
    }
    assert all(words[through][0.0] for through in words)
    assert words["private"] != words["trunk"]


def test_heads_of_tasks_of_the_same_classes_may_be_one():
    sharing = AdversarialSharedPrivate(share_heads=True)
    clf = fit(sharing=sharing)
    assert clf.net_.module_.head.weight.shape == (4, 8)
    first, _, last = clf.predict_proba(TEXTS)
    assert np.abs(first - last).max() > 1e-3
