"""What a label column means to the network: codes, losses, probabilities."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from sklearn_mtl.answers._layout import CodeLayout
from sklearn_mtl.tasks import (
    Categorical,
    MultiLabel,
    Ordinal,
    make_task,
    matches_type,
)
from sklearn_mtl.tasks._cross_entropy import CategoricalLoss

class_counts = st.lists(st.integers(1, 5), min_size=1, max_size=5)
seeds = st.integers(0, 2**32 - 1)
# (scale, shift) of the logits: ordinary, far apart, and far from zero altogether.
logit_ranges = st.sampled_from([(1, 0), (1e4, 0), (1, 1e4), (1, -1e4), (1, -100)])


def task_of(n_classes):
    return Categorical().fit(np.arange(n_classes))


def draw_batch(n_classes, seed, spread=(1, 0), dtype=torch.float64):
    """Draw logits of each task and codes, missing (-1) and unknown (-2) ones too."""
    scale, shift = spread
    rng = torch.Generator().manual_seed(seed)
    logits = [
        torch.randn(8, task_of(n).n_logits, generator=rng, dtype=dtype) * scale + shift
        for n in n_classes
    ]
    codes = [torch.randint(-2, n, (8,), generator=rng) for n in n_classes]
    return [z.requires_grad_() for z in logits], torch.stack(codes, dim=1)


def draw_adjustments(n_classes, seed):
    """Draw logarithms of class shares for each task, far apart ones too."""
    rng = np.random.default_rng(seed)
    shares = [rng.dirichlet(np.full(n, 0.1)) + 1e-300 for n in n_classes]
    return [np.log(own) * (n > 1) for n, own in zip(n_classes, shares, strict=True)]


def reference_loss(n_classes, logits, codes, adjustments=None):
    """Compute the loss of each cell with torch's own functions, task by task."""
    losses = []
    if adjustments is None:
        adjustments = [np.zeros(n) for n in n_classes]
    for n, z, code, added in zip(n_classes, logits, codes.T, adjustments, strict=True):
        wanted = code.clamp(min=0)
        shift = torch.from_numpy(added).to(z.dtype)
        z = z + (shift[1] - shift[0] if n == 2 else shift)
        if n == 1:
            loss = 0 * z[:, 0]
        elif n == 2:
            loss = binary_cross_entropy_with_logits(
                z[:, 0], wanted.to(z.dtype), reduction="none"
            )
        else:
            loss = cross_entropy(z, wanted, reduction="none")
        losses.append(torch.where(code >= 0, loss, 0.0))
    return torch.stack(losses, dim=1)


# Losses ------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(n_classes=class_counts, seed=seeds, spread=logit_ranges)
def test_loss_and_gradient_are_those_of_torch(n_classes, seed, spread):
    logits, codes = draw_batch(n_classes, seed, spread)
    loss = CategoricalLoss(n_classes)(logits, codes)
    expected = reference_loss(n_classes, logits, codes)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-10)
    found = torch.autograd.grad(loss.sum(), logits)
    wanted = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(n_classes=class_counts, seed=seeds, spread=logit_ranges)
def test_32_bit_losses_are_as_exact_as_those_of_torch(n_classes, seed, spread):
    logits, codes = draw_batch(n_classes, seed, spread, torch.float32)
    loss = CategoricalLoss(n_classes)(logits, codes)
    expected = reference_loss(n_classes, logits, codes)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    assert (loss >= 0).all()


@settings(max_examples=40, deadline=None)
@given(n_classes=class_counts, seed=seeds, spread=logit_ranges)
def test_cells_without_a_label_have_no_loss_and_no_gradient(n_classes, seed, spread):
    logits, codes = draw_batch(n_classes, seed, spread, torch.float32)
    loss = CategoricalLoss(n_classes)(logits, codes)
    assert (loss[codes < 0] == 0).all()
    gradients = torch.autograd.grad(loss.sum(), logits)
    for gradient, code in zip(gradients, codes.T, strict=True):
        assert (gradient[code < 0] == 0).all()


