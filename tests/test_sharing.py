"""Trunks and sharings: the laws that every network of the package obeys."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, random_array
from sklearn.base import clone

from sklearn_mtl import sharing as sharings
from sklearn_mtl.data._rows import FEW, SMALL
from sklearn_mtl.network._batch import Cells, SparseBatch, TokenBatch
from sklearn_mtl.network._input import SparseLinear
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    HardSharing,
    MixtureOfExperts,
    ProgressiveLayers,
    Separate,
    SharedPrivate,
    has_representation,
    resolve_sharing,
    shares_trunk,
)
from sklearn_mtl.sharing._base import read_table
from sklearn_mtl.training._dataset import RowDataset
from sklearn_mtl.trunks import (
    AttentionTrunk,
    BagTrunk,
    BaseTrunk,
    ConvTrunk,
    DenseTrunk,
    RecurrentTrunk,
    resolve_trunk,
)
from sklearn_mtl.utils._compat import InvalidParameterError

N_LOGITS = [1, 3, 1]
HEADS = [0, 1, 0]  # the first task and the last have the same classes
SHARINGS = [
    HardSharing(),
    HardSharing(share_heads=True),
    SharedPrivate(),
    SharedPrivate(share_heads=True),
    Separate(),
    MixtureOfExperts(n_experts=3),
    MixtureOfExperts(n_experts=2, private=True, share_heads=True),
    ProgressiveLayers(),
    ProgressiveLayers(n_shared=2, n_own=2, n_levels=3),
    ProgressiveLayers(n_levels=2, private=True, share_heads=True),
    AdversarialSharedPrivate(private="trunk"),
    AdversarialSharedPrivate(private="linear", share_heads=True),
]
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
    network = sharing.build(trunk, spec, N_LOGITS, HEADS).double()
    with torch.no_grad():  # private paths start at 0, and 0 would hide mistakes
        for parameter in network.parameters():
            parameter.add_(torch.rand_like(parameter) - 0.4)
    return network


def state_of(module):
    """Return the weights by name, each sparse layer's own wherever they are."""
    state = module.state_dict()
    for path, layer in module.named_modules():
        if isinstance(layer, SparseLinear):
            state[f"{path}.weight"] = layer.by_feature().clone()
    return state


def take(module, state):
    """Give a module the weights of another, as far as their names agree."""
    module.load_state_dict(
        {
            name: value
            for name, value in state.items()
            if name in module.state_dict() and name != "table.weight"
        },
        strict=False,
    )
    for path, layer in module.named_modules():
        if isinstance(layer, SparseLinear) and f"{path}.weight" in state:
            layer.by_feature().copy_(state[f"{path}.weight"])


def rows_for(trunk, n_rows=8, seed=0):
    matrix = random_array(
        (n_rows, 9), density=0.5, random_state=np.random.default_rng(seed), format="csr"
    )
    if trunk.reads_tokens:
        ids = torch.from_numpy(matrix.indices % 8 + 1)
        return TokenBatch(ids, torch.from_numpy(matrix.indptr), torch.float64)
    if trunk.reads_sparse:
        return RowDataset(csr_array(matrix)).batch(0, n_rows)[0]
    return torch.from_numpy(matrix.toarray())


all_sharings = pytest.mark.parametrize("sharing", SHARINGS, ids=str)
all_trunks = pytest.mark.parametrize("trunk", TRUNKS, ids=str)


@all_sharings
@all_trunks
def test_one_tensor_of_logits_a_task(sharing, trunk):
    logits = make(sharing, trunk)(rows_for(trunk)).logits
    assert isinstance(logits, tuple)
    assert [tuple(part.shape) for part in logits] == [(8, n) for n in N_LOGITS]
    assert {part.dtype for part in logits} == {torch.float64}


@all_sharings
@all_trunks
def test_there_is_a_hidden_vector_where_the_sharing_says_so(sharing, trunk):
    network, rows = make(sharing, trunk).eval(), rows_for(trunk)
    output = network(rows)
    assert output.penalties == {}
    if sharing.has_representation:
        assert output.hidden.shape == (8, 6)
    else:
        assert output.hidden is None
    cells = Cells(torch.zeros(8, 3).long(), torch.ones(8, 3).double())
    learnt = network(rows, cells)
    torch.testing.assert_close(learnt.hidden, output.hidden)
    named = {"adversarial", "orthogonality"}
    is_adversarial = isinstance(sharing, AdversarialSharedPrivate)
    assert learnt.penalties.keys() == (named if is_adversarial else set())


