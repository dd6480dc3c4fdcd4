"""Classes in an order: thresholds, losses, medians, and what a fit makes of them."""

import copy
import pickle
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import cross_validate
from torch.nn.functional import softplus

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._rows import FEW
from sklearn_mtl.inspection import ConfusionMatricesDisplay, top_words
from sklearn_mtl.metrics import multitask_report, multitask_scorer, multitask_scores
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, task_view
from sklearn_mtl.network._build import build_network
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import HardSharing, SharedPrivate
from sklearn_mtl.tasks import Ordinal, make_task
from sklearn_mtl.tasks._thresholds import LEAST_GAP, OrdinalLoss, Thresholds
from sklearn_mtl.trunks import BagTrunk

class_counts = st.lists(st.integers(1, 6), min_size=1, max_size=4)
seeds = st.integers(0, 2**32 - 1)
ordinary = st.sampled_from([(1, 0), (3, 0), (1, 4), (1, -4)])
# (scale, shift) of the logits that no reference in these floats can follow.
extreme = st.sampled_from([(1e4, 0), (1, 1e6), (1, -1e6), (1, 100), (1, -100)])


def task_of(n_classes):
    return Ordinal().fit(np.arange(n_classes))


def draw_batch(n_classes, seed, spread=(1, 0), dtype=torch.float64):
    """Draw what links give, falling logits, and codes, missing and unknown ones too."""
    scale, shift = spread
    rng = torch.Generator().manual_seed(seed)
    logits = []
    for n in n_classes:
        first = torch.randn(8, 1, generator=rng, dtype=dtype) * scale + shift
        gaps = 0.01 + torch.rand(max(n - 2, 0), generator=rng, dtype=dtype)
        logits.append(torch.cat([first, first - gaps.cumsum(0)], dim=1))
    codes = [torch.randint(-2, n, (8,), generator=rng) for n in n_classes]
    return [z.requires_grad_() for z in logits], torch.stack(codes, dim=1)


def reference_probabilities(z, n_classes):
    """Take differences of the probabilities of exceeding a class."""
    exceeds = torch.sigmoid(z[:, : n_classes - 1])
    one = torch.ones(len(z), 1, dtype=z.dtype)
    return torch.cat([one, exceeds], 1) - torch.cat([exceeds, 0 * one], 1)


def reference_loss(n_classes, logits, codes):
    losses = []
    for n, z, code in zip(n_classes, logits, codes.T, strict=True):
        likely = reference_probabilities(z, n)
        own = likely.gather(1, code.clamp(min=0).unsqueeze(1))[:, 0]
        losses.append(torch.where(code >= 0, -own.log(), 0.0))
    return torch.stack(losses, dim=1)


# Losses ------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(n_classes=class_counts, seed=seeds, spread=ordinary)
def test_loss_and_gradient_are_those_of_the_probabilities(n_classes, seed, spread):
    logits, codes = draw_batch(n_classes, seed, spread)
    loss = OrdinalLoss(n_classes)(logits, codes)
    expected = reference_loss(n_classes, logits, codes)
    torch.testing.assert_close(loss, expected, rtol=1e-8, atol=1e-8)
    found = torch.autograd.grad(loss.sum(), logits)
    wanted = torch.autograd.grad(expected.sum(), logits, allow_unused=True)
    wanted = [torch.zeros_like(a) if b is None else b for a, b in
              zip(found, wanted, strict=True)]  # fmt: skip
    torch.testing.assert_close(list(found), wanted, rtol=1e-7, atol=1e-7)


