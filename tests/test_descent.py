"""Steps on input weights without a gradient in memory: the same steps, to rounding."""

import pickle
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.network import _descent
from sklearn_mtl.network._batch import SparseBatch, weighted_sums
from sklearn_mtl.network._descent import KERNELS, compiled_loops, find_loops
from sklearn_mtl.network._input import TablesApart, sparse_product
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    MixtureOfExperts,
    SharedPrivate,
)
from sklearn_mtl.training._optimizers import SparseSGD, without_gradients
from sklearn_mtl.training._runtime import threads
from sklearn_mtl.trunks import BagTrunk, ConvTrunk

numba = pytest.importorskip("numba")
N_FEATURES = 20
LOOPS = ["numba", "scipy"]


def batch_of(n_rows, density, seed, dtype):
    rng = np.random.default_rng(seed)
    rows = random_array(
        (n_rows, N_FEATURES), density=density, random_state=rng, format="csr"
    )
    rows = csr_array(rows).astype(dtype)
    # scipy 1.14 makes random rows with long indices, vectorizers do not.
    places = (part.astype(np.int32) for part in (rows.indices, rows.indptr))
    return SparseBatch.from_arrays(*places, rows.data)


def weight_of(n_columns, dtype, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(N_FEATURES, n_columns)).astype(dtype)
    return torch.nn.Parameter(torch.from_numpy(values))


def descend(kernel, batches, n_columns, dtype, alpha=0.0, n_steps=2):
    """Return a weight after steps on the squares of its products."""
    weight = weight_of(n_columns, dtype)
    optimizer = SparseSGD([weight], lr=0.1, weight_decay=alpha, kernel=kernel)
    for _ in range(n_steps):
        optimizer.zero_grad()
        with without_gradients(optimizer):
            total = sum(sparse_product(weight, b).square().sum() for b in batches)
            total.backward()
            assert (weight.grad is None) == (kernel != "torch")
            optimizer.step()
    assert not hasattr(weight, "pending")
    return weight.detach()