@all_sharings
@all_trunks
def test_gradient_reaches_every_parameter(sharing, trunk):
    network = make(sharing, trunk).eval()
    codes = torch.arange(8).unsqueeze(1) % 3 - torch.arange(3)  # two tasks a row
    cells = Cells(codes, torch.ones(8, 3).double())
    logits, _, penalties, _ = network(rows_for(trunk), cells)
    parts = [part.square().sum() for part in logits]
    sum([*parts, *penalties.values()]).backward()
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        gradient = gradient.to_dense() if gradient.is_sparse else gradient
        assert gradient.abs().sum() > 0, name


@all_sharings
@all_trunks
def test_a_row_has_the_same_logits_in_any_batch(sharing, trunk):
    network = make(sharing, trunk).eval()
    rows = rows_for(trunk)
    whole = torch.cat(network(rows).logits, dim=1)
    if trunk.reads_sparse:
        part = slice(rows.offsets[3], rows.offsets[4])
        indices, offsets = rows.indices[part], rows.offsets[3:5] - rows.offsets[3]
        if trunk.reads_tokens:
            one = TokenBatch(indices, offsets, torch.float64)
        else:
            one = SparseBatch(indices, offsets, rows.values[part])
    else:
        one = rows[3:4]
    torch.testing.assert_close(torch.cat(network(one).logits, dim=1)[0], whole[3])


@all_sharings
@all_trunks
def test_same_seed_same_network(sharing, trunk):
    first, second = make(sharing, trunk), make(sharing, trunk)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def moved_by(network, rows, task):
    """Name the parameters that the logits of a task give a gradient."""
    network.zero_grad()
    network(rows).logits[task].sum().backward()
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
    take(hard, state_of(private))
    rows = rows_for(trunk)
    path = private.private(rows).split(N_LOGITS, dim=1)
    logits = hard(rows).logits, path, private(rows).logits
    for z_hard, z_path, z_both in zip(*logits, strict=True):
        torch.testing.assert_close(z_hard + z_path, z_both)


@all_sharings
def test_without_trunk_there_is_a_linear_path_alone(sharing):
    spec = InputSpec(n_features=9, sparse=True, scale=1.0, n_rows=500)
    network = sharing.build(None, spec, N_LOGITS)
    rows = RowDataset(csr_array((2, 9), dtype=np.float32)).batch(0, 2)[0]
    assert torch.cat(network(rows).logits, dim=1).abs().sum() == 0  # all start at 0


@pytest.mark.parametrize(
    "sharing", [HardSharing(), SharedPrivate(), AdversarialSharedPrivate()]
)
def test_the_hidden_vector_is_that_of_the_trunk(sharing):
    trunk = BagTrunk(n_units=6)
    network = make(sharing, trunk).eval()
    hidden = network(rows_for(trunk)).hidden
    assert hidden.shape == (8, 6)
    assert hidden.min() >= 0
    read = read_table(network, rows_for(trunk))
    assert torch.equal(hidden, network.trunk(read))


@pytest.mark.parametrize(
    ("trunk", "n_rows", "p"),
    [
        (BagTrunk(), FEW, 0.0),
        (BagTrunk(), FEW + 1, 0.3),
        (DenseTrunk(), SMALL, 0.0),
        (DenseTrunk(), SMALL + 1, 0.3),
    ],
)
def test_auto_dropout_spares_full_batches(trunk, n_rows, p):
    network = make(HardSharing(), trunk, n_rows=n_rows)
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
    [
        ("hard", HardSharing),
        ("shared-private", SharedPrivate),
        ("separate", Separate),
        ("mmoe", MixtureOfExperts),
        ("ple", ProgressiveLayers),
        ("adversarial", AdversarialSharedPrivate),
    ],
)
def test_sharing_aliases(alias, kind):
    assert type(resolve_sharing(alias, n_features=1, n_logits=1)) is kind
    trunk = BagTrunk()
    for each in (alias, kind()):
        assert shares_trunk(each, trunk) is kind.is_shared
        assert has_representation(each, trunk) is kind.has_representation
        assert not shares_trunk(each, None)
        assert not has_representation(each, None)


def test_kinds_of_sharing_agree_where_auto_may_be_either():
    for sharing in ("auto", HardSharing(), SharedPrivate()):
        assert shares_trunk(sharing, "auto")
        assert has_representation(sharing, "auto")


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
    assert make(HardSharing(), trunk)(rows_for(trunk)).logits[1].shape == (8, 3)