@settings(max_examples=80, deadline=None)
@given(
    n_classes=class_counts,
    seed=seeds,
    spread=extreme | ordinary,
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_losses_and_gradients_are_finite_and_zero_without_a_label(
    n_classes, seed, spread, dtype
):
    logits, codes = draw_batch(n_classes, seed, spread, dtype)
    loss = OrdinalLoss(n_classes)(logits, codes)
    assert loss.dtype == dtype
    assert loss.isfinite().all()
    assert (loss >= 0).all()
    assert (loss[codes < 0] == 0).all()
    gradients = torch.autograd.grad(loss.sum(), logits)
    for gradient, code in zip(gradients, codes.T, strict=True):
        assert gradient.isfinite().all()
        assert (gradient[code < 0] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_two_thresholds_that_round_to_one_have_a_finite_loss(dtype):
    logits = torch.tensor([[3.0, 3.0]], dtype=dtype, requires_grad=True)
    loss = OrdinalLoss([3])((logits,), torch.tensor([[1]]))
    least = torch.tensor(LEAST_GAP / 2, dtype=dtype)
    wanted = softplus(-logits[0, 0]) + softplus(logits[0, 1])
    wanted = wanted - torch.log(-torch.expm1(-least))
    torch.testing.assert_close(loss.squeeze(), wanted)
    assert torch.autograd.grad(loss.sum(), logits)[0].isfinite().all()


@pytest.mark.parametrize("n_classes", [[1], [2], [3], [2, 2], [3, 1, 2, 5]])
def test_the_gradient_is_the_slope_of_the_loss(n_classes):
    logits, codes = draw_batch(n_classes, seed=0)
    weights = torch.linspace(-1, 2, codes.numel(), dtype=torch.double).view_as(codes)
    module = OrdinalLoss(n_classes)
    assert torch.autograd.gradcheck(lambda *z: module(z, codes) * weights, logits)


def test_the_loss_of_two_classes_is_that_of_a_binary_task():
    logits, codes = draw_batch([2, 2], seed=0)
    found = OrdinalLoss([2, 2])(logits, codes)
    known = codes >= 0
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.cat(logits, 1), codes.clamp(min=0).double(), reduction="none"
    )
    torch.testing.assert_close(found, torch.where(known, expected, 0.0))


def test_tasks_do_not_disturb_each_other():
    n_classes = [4, 2, 1, 3]
    logits, codes = draw_batch(n_classes, seed=0)
    together = OrdinalLoss(n_classes)(logits, codes)
    for k, n in enumerate(n_classes):
        alone = OrdinalLoss([n])([logits[k]], codes[:, [k]])
        torch.testing.assert_close(alone[:, 0], together[:, k])
    assert (together[:, 2] == 0).all()  # of a single class
    of_tasks = Ordinal.build_loss([task_of(n) for n in n_classes], [None] * 4)
    torch.testing.assert_close(of_tasks(logits, codes), together)


# Thresholds --------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(n_classes=st.integers(3, 8), seed=seeds, scale=st.sampled_from([0.1, 5, 100]))
def test_thresholds_ascend_whatever_was_learnt(n_classes, seed, scale):
    link = Thresholds(np.full(n_classes, -np.log(n_classes)))
    with torch.no_grad():
        link.raw_gaps.normal_(0, scale, generator=torch.Generator().manual_seed(seed))
    link = link.float()
    assert (link.thresholds().diff() > 0).all()
    exceeds = torch.sigmoid(link(torch.linspace(-8, 8, 9).unsqueeze(1)))
    assert (exceeds.diff(dim=1) <= 0).all()  # P(y > k) falls with k
    assert (exceeds.diff(dim=0) >= 0).all()  # and rises with the logit


@settings(max_examples=40, deadline=None)
@given(n_classes=st.integers(3, 8), seed=seeds)
def test_thresholds_start_at_the_shares_of_the_classes(n_classes, seed):
    shares = np.random.default_rng(seed).dirichlet(np.ones(n_classes)) + 0.01
    shares /= shares.sum()
    link = task_of(n_classes).link(np.log(shares))
    logits = link(torch.zeros(1, 1, dtype=torch.double)).detach().numpy()
    assert_allclose(task_of(n_classes).probabilities(logits)[0], shares, rtol=1e-6)


@pytest.mark.parametrize("rare", [0.0, 1e-300, 1e-9])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_thresholds_of_a_class_next_to_nothing_are_finite(rare, place):
    shares = np.full(4, 0.3)
    shares[place] = rare
    with np.errstate(divide="ignore"):
        link = Thresholds(np.log(shares)).float()
    assert link.thresholds().isfinite().all()
    assert (link.thresholds().diff() > 0).all()


def test_only_three_classes_and_more_have_a_link():
    shares = [np.log(np.full(n, 1 / n)) for n in (1, 2, 3)]
    links = [task_of(len(own)).link(own) for own in shares]
    assert links[:2] == [None, None]
    assert isinstance(links[2], Thresholds)


def test_the_gradient_reaches_what_is_learnt_of_thresholds():
    link = Thresholds(np.log([0.2, 0.5, 0.3]))
    logit = torch.tensor([[-1.0], [0.5], [2.0]], dtype=torch.double, requires_grad=True)
    OrdinalLoss([3])([link(logit)], torch.tensor([[0], [1], [2]])).sum().backward()
    assert logit.grad.abs().min() > 0
    assert link.raw_gaps.grad.abs().min() > 0
    assert [name for name, _ in link.named_parameters()] == ["raw_gaps"]


# Probabilities and decisions ---------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(
    n_classes=st.integers(1, 6),
    seed=seeds,
    spread=ordinary | extreme,
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_probabilities_sum_to_one(n_classes, seed, spread, dtype):
    logits = draw_batch([n_classes], seed, spread, dtype)[0][0].detach()
    probabilities = task_of(n_classes).probabilities(logits.numpy())
    assert probabilities.shape == (8, n_classes)
    assert probabilities.dtype == logits.numpy().dtype
    assert (probabilities >= 0).all()
    tolerance = 1e-6 if dtype == torch.float64 or abs(spread[1]) < 1e5 else 1e-2
    assert_allclose(probabilities.sum(axis=1), 1.0, rtol=tolerance)


@settings(max_examples=60, deadline=None)
@given(n_classes=st.integers(1, 6), seed=seeds, spread=ordinary)
def test_probabilities_are_differences_and_losses_their_logarithms(
    n_classes, seed, spread
):
    logits = draw_batch([n_classes], seed, spread)[0]
    z = logits[0].detach()
    found = task_of(n_classes).probabilities(z.numpy())
    assert_allclose(found, reference_probabilities(z, n_classes), atol=1e-12)
    for code in range(n_classes):
        codes = torch.full((8, 1), code)
        loss = OrdinalLoss([n_classes])(logits, codes).detach().numpy()
        assert_allclose(loss[:, 0], -np.log(found[:, code]), rtol=1e-9, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(n_classes=st.integers(1, 6), seed=seeds, spread=ordinary)
def test_the_median_has_the_least_expected_distance(n_classes, seed, spread):
    task = task_of(n_classes)
    logits = draw_batch([n_classes], seed, spread)[0][0].detach().round(decimals=3)
    logits = logits + 5e-4  # away from a probability of one half
    probabilities = task.probabilities(logits.numpy())
    decided = task.choose(probabilities)
    assert decided.dtype == np.int64
    assert_array_equal(decided, (logits.numpy()[:, : n_classes - 1] > 0).sum(axis=1))
    places = np.arange(n_classes)
    distances = probabilities @ np.abs(places[:, None] - places)
    assert_allclose(distances[np.arange(8), decided], distances.min(axis=1))


def test_the_median_need_not_be_the_most_probable_class():
    probabilities = np.array([[0.4, 0.25, 0.35], [0.5, 0.0, 0.5], [0.0, 0.3, 0.7]])
    assert task_of(3).choose(probabilities).tolist() == [1, 0, 2]
    assert task_of(2).choose(np.array([[0.5, 0.5], [0.4, 0.6]])).tolist() == [0, 1]


def test_effects_are_places_times_the_slope():
    slopes = np.array([[2.0, 2.0], [-1.0, -1.0]])
    found = task_of(3).effects(slopes)
    assert_array_equal(found, [[-2, 0, 2], [1, 0, -1]])
    assert_array_equal(task_of(2).effects(slopes[:, :1]), [[-1, 1], [0.5, -0.5]])
    assert_array_equal(task_of(1).effects(slopes[:, :1]), [[0], [0]])


# Classes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [np.array([3, 1, 2], np.int8), np.array([True, False]), np.array([2.0, -1.0])],
    ids=["int", "bool", "float"],
)
def test_numbers_have_their_own_order(cells):
    name, task = make_task("ordinal", cells, "y")
    assert name == "ordinal"
    assert_array_equal(task.classes_, np.sort(cells))
    assert task.classes_.dtype == cells.dtype
    assert_array_equal(task.decode(task.encode(cells)), cells)
    assert task.n_logits == 1
    assert task.is_ordered


@pytest.mark.parametrize(
    ("listed", "cells"),
    [
        (["low", "fair", "high"], np.array(["high", "low"], dtype=object)),
        (("low", "fair", "high"), np.array(["high", "low"])),
        (np.array([1, 2, 3]), np.array([3, 1])),
        (pd.Series([1, 2, 3]), np.array([3.0, 1.0])),
        ([False, True], np.array([True, True])),
    ],
    ids=["list", "tuple", "array", "series", "bool"],
)
def test_classes_may_be_listed(listed, cells):
    given = Ordinal(classes=listed)
    _, task = make_task(given, cells, "y")
    assert task.classes_.tolist() == list(listed)
    assert task.classes_.dtype.kind == ("U" if cells.dtype.kind == "O" else
                                        cells.dtype.kind)  # fmt: skip
    assert_array_equal(task.decode(task.encode(cells)), cells)
    assert not hasattr(given, "classes_")  # the user's own is not touched


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.Categorical(["b", None, "c"], ["c", "b", "a"], ordered=True)),
        pl.Series(["b", None, "c"], dtype=pl.Enum(["c", "b", "a"])),
    ],
    ids=["pandas", "polars"],
)
@pytest.mark.parametrize("container", ["series", "dict", "frame"])
def test_an_ordered_categorical_brings_its_order(column, container):
    name = "task0"
    y = column
    if container == "dict":
        y = {name: column}
    elif container == "frame":
        y = type(column)([1]).to_frame().__class__({name: column})
    params = {"task_types": {name: "ordinal"}, "max_iter": 3}
    clf = MultiTaskTextClassifier(**params).fit(["a b", "c d", "e f"], y)
    (task,) = clf.targets_.tasks
    assert task.classes_.tolist() == ["c", "b", "a"]
    if container == "frame":
        frame = clf.predict(["a b"], output="frame")
        assert frame[name].dtype == column.dtype


