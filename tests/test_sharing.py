"""Trunks and sharings: the laws that every network of the house obeys."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_mtl import sharing as sharings
from sklearn_mtl._batches import RowDataset, SparseBatch, TokenBatch
from sklearn_mtl._layers import InputSpec
from sklearn_mtl.sharing import HardSharing, Separate, SharedPrivate, resolve_sharing
from sklearn_mtl.trunks import (
    AttentionTrunk,
    BagTrunk,
    BaseTrunk,
    ConvTrunk,
    DenseTrunk,
    RecurrentTrunk,
    resolve_trunk,
)

N_LOGITS = [1, 3, 1]
SHARINGS = [HardSharing(), SharedPrivate(), Separate()]
TRUNKS = [
    BagTrunk(n_units=6),
    DenseTrunk(n_units=6),
    ConvTrunk(n_filters=4, n_units=6),
    RecurrentTrunk(n_units=6),
    AttentionTrunk(n_units=6, n_heads=2),
]


def make(sharing, trunk, n_rows=500, seed=0):
    spec = InputSpec(
        n_features=9,
        sparse=trunk.reads_sparse,
        scale=0.7,
        n_rows=n_rows,
        tokens=trunk.reads_tokens,
    )
    torch.manual_seed(seed)
    network = sharing.build(trunk, spec, N_LOGITS).double()
    with torch.no_grad():  # private paths start at 0, and 0 would hide mistakes
        for parameter in network.parameters():
            parameter.add_(torch.rand_like(parameter) - 0.4)
    return network


def rows_for(trunk, n_rows=8, seed=0):
    matrix = random_array(
        (n_rows, 9), density=0.5, rng=np.random.default_rng(seed), format="csr"
    )
    if trunk.reads_tokens:
        ids = torch.from_numpy(matrix.indices % 8 + 1)
        return TokenBatch(ids, torch.from_numpy(matrix.indptr), torch.float64)
    if trunk.reads_sparse:
        return RowDataset(csr_array(matrix)).batch(0, n_rows)[0]
    return torch.from_numpy(matrix.toarray())


both = pytest.mark.parametrize("sharing", SHARINGS, ids=lambda s: type(s).__name__)
all_trunks = pytest.mark.parametrize("trunk", TRUNKS, ids=lambda t: type(t).__name__)


@both
@all_trunks
def test_one_tensor_of_logits_a_task(sharing, trunk):
    logits = make(sharing, trunk)(rows_for(trunk))
    assert isinstance(logits, tuple)
    assert [tuple(part.shape) for part in logits] == [(8, n) for n in N_LOGITS]
    assert {part.dtype for part in logits} == {torch.float64}


@both
@all_trunks
def test_gradient_reaches_every_parameter(sharing, trunk):
    network = make(sharing, trunk).eval()
    sum(part.square().sum() for part in network(rows_for(trunk))).backward()
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        gradient = gradient.to_dense() if gradient.is_sparse else gradient
        assert gradient.abs().sum() > 0, name


@both
@all_trunks
def test_a_row_has_the_same_logits_in_any_batch(sharing, trunk):
    network = make(sharing, trunk).eval()
    rows = rows_for(trunk)
    whole = torch.cat(network(rows), dim=1)
    if trunk.reads_sparse:
        part = slice(rows.offsets[3], rows.offsets[4])
        indices, offsets = rows.indices[part], rows.offsets[3:5] - rows.offsets[3]
        if trunk.reads_tokens:
            one = TokenBatch(indices, offsets, torch.float64)
        else:
            one = SparseBatch(indices, offsets, rows.values[part])
    else:
        one = rows[3:4]
    torch.testing.assert_close(torch.cat(network(one), dim=1)[0], whole[3])


@both
@all_trunks
def test_same_seed_same_network(sharing, trunk):
    first, second = make(sharing, trunk), make(sharing, trunk)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def moved_by(network, rows, task):
    """Name the parameters that the logits of a task give a gradient."""
    network.zero_grad()
    network(rows)[task].sum().backward()
    gradients = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
    return {
        n for n, g in gradients.items() if (g.to_dense() if g.is_sparse else g).any()
    }


def moved_by_both_tasks(sharing):
    trunk = BagTrunk(n_units=6, dropout=0.0)
    network, rows = make(sharing, trunk), rows_for(trunk)
    own, other = (moved_by(network, rows, task) for task in (0, 1))
    assert own
    assert other
    return own & other


def test_separate_tasks_have_no_parameter_in_common():
    assert moved_by_both_tasks(Separate()) == set()


@pytest.mark.parametrize(
    ("sharing", "weight"),
    [(HardSharing(), "trunk.0.weight"), (SharedPrivate(), "table.weight")],
)
def test_shared_tasks_have_the_trunk_in_common(sharing, weight):
    assert {weight, "trunk.0.bias"} <= moved_by_both_tasks(sharing)


def test_hard_sharing_is_shared_private_without_the_private_path():
    trunk = BagTrunk(n_units=6)
    private, hard = (
        make(SharedPrivate(), trunk).eval(),
        make(HardSharing(), trunk).eval(),
    )
    hard.load_state_dict(private.state_dict(), strict=False)
    with torch.no_grad():
        hard.trunk[0].weight.copy_(private.trunk[0].by_feature())
    rows = rows_for(trunk)
    path = private.private(rows).split(N_LOGITS, dim=1)
    for z_hard, z_path, z_both in zip(hard(rows), path, private(rows), strict=True):
        torch.testing.assert_close(z_hard + z_path, z_both)


@both
def test_without_trunk_there_is_a_linear_path_alone(sharing):
    spec = InputSpec(n_features=9, sparse=True, scale=1.0, n_rows=500)
    network = sharing.build(None, spec, N_LOGITS)
    rows = RowDataset(csr_array((2, 9), dtype=np.float32)).batch(0, 2)[0]
    assert torch.cat(network(rows), dim=1).abs().sum() == 0  # all start at 0


@pytest.mark.parametrize("sharing", [HardSharing(), SharedPrivate()])
def test_represent_is_the_hidden_vector(sharing):
    trunk = BagTrunk(n_units=6)
    network = make(sharing, trunk).eval()
    hidden = network.represent(rows_for(trunk))
    assert hidden.shape == (8, 6)
    assert hidden.min() >= 0


@pytest.mark.parametrize(("n_rows", "p"), [(200, 0.0), (201, 0.3)])
def test_auto_dropout_spares_small_data(n_rows, p):
    network = make(HardSharing(), BagTrunk(), n_rows=n_rows)
    assert network.trunk[2].p == p


def test_dropout_given_is_taken():
    assert make(HardSharing(), DenseTrunk(dropout=0.25)).trunk[2].p == 0.25


@pytest.mark.parametrize(
    "trunk", [BagTrunk(n_units=0), BagTrunk(dropout=1.0), DenseTrunk(dropout="some")]
)
def test_trunk_parameters_are_checked(trunk):
    with pytest.raises(InvalidParameterError, match="must be"):
        make(HardSharing(), trunk)


def test_auto_sharing_keeps_to_the_budget(monkeypatch):
    monkeypatch.setattr(sharings, "PRIVATE_BUDGET", 400)
    assert type(resolve_sharing("auto", n_features=10, n_logits=10)) is SharedPrivate
    assert type(resolve_sharing("auto", n_features=10, n_logits=11)) is HardSharing
    wide = resolve_sharing("auto", n_features=10, n_logits=10, itemsize=8)
    assert type(wide) is HardSharing


@pytest.mark.parametrize(
    ("alias", "kind"),
    [("hard", HardSharing), ("shared-private", SharedPrivate), ("separate", Separate)],
)
def test_sharing_aliases(alias, kind):
    assert type(resolve_sharing(alias, n_features=1, n_logits=1)) is kind


def test_objects_are_cloned():
    sharing, trunk = HardSharing(), BagTrunk(n_units=3)
    own = resolve_sharing(sharing, n_features=1, n_logits=1)
    assert own is not sharing
    assert type(own) is HardSharing
    own = resolve_trunk(trunk, sparse=True)
    assert own is not trunk
    assert own.n_units == 3


class Identity(BaseTrunk):
    """A trunk of a user: rows as they are."""

    n_units = 9

    def build(self, spec):
        return torch.nn.Identity()


def test_a_trunk_of_the_users_own_needs_no_more_than_build():
    trunk = resolve_trunk(Identity(), sparse=False)
    trunk._validate_params()
    assert make(HardSharing(), trunk)(rows_for(trunk))[1].shape == (8, 3)


@pytest.mark.parametrize(("sparse", "kind"), [(True, BagTrunk), (False, DenseTrunk)])
def test_auto_trunk_reads_the_rows(sparse, kind):
    assert type(resolve_trunk("auto", sparse=sparse)) is kind


def test_bag_trunk_reads_dense_rows_too():
    assert type(resolve_trunk("bag", sparse=False)) is BagTrunk


def test_dense_trunk_refuses_sparse_rows():
    with pytest.raises(ValueError, match=r"DenseTrunk reads dense rows.*trunk='bag'"):
        resolve_trunk("dense", sparse=True)


@pytest.mark.parametrize(
    "settings", [*SHARINGS, *TRUNKS], ids=lambda s: type(s).__name__
)
def test_settings_can_be_cloned(settings):
    assert clone(settings).get_params() == settings.get_params()