@settings(max_examples=80, deadline=None)
@given(n_classes=class_counts, seed=seeds, spread=logit_ranges)
def test_adjusted_losses_are_those_of_shifted_logits(n_classes, seed, spread):
    logits, codes = draw_batch(n_classes, seed, spread)
    adjustments = draw_adjustments(n_classes, seed)
    loss = CategoricalLoss(n_classes, adjustments).double()(logits, codes)
    expected = reference_loss(n_classes, logits, codes, adjustments)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-10)
    found = torch.autograd.grad(loss.sum(), logits)
    wanted = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    for z, gradient, code, value in zip(logits, found, codes.T, loss.T, strict=True):
        assert gradient.shape == z.shape
        assert (value[code < 0] == 0).all()
        assert (gradient[code < 0] == 0).all()


@pytest.mark.parametrize("n_classes", [[1], [2], [3], [2, 2], [3, 1, 2, 4]])
@pytest.mark.parametrize("adjusted", [False, True])
def test_the_gradient_is_the_slope_of_the_loss(n_classes, adjusted):
    logits, codes = draw_batch(n_classes, seed=0)
    codes[0] = -1
    # Each cell with a weight of its own, as balancing and sample weights give it.
    weights = torch.linspace(-1, 2, codes.numel(), dtype=torch.double).view_as(codes)
    adjustments = draw_adjustments(n_classes, seed=0) if adjusted else None
    module = CategoricalLoss(n_classes, adjustments).double()
    assert torch.autograd.gradcheck(lambda *z: module(z, codes) * weights, logits)


def test_the_gradient_can_be_differentiated_by_the_weights_of_tasks():
    # What a balancing does that weighs tasks by the norms of their gradients.
    n_classes = [2, 3]
    logits, codes = draw_batch(n_classes, seed=0)

    def slope(losses):
        weights = torch.tensor([1.0, 2.0], dtype=torch.double, requires_grad=True)
        total = (losses * weights).sum()
        gradients = torch.autograd.grad(total, logits, create_graph=True)
        norm = sum(gradient.square().sum() for gradient in gradients)
        return torch.autograd.grad(norm, weights)[0]

    found = slope(CategoricalLoss(n_classes)(logits, codes))
    torch.testing.assert_close(found, slope(reference_loss(n_classes, logits, codes)))


@pytest.mark.parametrize("adjustments", [None, [np.zeros(2), -np.zeros(3)]])
def test_without_adjustment_nothing_is_added(adjustments):
    assert CategoricalLoss([2, 3], adjustments).adjustment is None