@pytest.mark.parametrize(("sparse", "kind"), [(True, BagTrunk), (False, DenseTrunk)])
def test_auto_trunk_reads_the_rows(sparse, kind):
    assert type(resolve_trunk("auto", sparse=sparse)) is kind


def test_bag_trunk_reads_dense_rows_too():
    assert type(resolve_trunk("bag", sparse=False)) is BagTrunk


def test_dense_trunk_refuses_sparse_rows():
    with pytest.raises(ValueError, match=r"DenseTrunk reads dense rows.*trunk='bag'"):
        resolve_trunk("dense", sparse=True)


@pytest.mark.parametrize("settings", [*SHARINGS, *TRUNKS], ids=str)
def test_settings_can_be_cloned(settings):
    assert clone(settings).get_params() == settings.get_params()


# Experts and shared heads -----------------------------------------------------------

N_TASKS = len(N_LOGITS)

PLAIN = [kind(n_units=6, dropout=0.0) for kind in (BagTrunk, DenseTrunk)]
MIXING = [
    MixtureOfExperts(n_experts=3),
    ProgressiveLayers(),
    ProgressiveLayers(n_shared=2, n_own=3),
    ProgressiveLayers(n_shared=2, n_own=1, n_levels=3),
]
plain_trunks = pytest.mark.parametrize("trunk", PLAIN, ids=str)
all_mixing = pytest.mark.parametrize("sharing", MIXING, ids=str)


@all_mixing
@plain_trunks
def test_gates_are_weights_of_what_a_task_reads(sharing, trunk):
    network, rows = make(sharing, trunk), rows_for(trunk)
    n_experts = len(sharing.expert_names(["a", "b", "c"]))
    for level in range(len(network.levels)):
        gates = network.gate_weights(rows, level)
        assert gates.shape == (8, N_TASKS, n_experts)
        assert gates.min() >= 0
        torch.testing.assert_close(gates.sum(2), torch.ones(8, N_TASKS).double())
        assert gates.std(dim=0).max() > 1e-3  # they look at the row
    torch.testing.assert_close(network.gate_weights(rows), gates)


@all_mixing
@plain_trunks
def test_gates_start_even(sharing, trunk):
    spec = InputSpec(n_features=9, sparse=trunk.reads_sparse, scale=0.7, n_rows=500)
    network = sharing.build(trunk, spec, N_LOGITS).double()
    for level in range(len(network.levels)):
        for gates in network.gate_weights(rows_for(trunk), level).unbind(dim=1):
            read = gates[gates > 0]
            assert_allclose(read.detach(), len(gates) / len(read))


@pytest.mark.parametrize("n_levels", [1, 2])
def test_a_task_reads_its_own_experts_and_the_shared_ones(n_levels):
    sharing = ProgressiveLayers(n_shared=1, n_own=2, n_levels=n_levels)
    names = ["a 0", "a 1", "b 0", "b 1", "c 0", "c 1", "shared"]
    assert sharing.expert_names(["a", "b", "c"]) == names
    network = make(sharing, PLAIN[0])
    for level in range(n_levels):
        gates = network.gate_weights(rows_for(PLAIN[0]), level)
        for task, name in enumerate("abc"):
            read = [n for n, g in zip(names, gates[0, task], strict=True) if g > 0]
            assert read == [f"{name} 0", f"{name} 1", "shared"]


def test_names_of_experts():
    assert MixtureOfExperts(2).expert_names(["a"]) == ["expert 0", "expert 1"]
    names = ProgressiveLayers(n_shared=2).expert_names(["a", "b"])
    assert names == ["a", "b", "shared 0", "shared 1"]


@all_mixing
@plain_trunks
def test_logits_are_those_of_the_formula(sharing, trunk):
    """Task by task and expert by expert, as the papers write it."""
    network, rows = make(sharing, trunk).eval(), rows_for(trunk)
    inputs = [rows] * (N_TASKS + 1)  # of each task, and of the shared part
    names = sharing.expert_names([0, 1, 2])
    for number, level in enumerate(network.levels):
        gates = level.gate_weights(inputs[0] if number == 0 else torch.stack(inputs, 1))
        mixtures = []
        for reader in range(gates.shape[1]):
            parts = []
            for k, name in enumerate(names):
                whose = int(str(name)[0]) if str(name)[0].isdigit() else N_TASKS
                if whose not in (reader, N_TASKS) and reader != N_TASKS:
                    assert not gates[:, reader, k].any()
                    continue
                said = level.experts[k](inputs[whose])
                said = said if number == 0 else said.clamp_min(0)
                parts.append(gates[:, reader, k, None] * said)
            mixtures.append(len(parts) ** 0.5 * sum(parts))
        inputs = mixtures
    for task, logits in enumerate(network(rows).logits):
        torch.testing.assert_close(logits, network.heads[task](inputs[task]))