def test_the_missing_label_is_no_class():
    column = pd.Series(pd.Categorical(["b", "?", "c"], ["?", "c", "b"], ordered=True))
    clf = MultiTaskTextClassifier(
        task_types={"task0": "ordinal"}, missing_label="?", max_iter=3
    ).fit(["a b", "c d", "e f"], column)
    assert clf.classes_.tolist() == ["c", "b"]


def test_a_list_comes_before_the_order_of_the_column():
    listed = Ordinal(classes=["b", "a"])
    cells = np.array(["a", "b"], dtype=object)
    assert make_task(listed, cells, "y", ["a", "b"])[1].classes_.tolist() == ["b", "a"]
    assert make_task(Ordinal(), cells, "y", ["b", "a"])[1].classes_.tolist() == [
        "b",
        "a",
    ]


@pytest.mark.parametrize(
    ("task_type", "cells", "message"),
    [
        ("ordinal", ["b", "a"], r"labels are texts, \['a', 'b'\].*Ordinal\(classes="),
        (Ordinal(), ["b", "a"], r"whose order is not known. Pass it in task_types"),
        (Ordinal(["a"]), ["b", "a", "b"], r"2 of its cells .*\['a'\]: \['b'\]. Add"),
        (Ordinal([1, 2]), [1, 3], r"1 of its cells .* \[1, 2\]: \[3\]"),
        (Ordinal(["a", "b", "a"]), ["a"], r"each label once. Got \['a'\] several"),
        (Ordinal([]), ["a"], r"must list labels, lowest first.*Got \[\]"),
        (Ordinal(["a", None]), ["a"], r"none of them empty. Got \['a', None\]"),
        (Ordinal([["a", "b"]]), ["a"], r"must list labels.*Got \[\['a', 'b'\]\]"),
        (Ordinal("ab"), ["a"], r"classes must be a column.*Got 'ab'"),
        (Ordinal({"a", "b"}), ["a"], "classes must be a column"),
        (Ordinal(["a", 1]), ["a"], "classes holds both str and int labels"),
        (Ordinal([1, 2]), ["a"], r"different types. Got the label 'a' .*\[1, 2\]"),
        (Ordinal(["a"]), [1], r"different types. Got the label 1 and .*\['a'\]"),
        (
            Ordinal([3, 1, 2]),
            [1],
            r"numbers must .*ascending.*\[3, 1, 2\]; sort",
        ),
    ],
)
def test_what_is_wrong_with_an_order(task_type, cells, message):
    dtype = object if isinstance(cells[0], str) else None
    message = rf"^y\['a'\] cannot be ordinal: .*{message}"
    with pytest.raises(ValueError, match=message):
        make_task(task_type, np.array(cells, dtype=dtype), "y['a']")