def test_the_same_for_all_classes_is_no_adjustment():
    n_classes = [2, 4, 1]
    logits, codes = draw_batch(n_classes, seed=0)
    even = [np.full(n, -1.7) for n in n_classes]
    torch.testing.assert_close(
        CategoricalLoss(n_classes, even).double()(logits, codes),
        CategoricalLoss(n_classes)(logits, codes),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_adjusted_loss_has_the_precision_of_the_logits(dtype):
    logits, codes = draw_batch([2, 3], seed=0, dtype=dtype)
    adjustments = draw_adjustments([2, 3], seed=0)
    loss = CategoricalLoss([2, 3], adjustments).to(dtype)(logits, codes)
    assert loss.dtype == dtype
    gradients = torch.autograd.grad(loss.sum(), logits)
    assert {gradient.dtype for gradient in gradients} == {dtype}


def test_logits_stay_what_they_are():
    # One column alone is its own transpose, and could be written to by mistake.
    for n_classes in ([2], [3, 2]):
        logits, codes = draw_batch(n_classes, seed=0)
        before = [z.detach().clone() for z in logits]
        CategoricalLoss(n_classes)(logits, codes).sum().backward()
        torch.testing.assert_close([z.detach() for z in logits], before, rtol=0, atol=0)


def test_a_task_with_one_class_is_never_trained():
    logits, codes = draw_batch([1, 3, 1], seed=0)
    loss = CategoricalLoss([1, 3, 1])(logits, codes)
    assert (loss[:, [0, 2]] == 0).all()
    first, _, last = torch.autograd.grad(loss.sum(), logits)
    assert (first == 0).all()
    assert (last == 0).all()


def test_tasks_do_not_disturb_each_other():
    n_classes = [4, 2, 1, 3]
    logits, codes = draw_batch(n_classes, seed=0)
    together = CategoricalLoss(n_classes)(logits, codes)
    for k, n in enumerate(n_classes):
        alone = CategoricalLoss([n])([logits[k]], codes[:, [k]])
        torch.testing.assert_close(alone[:, 0], together[:, k])


def test_the_loss_of_some_tasks_knows_their_classes():
    n_classes = [2, 5, 1]
    logits, codes = draw_batch(n_classes, seed=0)
    module = Categorical.build_loss([task_of(n) for n in n_classes])
    torch.testing.assert_close(
        module(logits, codes), CategoricalLoss(n_classes)(logits, codes)
    )
    added = draw_adjustments(n_classes, seed=0)
    module = Categorical.build_loss([task_of(n) for n in n_classes], added).double()
    torch.testing.assert_close(
        module(logits, codes), reference_loss(n_classes, logits, codes, added)
    )


# Probabilities -----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    n_classes=st.integers(1, 6),
    seed=seeds,
    spread=logit_ranges,
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_probabilities_sum_to_one_and_agree_with_decisions(
    n_classes, seed, spread, dtype
):
    task = task_of(n_classes)
    logits = draw_batch([n_classes], seed, spread, dtype)[0][0].detach()
    # Differences that a softmax in this precision can show.
    logits = logits.round(decimals=2)
    probabilities = task.probabilities(logits.numpy())
    assert probabilities.shape == (8, n_classes)
    assert probabilities.dtype == logits.numpy().dtype
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    own = logits.numpy()
    likeliest = (own[:, 0] > 0) if n_classes == 2 else own.argmax(axis=1)
    assert_array_equal(task.choose(probabilities), likeliest)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_probabilities_are_the_softmax_of_the_logits(n_classes):
    logits = draw_batch([n_classes], seed=0)[0][0].detach()
    found = task_of(n_classes).probabilities(logits.numpy())
    if n_classes == 2:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    np.testing.assert_allclose(found, logits.softmax(dim=1).numpy(), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [1, 2, 3, 5])
def test_the_loss_is_the_negative_logarithm_of_the_probability(n_classes):
    logits = draw_batch([n_classes], seed=0)[0]
    probabilities = task_of(n_classes).probabilities(logits[0].detach().numpy())
    for code in range(n_classes):
        codes = torch.full((8, 1), code)
        loss = CategoricalLoss([n_classes])(logits, codes).detach().numpy()
        np.testing.assert_allclose(loss[:, 0], -np.log(probabilities[:, code]))


# Codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_classes", "n_logits"), [(1, 1), (2, 1), (3, 3), (7, 7)])
def test_a_binary_task_has_one_logit(n_classes, n_logits):
    assert task_of(n_classes).n_logits == n_logits


@pytest.mark.parametrize(
    "cells",
    [
        np.array(["b", "a", "b", "\u00e9"], dtype=object),
        np.array(["b", "a", "longer"]),
        np.array([3, -1, 2], dtype=np.int8),
        np.array([True, False]),
        np.array([2.0, 0.0]),
    ],
    ids=["object", "str", "int", "bool", "float"],
)
def test_labels_come_back_from_their_codes(cells):
    task = Categorical().fit(cells)
    codes = task.encode(cells)
    assert codes.dtype == np.int64
    assert_array_equal(task.decode(codes), cells)
    assert_array_equal(np.unique(codes), np.arange(len(task.classes_)))


@pytest.mark.parametrize(
    ("cells", "others"),
    [
        (np.array(["b", "d"], dtype=object), np.array(["a", "b", "c", "d", "e", "bb"])),
        (np.array([2, 4]), np.array([1, 2, 3, 4, 5, 6])),
        (np.array([2.0, 4.0]), np.array([1, 2, 3, 4, 5, 6])),
    ],
)
def test_unknown_labels_have_code_minus_one(cells, others):
    task = Categorical().fit(cells)
    assert task.encode(others).tolist() == [-1, 0, -1, 1, -1, -1]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (np.array(["b", "a", "b"], dtype="U9"), "U9"),
        (np.array(["bcd", "a"], dtype=object), "U3"),
        (np.array([2, 1], dtype=np.int8), "i1"),
        (np.array([True, False]), "?"),
    ],
)
def test_classes_are_of_the_type_of_the_cells(cells, dtype):
    task = Categorical().fit(cells)
    assert task.classes_.dtype == np.dtype(dtype)
    assert task.classes_.tolist() == sorted(set(cells.tolist()))
    assert task.is_ordered == (cells.dtype.kind not in "OU")
    assert not task.is_multilabel
    assert not task.is_tuned
    assert task.tuned(None, None, None) is task
    assert task.link(np.zeros(2)) is None
    assert task.code_sizes == [len(task.classes_)]