@plain_trunks
def test_a_single_expert_is_hard_sharing(trunk):
    hard, one = make(HardSharing(), trunk), make(MixtureOfExperts(1), trunk)
    take(one.levels[0].experts[0], state_of(hard.trunk))
    weights = hard.head.weight.split(N_LOGITS), hard.head.bias.split(N_LOGITS)
    with torch.no_grad():
        for head, weight, bias in zip(one.heads, *weights, strict=True):
            head.weight.copy_(weight)
            head.bias.copy_(bias)
    rows = rows_for(trunk)
    for ours, theirs in zip(one(rows).logits, hard(rows).logits, strict=True):
        torch.testing.assert_close(ours, theirs)


@plain_trunks
def test_a_private_path_is_added(trunk):
    without = make(MixtureOfExperts(2), trunk)
    network = make(MixtureOfExperts(2, private=True), trunk)
    take(network, state_of(without))
    rows = rows_for(trunk)
    path = network.private(rows).split(N_LOGITS, dim=1)
    logits = network(rows).logits, without(rows).logits, path
    for whole, rest, own in zip(*logits, strict=True):
        torch.testing.assert_close(whole, rest + own)


def experts_moved(network, rows, task, level):
    """Number the experts of a level that the logits of a task give a gradient."""
    own, kept = network.levels[level], []
    plain = own.outputs

    def outputs(inputs):
        kept.append(plain(inputs))
        kept[-1].retain_grad()
        return kept[-1]

    own.outputs = outputs
    network(rows).logits[task].sum().backward()
    own.outputs = plain
    return set(kept[0].grad.abs().sum(dim=(0, 2)).nonzero().flatten().tolist())


@pytest.mark.parametrize("n_levels", [1, 3])
@plain_trunks
def test_no_task_moves_the_last_experts_of_another(trunk, n_levels):
    sharing = ProgressiveLayers(n_shared=2, n_own=2, n_levels=n_levels)
    network, rows = make(sharing, trunk), rows_for(trunk)
    for task in range(N_TASKS):
        moved = experts_moved(network, rows, task, n_levels - 1)
        assert moved == {2 * task, 2 * task + 1, 6, 7}
        if n_levels > 1:  # by way of the shared mixture, below the last level
            assert experts_moved(network, rows, task, 0) == set(range(8))


@plain_trunks
def test_all_tasks_move_all_experts_of_a_mixture(trunk):
    network, rows = make(MixtureOfExperts(3), trunk), rows_for(trunk)
    for task in range(N_TASKS):
        assert experts_moved(network, rows, task, 0) == {0, 1, 2}


@pytest.mark.parametrize(
    "sharing",
    [
        MixtureOfExperts(0),
        MixtureOfExperts(2.5),
        ProgressiveLayers(n_shared=0),
        ProgressiveLayers(n_own=0),
        ProgressiveLayers(n_levels=0),
        HardSharing(share_heads="all"),
        AdversarialSharedPrivate(adversarial_weight=-0.1),
        AdversarialSharedPrivate(orthogonality_weight="auto"),
        AdversarialSharedPrivate(private=True),
        SharedPrivate(share_heads=None),
    ],
    ids=str,
)
def test_parameters_of_sharings_are_checked(sharing):
    with pytest.raises(InvalidParameterError, match="must be"):
        make(sharing, PLAIN[0])


@plain_trunks
def test_tasks_with_one_head_and_one_mixture_have_the_same_logits(trunk):
    network, rows = make(HardSharing(share_heads=True), trunk), rows_for(trunk)
    first, other, last = network(rows).logits
    assert torch.equal(first, last)
    assert network.head.weight.shape == (4, 6)
    hidden = network(rows).hidden
    torch.testing.assert_close(torch.cat([first, other], 1), network.head(hidden))


@pytest.mark.parametrize(
    "sharing",
    [
        SharedPrivate(share_heads=True),
        MixtureOfExperts(2, share_heads=True),
        ProgressiveLayers(share_heads=True),
    ],
    ids=str,
)
def test_tasks_with_one_head_keep_what_is_their_own(sharing):
    network, rows = make(sharing, PLAIN[0]), rows_for(PLAIN[0])
    first, _, last = network(rows).logits
    assert not torch.allclose(first, last)
    head = "head.weight" if isinstance(sharing, SharedPrivate) else "heads.0.weight"
    assert all(head in moved_by(network, rows, task) for task in (0, 2))
    separate = make(clone(sharing).set_params(share_heads=False), PLAIN[0])
    sizes = [sum(p.numel() for p in n.parameters()) for n in (network, separate)]
    assert sizes[1] - sizes[0] == 6 + 1