def test_it_shows_what_it_was_given():
    assert repr(Ordinal()) == "Ordinal()"
    assert repr(Ordinal(["a", "b"])) == "Ordinal(classes=['a', 'b'])"


# Fits --------------------------------------------------------------------------------

WORDS = {
    "awful": -3, "bad": -2, "dull": -1, "so": 0, "film": 0, "tea": 0, "phone": 0,
    "nice": 1, "good": 2, "great": 3,
}  # fmt: skip
SCALE = ["awful", "poor", "fair", "good", "great"]


def make_reviews(n_texts, seed=0):
    """Draw texts whose stars go by the worth of their words."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(list(WORDS), (n_texts, 6))
    worth = np.vectorize(WORDS.get)(drawn).sum(axis=1) + rng.normal(0, 1, n_texts)
    stars = 1 + np.digitize(worth, [-4, -1, 1.5, 4])
    return [" ".join(words) for words in drawn], stars


TEXTS, STARS = make_reviews(150)
MANY_TEXTS, MANY_STARS = make_reviews(500, seed=1)
OTHER_TEXTS, OTHER_STARS = make_reviews(300, seed=2)
TOPIC = ["tea" if "tea" in text else "other" for text in TEXTS]
STARS_GIVEN = [None if k % 3 == 0 else star for k, star in enumerate(STARS.tolist())]
LABELS = {"stars": STARS_GIVEN, "topic": TOPIC}
TYPES = {"stars": "ordinal"}


def make(**params):
    defaults = {"task_types": TYPES, "random_state": 0, "max_iter": 20}
    return MultiTaskTextClassifier(**defaults | params)


@pytest.fixture(scope="module")
def fitted():
    return make().fit(TEXTS, LABELS)


def assert_same(ours, theirs, X=TEXTS, tolerance=0.0):
    pairs = zip(ours.predict_proba(X), theirs.predict_proba(X), strict=True)
    for our, their in pairs:
        assert_allclose(our, their, rtol=0, atol=tolerance)


def thresholds_of(clf, task=0):
    return clf.net_.module_.links[task].thresholds().detach().numpy()


@pytest.mark.parametrize("rows", ["few", "many"])
def test_it_learns_the_scale(rows):
    texts, stars = (TEXTS, STARS) if rows == "few" else (MANY_TEXTS, MANY_STARS)
    clf = make(max_iter="auto").fit(texts, {"stars": stars})
    predicted = clf.predict(OTHER_TEXTS)[:, 0]
    error = mean_absolute_error(OTHER_STARS, predicted)
    assert error < 0.6 * mean_absolute_error(OTHER_STARS, np.full(300, 3))
    assert np.isin(predicted, [1, 2, 3, 4, 5]).all()
    assert clf.task_types_ == {"stars": "ordinal"}
    start = Thresholds(np.log(np.bincount(stars)[1:] / len(stars))).thresholds()
    assert np.abs(thresholds_of(clf) - start.detach().numpy()).max() > 0.05


def test_probabilities_and_labels_agree(fitted):
    stars, _ = fitted.predict_proba(OTHER_TEXTS)
    assert stars.shape == (300, 5)
    assert_allclose(stars.sum(axis=1), 1, rtol=1e-5)
    predicted = fitted.predict(OTHER_TEXTS, output="dict")["stars"]
    assert_array_equal(predicted, (np.cumsum(stars, axis=1) < 0.5).sum(axis=1) + 1)
    assert predicted.dtype == fitted.classes_[0].dtype
    assert 0 < fitted.score(TEXTS, LABELS) <= 1


@pytest.mark.parametrize("rows", ["few", "many"])
def test_two_classes_are_a_binary_task(rows):
    texts, stars = (TEXTS, STARS) if rows == "few" else (MANY_TEXTS, MANY_STARS)
    y = {"liked": np.where(stars > 3, "yes", "no"), "stars": (stars > 2) * 1}
    # Calibration is not the same: that of categorical tasks knows shares of classes.
    plain = {"logit_adjustment": 0, "alpha": 0.0, "temperature": 1.0}
    fits = [
        make(task_types=types, max_iter="auto", **plain).fit(texts, y)
        for types in (None, {"liked": Ordinal(["no", "yes"]), "stars": "ordinal"})
    ]
    assert_same(*fits, OTHER_TEXTS, tolerance=1e-5)
    predicted = [clf.predict(OTHER_TEXTS) for clf in fits]
    assert (predicted[0] == predicted[1]).mean() > 0.995  # but for rounding
    names = [list(clf.net_.module_.state_dict()) for clf in fits]
    assert names[0] == names[1]
    effects = [clf._feature_effects(texts, "both")[1] for clf in fits]
    for ours, theirs in zip(*effects, strict=True):
        assert_allclose(ours, theirs, atol=1e-4)


def test_without_an_ordinal_task_the_network_is_what_it_was():
    clf = make(task_types=None).fit(TEXTS, LABELS)
    assert not hasattr(clf.net_.module_, "links")
    assert not any(name.startswith("network") for name in clf.net_.module_.state_dict())


def test_a_seed_gives_the_same_again(fitted):
    assert_same(fitted, make().fit(TEXTS, LABELS))


def test_tasks_beside_it_learn_from_the_same_batches():
    # With nothing shared, whether another task is ordinal changes nothing.
    y = {"stars": STARS, "topic": TOPIC}
    fits = [make(task_types=t, trunk=None).fit(TEXTS, y) for t in (TYPES, None)]
    topics = [clf.predict_proba(OTHER_TEXTS)[1] for clf in fits]
    assert_allclose(*topics, atol=1e-6)


def test_rows_without_any_label_change_nothing(fitted):
    texts = [*TEXTS, "great film", "awful tea"]
    longer = {name: [*cells, None, np.nan] for name, cells in LABELS.items()}
    clf = make(vectorizer=fitted.vectorizer_).fit(texts, longer)
    assert_same(clf, make(vectorizer=fitted.vectorizer_).fit(TEXTS, LABELS))


def numbers(dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)).astype(dtype)
    return X, np.digitize(X[:, 0] + rng.normal(0, 0.5, 60), [-1, 0, 1])


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_those_of_the_rows(kind, dtype):
    X, y = numbers(dtype)
    clf = make(task_types={"task0": "ordinal"}).fit(kind(X), y)
    assert clf.predict_proba(kind(X)).dtype == dtype
    assert thresholds_of(clf).dtype == dtype
    assert clf.predict(kind(X)).shape == (60,)
    one = clf.predict_proba(kind(X[:1]))
    assert_allclose(one, clf.predict_proba(kind(X))[:1], rtol=1e-5)


def test_a_weight_of_two_is_the_row_given_twice():
    X, y = numbers()
    times = np.random.default_rng(1).integers(1, 4, 60)
    clf = make(task_types={"task0": "ordinal"}, max_iter=30)
    weighted = clone(clf).fit(X, y, sample_weight=times).predict_proba(X)
    repeated = clone(clf).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    assert_allclose(weighted, repeated.predict_proba(X), rtol=1e-7)


def test_class_weights_move_labels_towards_a_class():
    heavy = make(class_weight={"stars": {5: 20.0}}).fit(TEXTS, LABELS)
    even = make(class_weight={"stars": "balanced"}).fit(TEXTS, LABELS)
    plain = make().fit(TEXTS, LABELS)
    means = [
        clf.predict(OTHER_TEXTS, output="dict")["stars"].mean()
        for clf in (heavy, plain)
    ]
    assert means[0] > means[1] + 0.2
    assert np.abs(thresholds_of(even) - thresholds_of(plain)).max() > 0.05


def test_it_is_not_adjusted_for_rare_classes():
    fits = [
        make(logit_adjustment=tau).fit(TEXTS, {"stars": STARS}) for tau in (0.0, 1.0)
    ]
    assert_same(*fits)


@pytest.mark.parametrize("sharing", ["shared-private", "hard", "separate", None])
def test_every_sharing_takes_it(sharing):
    params = {"trunk": None} if sharing is None else {"sharing": sharing}
    clf = make(max_iter="auto", **params).fit(TEXTS, LABELS)
    error = mean_absolute_error(
        OTHER_STARS, clf.predict(OTHER_TEXTS, output="dict")["stars"]
    )
    assert error < 0.9
    if sharing in ("shared-private", "hard"):
        assert clf.transform(TEXTS).shape[0] == len(TEXTS)


@pytest.mark.parametrize(("n_rows", "slope"), [(FEW, 0.2), (FEW + 1, 0.1)])
def test_few_full_batches_learn_a_scale_faster(n_rows, slope):
    shares = np.log([0.2, 0.5, 0.3])
    spec = InputSpec(9, sparse=True, scale=1.0, n_rows=n_rows)
    network = build_network(
        HardSharing(),
        BagTrunk(4),
        spec,
        [1],
        torch.float32,
        None,
        [task_of(3)],
        [shares],
    )
    assert float(network.links[0].slope) == pytest.approx(slope)
    assert "links.0.slope" in network.state_dict()  # for a warm start


def test_it_survives_copies(fitted):
    assert_same(fitted, pickle.loads(pickle.dumps(fitted)))
    assert_same(fitted, copy.deepcopy(fitted))
    clf = make(task_types={"stars": Ordinal(SCALE)})
    again = clone(clf)
    assert again.task_types["stars"] is not clf.task_types["stars"]
    assert again.task_types["stars"].classes == SCALE
    assert "Ordinal(classes=['awful'" in repr(clf)


def test_a_warm_start_goes_on_with_its_thresholds(fitted):
    clf = copy.deepcopy(fitted).set_params(
        warm_start=True, max_iter=1, learning_rate_init=1e-12
    )
    fewer = {"stars": [1, 5, 3] * 50, "topic": TOPIC}  # of other shares
    assert_same(clf.fit(TEXTS, fewer), fitted, tolerance=1e-6)
    assert_allclose(thresholds_of(clf), thresholds_of(fitted), atol=1e-6)
    clf.set_params(learning_rate_init="auto", max_iter=20).fit(TEXTS, fewer)
    assert np.abs(thresholds_of(clf) - thresholds_of(fitted)).max() > 0.05


@pytest.mark.parametrize(
    "task_type", ["multiclass", Ordinal([1, 2, 3]), Ordinal(["a", "b"])]
)
def test_a_warm_start_keeps_to_its_classes(fitted, task_type):
    clf = copy.deepcopy(fitted).set_params(
        warm_start=True, task_types={"stars": task_type}
    )
    message = r"type of y\['stars'\], 'ordinal', and its classes \[1, 2, 3, 4, 5\]. Got"
    with pytest.raises(ValueError, match=message):
        clf.fit(TEXTS, LABELS)
    listed = Ordinal([1, 2, 3, 4, 5])
    clf.set_params(task_types={"stars": listed}, max_iter=1).fit(TEXTS, LABELS)


@pytest.mark.parametrize("over", ["stars", "mean"])
def test_training_may_stop_by_the_error(over):
    y = {"stars": MANY_STARS, "topic": ["tea" in text for text in MANY_TEXTS]}
    y["topic"] = np.where(y["topic"], "tea", "other")
    clf = make(
        early_stopping=True,
        early_stopping_metric=f"neg_mean_absolute_error_{over}",
        max_iter=8,
        n_iter_no_change=2,
    ).fit(MANY_TEXTS, y)
    scores = [epoch["valid_score_stars"] for epoch in clf.history_]
    assert max(scores) < 0
    # Texts without an order have no such score.
    assert np.isnan([epoch["valid_score_topic"] for epoch in clf.history_]).all()
    assert scores == [epoch["valid_score_mean"] for epoch in clf.history_]


def test_training_does_not_stop_by_the_error_of_texts():
    clf = make(
        early_stopping=True, early_stopping_metric="neg_mean_absolute_error_topic"
    )
    message = "mean_absolute_error of 'topic'.*not defined.*without an order"
    with pytest.raises(ValueError, match=message):
        clf.fit(TEXTS, LABELS)


def named(stars):
    return [None if star is None else SCALE[star - 1] for star in stars]


def test_texts_in_an_order_are_like_numbers(fitted):
    y = {"stars": named(STARS_GIVEN), "topic": TOPIC}
    clf = make(task_types={"stars": Ordinal(SCALE)}).fit(TEXTS, y)
    assert clf.classes_[0].tolist() == SCALE
    assert_same(clf, fitted)
    stars = fitted.predict(OTHER_TEXTS, output="dict")["stars"].tolist()
    assert clf.predict(OTHER_TEXTS, output="dict")["stars"].tolist() == named(stars)


def test_a_listed_class_needs_no_cell():
    y = {"stars": [None if star == 3 else star for star in STARS.tolist()]}
    clf = make(task_types={"stars": Ordinal([1, 2, 3, 4, 5])}).fit(TEXTS, y)
    (probabilities,) = clf.predict_proba(OTHER_TEXTS)
    assert probabilities.shape == (300, 5)
    assert np.isfinite(probabilities).all()


def test_a_single_class_is_always_predicted():
    with pytest.warns(UserWarning, match=r"\['stars'\] have a single class"):
        clf = make(max_iter=2).fit(["great film"], {"stars": [4]})
    assert clf.predict(TEXTS[:2]).tolist() == [[4], [4]]
    assert_array_equal(clf.predict_proba(TEXTS[:2])[0], [[1.0], [1.0]])


def test_the_scorer_knows_the_order_of_texts(fitted):
    y = {"stars": named(STARS_GIVEN), "topic": TOPIC}
    clf = make(task_types={"stars": Ordinal(SCALE)}).fit(TEXTS, y)
    metrics = ["neg_mean_absolute_error", "quadratic_kappa", "neg_log_loss"]
    of_texts = multitask_scorer(metrics)(clf, TEXTS, y)
    of_numbers = multitask_scorer(metrics)(fitted, TEXTS, LABELS)
    assert of_texts == pytest.approx(of_numbers, nan_ok=True)
    assert np.isnan(of_texts["quadratic_kappa_topic"])
    by_hand = multitask_scores(
        y, clf.predict(TEXTS, output="dict"), metrics[:2], orders={"stars": SCALE}
    )
    expected = of_texts["neg_mean_absolute_error_stars"]
    assert by_hand["stars"]["neg_mean_absolute_error"] == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_it_can_be_searched_and_cross_validated():
    y = pd.DataFrame({"stars": named(STARS_GIVEN), "topic": TOPIC})
    clf = make(task_types={"stars": Ordinal(SCALE)}, max_iter=5)
    scoring = multitask_scorer("neg_mean_absolute_error")
    folds = MultiTaskStratifiedKFold(3)
    scores = cross_validate(clf, TEXTS, y, cv=folds, scoring=scoring)
    assert (scores["test_stars"] < 0).all()
    search = LossWeightSearchCV(
        clf, [{"stars": 1}, {"stars": 3}], cv=folds, scoring=scoring, refit="stars"
    ).fit(TEXTS, y)
    assert search.best_score_ == search.cv_results_["mean_test_stars"].max()
    assert_allclose(
        search.cv_results_["mean_test_stars"][0], scores["test_stars"].mean()
    )
    assert set(search.predict(TEXTS)[:, 0]) <= set(SCALE)


def test_a_view_is_an_ordinary_classifier(fitted):
    view = task_view(fitted, "stars")
    expected = fitted.predict(TEXTS, output="dict")["stars"]
    assert_array_equal(view.predict(TEXTS), expected)
    assert_allclose(view.predict_proba(TEXTS).sum(axis=1), 1)
    assert view.classes_.tolist() == [1, 2, 3, 4, 5]


def test_a_view_of_texts_in_an_order_can_be_calibrated():
    y = {"stars": named(STARS.tolist())}
    clf = make(task_types={"stars": Ordinal(SCALE)}).fit(TEXTS, y)
    view = task_view(clf, "stars")
    assert view.classes_.tolist() == sorted(SCALE)
    (probabilities,) = clf.predict_proba(TEXTS)
    for label, column in zip(SCALE, probabilities.T, strict=True):
        place = view.classes_.tolist().index(label)
        assert_allclose(view.predict_proba(TEXTS)[:, place], column, rtol=1e-5)
    others = named(OTHER_STARS.tolist())
    calibrated = CalibratedClassifierCV(view).fit(OTHER_TEXTS, others)
    assert calibrated.score(OTHER_TEXTS, others) > 0.4


def test_a_report_has_a_row_for_each_class(fitted):
    report = multitask_report(LABELS, fitted.predict(TEXTS, output="dict"))
    assert list(report.tasks["stars"]["classes"]) == [1, 2, 3, 4, 5]


def test_confusions_stand_in_the_order_of_texts():
    sizes = ["small", "large", "middle"] * 8
    texts = ["a little", "a lot", "some"] * 8
    types = {"task0": Ordinal(["small", "middle", "large"])}
    clf = MultiTaskTextClassifier(task_types=types, random_state=0, max_iter=5)
    display = ConfusionMatricesDisplay.from_estimator(
        clf.fit(texts, sizes), texts, sizes
    )
    assert display.labels["task0"] == ["small", "middle", "large"]
    plt.close(display.figure_)


def test_words_that_raise_the_stars_speak_for_the_top():
    clf = make(vectorizer=CountVectorizer(), max_iter=40).fit(
        TEXTS, {"stars": STARS, "topic": TOPIC}
    )
    words = top_words(clf, TEXTS, n_words=3)
    assert words.words["stars"][5][0] == "great"
    assert words.words["stars"][1][0] == "awful"
    assert words.words["stars"][3] == []
    assert (
        words.words["topic"]["tea"] == ["tea"] or "tea" in words.words["topic"]["tea"]
    )
    strongest = words.effects["stars"]
    assert_allclose(strongest[5], 2 * strongest[4], rtol=1e-5)


@pytest.mark.parametrize("sharing", ["hard", SharedPrivate()])
def test_effects_are_places_times_the_mean_slope_of_the_logit(sharing):
    X, y = numbers()
    y = {"grade": y, "sign": X[:, 1] > 0}
    clf = make(task_types={"grade": "ordinal"}, sharing=sharing).fit(X, y)
    grade, sign = clf._feature_effects(X, "both")[1]
    module = clf.net_.module_
    rows = torch.tensor(X, requires_grad=True)
    module.eval()
    (slope,) = torch.autograd.grad(module(rows).logits[0][:, 0].mean(), rows)
    slope = slope.sum(dim=0).numpy()
    assert_allclose(grade, slope[:, None] * [-1.5, -0.5, 0.5, 1.5], atol=1e-10)
    assert grade[0, 3] > 0.1  # the grade goes by the first feature
    assert sign[1, 1] > 0.1


def test_strings_under_ordinal_need_their_order():
    with pytest.raises(ValueError, match=r"y\['topic'\] cannot be ordinal: its labels"):
        make(task_types={"topic": "ordinal"}).fit(TEXTS, LABELS)


# Numbers written out ------------------------------------------------------------------


def test_logits_of_exceeding_a_class_are_a_tenth_of_the_output_less_thresholds():
    link = Thresholds(np.log([0.2, 0.3, 0.5]))
    found = link(torch.tensor([[0.0], [30.0]], dtype=torch.double)).detach()
    # P(y > 0) is 0.8 and P(y > 1) is 0.5, where the output is 0.
    start = torch.tensor([np.log(0.8 / 0.2), 0.0], dtype=torch.double)
    torch.testing.assert_close(found, torch.stack([start, start + 3.0]))


def test_gaps_are_softplus_of_ten_times_what_is_learnt_and_a_thousandth():
    link = Thresholds(np.log([0.25, 0.25, 0.25, 0.25]))
    with torch.no_grad():
        link.raw_gaps.copy_(torch.tensor([0.0, 0.1]))
    gaps = link.thresholds().diff().detach().numpy()
    assert_allclose(gaps, 0.001 + np.log1p(np.exp([0.0, 1.0])), rtol=1e-6)


def test_thresholds_start_two_thousandths_apart_at_least():
    link = Thresholds(np.log([0.5, 1e-9, 0.5]))
    assert link.thresholds().diff().item() == pytest.approx(0.002, rel=1e-6)


def test_no_share_is_smaller_than_a_millionth_at_the_start():
    first, last = Thresholds(np.log([1e-9, 0.5, 0.5])).thresholds().tolist()
    assert first == pytest.approx(np.log(1e-6), rel=1e-5)
    assert last == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("n_new", "shown"), [(4, "[1, 2, 3, 4]"), (6, "[1, 2, 3, 4, 5]")]
)
def test_a_message_shows_five_labels_and_ten_classes(n_new, shown):
    listed = list(range(10, 22))
    cells = np.array([*range(1, n_new + 1), 10])
    match = (
        rf"^{n_new} of its cells hold labels that are not among the classes "
        rf"\[10, 11, 12, 13, 14, 15, 16, 17, 18, 19\]: {re.escape(shown)}\. Add"
    )
    with pytest.raises(ValueError, match=match):
        Ordinal(listed).fit(cells)


@pytest.mark.parametrize(
    ("listed", "cells", "message"),
    [
        ([1, 1, 2, 3, 3], [1], r"once\. Got \[1, 3\] several times"),
        (list("aabbccddeeff"), ["a"], r"Got \['a', 'b', 'c', 'd', 'e'\] several"),
        ([], [1], r"lowest first, none of them empty\. Got \[\]"),
        ([1, None], [1], r"none of them empty\. Got \[1, None\]"),
        ([[1, 2]], [1], r"none of them empty\. Got \[\[1, 2\]\]"),
        ([3, 1, 2], ["a", "b"], r"Got the label 'a' and the classes \[3, 1, 2\]"),
    ],
)
def test_what_is_wrong_with_a_list_of_classes(listed, cells, message):
    with pytest.raises(ValueError, match=message):
        Ordinal(listed).fit(np.array(cells, dtype=object))


def test_listed_classes_take_the_type_of_the_labels_where_they_can():
    own = Ordinal([1, 2, 3]).fit(np.array([1.0, 3.0]))
    assert own.classes_.dtype == np.float64
    other = Ordinal([1, 300]).fit(np.array([1], dtype=np.int8))
    assert other.classes_.tolist() == [1, 300]


def test_an_ordinal_task_is_ordered_and_has_one_output():
    task = Ordinal(["low", "high"]).fit(np.array(["low"], dtype=object))
    assert task.is_ordered
    assert task.n_logits == 1
    assert task.code_sizes == [2]
    assert not task.is_multilabel
    assert not task.is_tuned


def test_a_class_is_exceeded_by_more_than_a_half():
    task = task_of(3)
    assert task.choose(np.array([[0.5, 0.25, 0.25], [0.5, 0.0, 0.5]])).tolist() == [
        0,
        0,
    ]
    assert task.choose(np.array([[0.4, 0.1, 0.5], [0.4, 0.0, 0.6]])).tolist() == [1, 2]
    logits = np.array([[0.0, -1.0], [0.1, 0.0], [0.2, 0.1]])
    assert task.choose(task.probabilities(logits)).tolist() == [0, 1, 2]