@given(
    n_rows=st.lists(st.integers(1, 6), min_size=1, max_size=2),
    n_columns=st.sampled_from([1, 5, 16, 40]),
    density=st.floats(0, 1),
    alpha=st.sampled_from([0.0, 0.3]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_steps_are_those_along_gradients(
    n_rows, n_columns, density, alpha, dtype, seed
):
    batches = [batch_of(n, density, seed + k, dtype) for k, n in enumerate(n_rows)]
    expected = descend("torch", batches, n_columns, dtype, alpha)
    for kernel in LOOPS:
        found = descend(kernel, batches, n_columns, dtype, alpha)
        tolerance = 1e-4 if dtype == np.float32 else 1e-10
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n_threads", [2, 3, 5])
def test_results_do_not_depend_on_threads(n_threads):
    batch = batch_of(9, 0.4, 0, np.float32)
    loops, table = compiled_loops(), weight_of(40, np.float32).detach()
    alone = loops.sums(table, batch), descend("numba", [batch], 40, np.float32)
    numbas = numba.get_num_threads()
    with threads(n_threads):
        found = loops.sums(table, batch), descend("numba", [batch], 40, np.float32)
        assert torch.get_num_threads() == n_threads
    assert numba.get_num_threads() == numbas
    assert torch.equal(found[0], alone[0])
    assert torch.equal(found[1], alone[1])
    torch.testing.assert_close(alone[0], weighted_sums(table, batch))


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_scipys_loops_may_read_blocks_of_columns(index_dtype, alpha):
    batch = batch_of(9, 0.4, 0, np.float64)
    batch.indices = batch.indices.to(torch.from_numpy(np.empty(0, index_dtype)).dtype)
    batch.offsets = batch.offsets.to(batch.indices.dtype)
    codes = torch.full((9, 3), -1)
    codes[:4, 0], codes[3:6, 1], codes[7, 2] = 0, 1, 2
    edges, loops = np.array([0, 40, 64, 128]), _descent.scipy_loops()
    spans = loops.find_spans(codes, edges, 128)
    reads = np.zeros((9, 4), dtype=bool)
    reads[:4, :2] = reads[3:6, 1] = reads[7, 2:] = True
    np.testing.assert_array_equal(
        np.transpose(np.nonzero(reads)), np.c_[spans.rows, spans.blocks]
    )
    read = torch.from_numpy(reads).repeat_interleave(32, dim=1)
    table = weight_of(128, np.float64).detach()
    sums = loops.sums(table, batch, spans)
    torch.testing.assert_close(sums, weighted_sums(table, batch) * read)
    slopes = sums.new_ones(9, 128)
    found, expected = table.clone(), table.clone()
    own = _descent.Product(batch, slopes, spans)
    loops.add_products(found, [own], 2.0, 1 - alpha)
    whole = _descent.Product(batch, slopes * read, None)
    loops.add_products(expected, [whole], 2.0, 1 - alpha)
    torch.testing.assert_close(found, expected)


def test_scipys_loops_read_all_columns_where_blocks_save_little():
    codes, loops = torch.full((9, 2), -1), _descent.scipy_loops()
    codes[0] = 0
    assert loops.find_spans(codes, np.array([0, 32, 64]), 64) is not None
    assert loops.find_spans(codes, np.array([16, 32, 64]), 64) is None
    assert loops.find_spans(codes, np.array([0, 32, 48]), 48) is None
    assert loops.find_spans(codes * 0, np.array([0, 32, 64]), 64) is None


def test_places_of_blocks_may_need_64_bits():
    batch = batch_of(3, 0.5, 0, np.float32)
    loops = _descent.scipy_loops()
    for n_features, dtype in [(2**28, torch.int32), (2**30, torch.int64)]:
        codes = torch.tensor([[0, -1, -1, -1]] * 3)
        spans = loops.find_spans(codes, np.arange(5) * 32, 128)
        assert spans.batch(batch, n_features, loops._take).indices.dtype == dtype


def test_an_error_in_a_thread_is_raised():
    def fail():
        raise RuntimeError("in a thread")

    with pytest.raises(RuntimeError, match="in a thread"):
        _descent._on_threads([int, fail])


def test_what_waits_is_gone_after_an_error():
    weight = weight_of(2, np.float64)
    optimizer = SparseSGD([weight], lr=0.1)
    block = without_gradients(optimizer)
    block.__enter__()
    assert weight.pending.products == []
    error = KeyError()
    assert not block.__exit__(KeyError, error, None)
    assert not hasattr(weight, "pending")


def test_weights_take_gradients_where_they_must():
    weight = weight_of(2, np.float64)
    assert find_loops(weight, "auto") is not None
    assert find_loops(weight, "torch") is None
    assert find_loops(weight.detach(), "auto") is None  # frozen
    others = [weight.detach().half(), weight.detach().to("meta"), weight.detach().t()]
    for other in others:
        assert find_loops(torch.nn.Parameter(other), "auto") is None
    seen = []
    weight.register_hook(seen.append)
    assert find_loops(weight, "auto") is None
    hooked = weight_of(2, np.float64)
    hooked.register_post_accumulate_grad_hook(seen.append)
    assert find_loops(hooked, "auto") is None


def test_large_tables_take_compiled_loops(monkeypatch):
    weight = weight_of(2, np.float32)
    scipys = _descent.scipy_loops()
    assert find_loops(weight, "auto") is scipys
    assert find_loops(weight, "numba") is compiled_loops()
    monkeypatch.setattr(_descent, "WORTH_COMPILING", weight.numel())
    assert find_loops(weight, "auto") is compiled_loops()
    assert find_loops(weight, "scipy") is scipys


@pytest.mark.parametrize("found", [None, "0.67.0", "0.68.0", "1.0.0rc1"])
def test_nothing_else_is_needed_where_numba_is_missing_or_old(found, monkeypatch):
    def version(name):
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(_descent, "WORTH_COMPILING", 0)
    monkeypatch.setattr(_descent, "version", version)
    uncached = _descent._numba_version.__wrapped__
    monkeypatch.setattr(_descent, "_numba_version", uncached)
    is_known = found in ("0.68.0", "1.0.0rc1")
    expected = compiled_loops() if is_known else _descent.scipy_loops()
    assert find_loops(weight_of(2, np.float32), "auto") is expected


@pytest.mark.parametrize(("setting", "compiles"), [("1", False), ("0", True)])
def test_a_numba_that_does_not_compile_is_not_used(setting, compiles, monkeypatch):
    monkeypatch.setattr(_descent, "WORTH_COMPILING", 0)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", setting)
    expected = compiled_loops() if compiles else _descent.scipy_loops()
    assert find_loops(weight_of(2, np.float32), "auto") is expected


def test_the_oldest_numba_is_that_of_the_extra():
    root = Path(__file__).parents[1]
    with open(root / "pyproject.toml", "rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    oldest = ".".join(map(str, _descent.OLDEST_NUMBA))
    assert extras["fast"] == [f"numba>={oldest}"]


def test_kernel_numba_needs_numba(monkeypatch):
    _descent.compiled_loops.cache_clear()
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r"needs numba.*sklearn-mtl\[fast\]"):
        find_loops(weight_of(2, np.float32), "numba")


def test_a_scipy_without_its_loop_is_no_error(monkeypatch):
    _descent.scipy_loops.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy.sparse._sparsetools", None)
    assert find_loops(weight_of(2, np.float32), "auto") is None
    without = probabilities()
    monkeypatch.undo()
    _descent.scipy_loops.cache_clear()
    np.testing.assert_allclose(without, probabilities(), atol=1e-5)


def test_there_is_no_other_kernel():
    with pytest.raises(ValueError, match=r"kernel is 'cuda'\. Use one of .*'numba'"):
        SparseSGD([weight_of(1, np.float32)], lr=1.0, kernel="cuda")


def test_an_optimizer_keeps_its_kernel():
    optimizer = SparseSGD([weight_of(1, np.float32)], lr=1.0, kernel="scipy")
    assert pickle.loads(pickle.dumps(optimizer)).param_groups[0]["kernel"] == "scipy"


TEXTS, LABELS = make_multitask_texts(
    n_samples=300,
    n_tasks=3,
    n_classes=[2, 5, 20],
    missing_rate=[0.5, 0.5, 0.5],
    random_state=0,
)


WIDE, WIDE_LABELS = make_multitask_texts(
    n_samples=400,
    n_tasks=4,
    n_classes=[30, 20, 25, 5],
    missing_rate=[0.7] * 4,
    random_state=0,
)


def probabilities(kernel=None, seed=0, **params):
    if kernel:
        params["net_params"] = {"optimizer_sparse__kernel": kernel}
    clf = MultiTaskTextClassifier(random_state=seed, max_iter=2, **params)
    return np.concatenate(clf.fit(TEXTS, LABELS).predict_proba(TEXTS), axis=1)


SETTINGS = {
    "default": {},
    "alpha": {"alpha": 1e-3},
    "heads": {"sharing": SharedPrivate(share_heads=True)},
    "hard": {"sharing": "hard"},
    "dense block": {"embedding": "lsa"},
    "separate": {"sharing": "separate"},
    "linear": {"trunk": None},
    "mmoe": {"sharing": "mmoe", "trunk": BagTrunk(8)},
    "private experts": {
        "sharing": MixtureOfExperts(private=True),
        "trunk": BagTrunk(8),
    },
    "private experts, dense block": {
        "sharing": MixtureOfExperts(private=True),
        "trunk": BagTrunk(8),
        "embedding": "lsa",
    },
    "adversarial": {
        "sharing": AdversarialSharedPrivate(private="trunk"),
        "trunk": BagTrunk(8),
    },
    "linear adversarial": {
        "sharing": AdversarialSharedPrivate(private="linear"),
        "trunk": BagTrunk(8),
    },
    "tokens": {"trunk": ConvTrunk(n_filters=4), "sharing": "shared-private"},
}


@pytest.mark.parametrize("kernel", LOOPS)
@pytest.mark.parametrize("params", SETTINGS.values(), ids=list(SETTINGS))
def test_fits_are_the_same_with_each_kernel(params, kernel):
    expected = probabilities("torch", **params)
    found = probabilities(kernel, **params)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kernel", LOOPS)
@pytest.mark.parametrize(
    "name", ["default", "alpha", "dense block", "linear", "private experts"]
)
def test_wide_private_paths_have_a_table_of_their_own(name, kernel):
    found = []
    for chosen in ("torch", kernel):
        clf = MultiTaskTextClassifier(
            random_state=0,
            max_iter=2,
            net_params={"optimizer_sparse__kernel": chosen},
            **SETTINGS[name],
        ).fit(WIDE, WIDE_LABELS)
        spec = clf.net_.module__spec
        assert 0.3 < spec.labelled_share < 0.45
        table = clf.net_.module_.table
        assert isinstance(table, TablesApart)
        assert (table.joint is None) == (name != "private experts")
        assert table.own.weight.shape[1] == 96
        found.append(np.concatenate(clf.predict_proba(WIDE), axis=1))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-5)


def test_a_warm_start_keeps_the_tables_of_the_first_fit():
    clf = MultiTaskTextClassifier(random_state=0, max_iter=1, warm_start=True)
    clf.fit(WIDE, WIDE_LABELS)
    shapes = [tuple(w.shape) for w in clf.net_.module_.parameters()]
    rows = np.flatnonzero((~np.isnan(WIDE_LABELS)).sum(axis=1) > 1)
    assert clf.fit([WIDE[row] for row in rows], WIDE_LABELS[rows])
    assert [tuple(w.shape) for w in clf.net_.module_.parameters()] == shapes


@pytest.mark.parametrize("kernel", KERNELS)
def test_fits_are_deterministic(kernel):
    found = probabilities(kernel)
    np.testing.assert_array_equal(probabilities(kernel), found)


def test_fits_do_not_depend_on_threads():
    np.testing.assert_allclose(
        probabilities("numba", n_jobs=2), probabilities("numba"), rtol=0, atol=1e-6
    )


def test_fits_may_overlap():
    seeds = [0, 1, 2, 3]
    expected = [probabilities("numba", seed) for seed in seeds]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: probabilities("numba", seed), seeds))
    np.testing.assert_array_equal(found, expected)


def test_callbacks_see_gradients():
    class Watcher(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            for name, weight in named_parameters:
                assert weight.grad is not None, name

    clf = MultiTaskTextClassifier(random_state=0, max_iter=1, callbacks=[Watcher()])
    clf.fit(TEXTS, LABELS)


def test_numba_is_not_imported_before_it_is_used():
    code = (
        "import sys, sklearn_mtl\n"
        "from sklearn_mtl.training import _run\n"
        "texts = ['red', 'blue'] * 10\n"
        "sklearn_mtl.MultiTaskTextClassifier().fit(texts, texts)\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