def test_heads_may_come_in_any_order():
    spec = InputSpec(n_features=9, sparse=False, scale=1.0, n_rows=500)
    network = HardSharing(share_heads=True).build(PLAIN[1], spec, N_LOGITS, [1, 0, 1])
    first, other, last = network(torch.rand(2, 9)).logits
    assert other.shape == (2, 3)
    assert torch.equal(first, last)


# Numbers written out ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_logits", "kind"), [(2**27, SharedPrivate), (2**27 + 1, HardSharing)]
)
def test_private_paths_may_take_a_gigabyte(n_logits, kind):
    found = resolve_sharing("auto", n_features=2, n_logits=n_logits)
    assert type(found) is kind


SPARSE = InputSpec(n_features=10, sparse=True, scale=1.0, n_rows=500)
SHAPES = [
    (HardSharing(), {"trunk.0.weight": (10, 4), "trunk.0.bias": (4,)}, 0),
    (SharedPrivate(), {"table.weight": (10, 16), "private.bias": (4,)}, 0),
    (Separate(), {"networks.1.head.weight": (3, 4)}, 2),
    (MixtureOfExperts(), {"levels.0.gate.bias": (8,), "heads.1.weight": (3, 4)}, 0),
    (
        MixtureOfExperts(3, private=True),
        {"levels.0.gate.bias": (6,), "private.bias": (4,)},
        0,
    ),
    (ProgressiveLayers(), {"levels.0.gate.bias": (4,)}, 0),
    (ProgressiveLayers(2, 3, 1), {"levels.0.gate.bias": (10,)}, 0),
    (
        ProgressiveLayers(2, 1, 2),
        {
            "levels.0.gate.bias": (10,),
            "levels.1.gates.0.weight": (3, 4),
            "levels.1.experts.3.weight": (4, 4),
        },
        0,
    ),
]


@pytest.mark.parametrize(("sharing", "shapes", "n_networks"), SHAPES, ids=str)
def test_shapes_of_networks(sharing, shapes, n_networks):
    network = sharing.build(BagTrunk(n_units=4), SPARSE, [1, 3])
    found = {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert shapes.items() <= found.items()
    assert len(getattr(network, "networks", ())) == n_networks
    heads = [p for n, p in network.named_parameters() if "head" in n and "bias" in n]
    assert heads
    assert not any(bias.any() for bias in heads)


@pytest.mark.parametrize(
    "cls", [HardSharing, SharedPrivate, MixtureOfExperts, ProgressiveLayers]
)
@pytest.mark.parametrize(
    ("params", "n_heads"),
    [({}, 2), ({"share_heads": False}, 2), ({"share_heads": True}, 1)],
    ids=str,
)
def test_heads_are_shared_by_those_who_ask(cls, params, n_heads):
    network = cls(**params).build(BagTrunk(n_units=4), SPARSE, [3, 3], heads=[0, 0])
    weights = [
        p
        for name, p in network.named_parameters()
        if "head" in name and name.endswith("weight")
    ]
    assert sum(len(p) for p in weights) == 3 * n_heads


def test_experts_of_a_level_above_start_as_large_as_what_they_read():
    sharing = ProgressiveLayers(n_levels=2)
    torch.manual_seed(0)
    network = sharing.build(BagTrunk(n_units=100), SPARSE, [1, 3])
    for expert in network.levels[1].experts:
        # Uniform, with a variance of 2 over the number of inputs.
        assert expert.weight.abs().max().item() == pytest.approx(0.06**0.5, rel=0.01)
        assert not expert.bias.any()
    for gate in network.levels[1].gates:
        assert not gate.weight.any()
        assert not gate.bias.any()


@pytest.mark.parametrize("trunk", [BagTrunk(n_units=50), DenseTrunk(n_units=50)])
def test_weights_of_trunks_start_in_their_range(trunk):
    torch.manual_seed(0)
    spec = InputSpec(200, sparse=trunk.reads_sparse, scale=1.0, n_rows=FEW + 1)
    network = trunk.build(spec)
    most = {BagTrunk: 0.03, DenseTrunk: 1.0}[type(trunk)]
    assert 0.99 * most < network[0].weight.abs().max() <= most
    assert network[2].p == 0.3
    assert not network[0].bias.any()