def test_no_cells_have_no_codes():
    assert len(task_of(3).encode(np.zeros(0))) == 0


# Numbers written out ------------------------------------------------------------------


def test_probabilities_and_decisions_by_hand():
    two, three = task_of(2), task_of(3)
    logits = np.log([[3.0], [1.0], [1 / 3]])
    found = two.probabilities(logits)
    np.testing.assert_allclose(found, [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]])
    assert two.choose(found).tolist() == [1, 0, 0]
    logits = np.log([[1.0, 2.0, 1.0]]) + 7
    found = three.probabilities(logits)
    np.testing.assert_allclose(found, [[0.25, 0.5, 0.25]])
    assert three.choose(found).tolist() == [1]
    found = task_of(1).probabilities(np.ones((2, 1)))
    assert found.tolist() == [[1.0], [1.0]]
    assert task_of(1).choose(found).tolist() == [0, 0]


def test_effects_have_a_mean_of_zero_over_classes():
    slopes = np.array([[3.0], [-1.0]])
    assert task_of(2).effects(slopes).tolist() == [[-1.5, 1.5], [0.5, -0.5]]
    slopes = np.array([[3.0, 1.0, -1.0]])
    assert task_of(3).effects(slopes).tolist() == [[2.0, 0.0, -2.0]]
    assert task_of(1).effects(np.array([[3.0]])).tolist() == [[0.0]]


def test_adjusted_losses_by_hand():
    # Of two classes the second has a logit of log 3, and log 2 is added to the first.
    loss = CategoricalLoss([2], [np.log([2.0, 1.0])])
    z = torch.log(torch.tensor([[3.0], [3.0], [3.0]], dtype=torch.double))
    codes = torch.tensor([[1], [0], [-1]])
    found = loss([z], codes).ravel().tolist()
    assert found == pytest.approx([-np.log(3 / 5), -np.log(2 / 5), 0])
    found = loss.eval()([z], codes).ravel().tolist()
    assert found == pytest.approx([-np.log(3 / 4), -np.log(1 / 4), 0])


# Types -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "n_classes", "name"),
    [
        (None, 1, "binary"),
        (None, 2, "binary"),
        (None, 3, "multiclass"),
        ("binary", 2, "binary"),
        ("multiclass", 2, "multiclass"),
        ("multiclass", 3, "multiclass"),
    ],
)
def test_the_type_of_a_task(declared, n_classes, name):
    found, task = make_task(declared, np.arange(n_classes), "y")
    assert found == name
    assert task.classes_.tolist() == list(range(n_classes))


def test_a_declared_type_must_be_known():
    with pytest.raises(ValueError, match=r"^The type of y must be one of .*'ordered'"):
        make_task("ordered", np.arange(2), "y")


def test_a_binary_task_has_two_classes_at_most():
    with pytest.raises(ValueError, match=r"y\['a'\] is declared binary but has 3"):
        make_task("binary", np.arange(3), "y['a']")


SETS = np.fromiter(map(frozenset, ["ab", "b"]), dtype=object)


@pytest.mark.parametrize(
    ("declared", "own", "same"),
    [
        ("binary", "binary", True),
        ("multiclass", "binary", False),
        ("ordinal", "ordinal", True),
        ("multilabel", "multilabel", True),
        ("ordinal", "binary", False),
        (Ordinal(), "ordinal", True),
        (Ordinal([0, 1]), "ordinal", True),
        (Ordinal([0, 1, 2]), "ordinal", False),
        (Ordinal(), "binary", False),
        (Ordinal([0, 1]), "binary", False),
        (MultiLabel(), "multilabel", True),
        (MultiLabel("asymmetric"), "multilabel", False),
        (MultiLabel(threshold=0.4), "multilabel", False),
        (MultiLabel(), "binary", False),
    ],
    ids=str,
)
def test_whether_a_fitted_task_is_of_a_type(declared, own, same):
    cells = SETS if own == "multilabel" else np.arange(2)
    name, task = make_task(own, cells, "y", holds_sets=own == "multilabel")
    assert matches_type(task, name, declared) is same


@pytest.mark.parametrize(
    ("declared", "holds_sets", "order", "found"),
    [
        (None, False, None, "binary"),
        (None, False, [1, 0], "binary"),
        (None, True, None, "multilabel"),
        ("multilabel", True, None, "multilabel"),
        (MultiLabel("asymmetric"), True, None, "multilabel"),
        ("ordinal", False, None, "ordinal"),
        ("ordinal", False, [0, 1], "ordinal"),
        (Ordinal(), False, None, "ordinal"),
    ],
    ids=str,
)
def test_which_task_is_made(declared, holds_sets, order, found):
    cells = SETS if holds_sets else np.arange(2)
    name, task = make_task(declared, cells, "y", order, holds_sets)
    kind = {"multilabel": MultiLabel, "ordinal": Ordinal, "binary": Categorical}[found]
    assert name == found
    assert type(task) is kind
    assert task is not declared
    if isinstance(declared, MultiLabel):
        assert task.loss == "asymmetric"


@pytest.mark.parametrize(
    ("declared", "cells", "holds_sets", "message"),
    [
        ("binary", SETS, True, "^The cells of y hold several labels.*Got 'binary'"),
        (
            "multilabel",
            np.arange(2),
            False,
            "^y cannot be multil.*each, for instance 0",
        ),
        (
            MultiLabel(),
            np.arange(2),
            False,
            "^y cannot be multil.*each, for instance 0",
        ),
        (
            MultiLabel(),
            np.fromiter([frozenset()], dtype=object),
            True,
            "^y cannot be multilabel: none of its cells holds a label",
        ),
        ("ordinal", np.array(["a", "b"]), False, "^y cannot be ordinal: its labels"),
        ("other", np.arange(2), False, "must be one of .*'ordinal'.*Got 'other'"),
    ],
)
def test_which_task_cannot_be_made(declared, cells, holds_sets, message):
    with pytest.raises(ValueError, match=message):
        make_task(declared, cells, "y", holds_sets=holds_sets)


def test_an_order_of_the_column_is_that_of_the_classes():
    cells = np.array(["low", "high"], dtype=object)
    _, task = make_task("ordinal", cells, "y", ["low", "mid", "high"])
    assert task.classes_.tolist() == ["low", "mid", "high"]
    listed = Ordinal(["high", "low"])
    _, task = make_task(listed, cells, "y", ["low", "mid", "high"])
    assert task.classes_.tolist() == ["high", "low"]


def test_each_code_has_its_task():
    tasks = [task_of(3), MultiLabel().fit(SETS), task_of(2)]
    assert CodeLayout(tasks).owners.tolist() == [0, 1, 1, 2]


def test_codes_of_a_layout_by_task_and_by_code():
    layout = CodeLayout([task_of(3), MultiLabel().fit(SETS), task_of(2)])
    assert layout.n_tasks == 3
    assert layout.starts.tolist() == [0, 1, 3]
    assert layout.sizes == [3, 2, 2, 2]
    codes = np.arange(8).reshape(2, 4)
    assert layout.of_task(codes, 0).tolist() == [0, 4]
    assert layout.of_task(codes, 1).tolist() == [[1, 2], [5, 6]]
    layout.of_task(codes, 2)[:] = 9  # a view
    assert codes[:, 3].tolist() == [9, 9]
    assert layout.table_of_task(codes, 0).tolist() == [[0], [4]]
    assert layout.codes_of([2, 1]) == [1, 2, 3]
    by_task = np.array([[10, 20, 30], [1, 2, 3]])
    assert layout.by_code(by_task).tolist() == [[10, 20, 20, 30], [1, 2, 2, 3]]
    assert layout.mean_by_task(np.array([1.0, 2, 4, 5])).tolist() == [1, 3, 5]
