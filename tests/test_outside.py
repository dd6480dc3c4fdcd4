"""Strategies from outside the package obey the laws of those within.

tests/outside/ has one of each family, written as a user would write it. The laws are
those of other files, which hold for whatever strategies they are given.
"""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import test_classifier
import test_every_network
import test_laws
import test_sharing
from numpy.testing import assert_allclose, assert_array_equal
from outside.balancing import EvenGradients, UncertaintyWeights
from outside.sharing import TaskGroups
from outside.task_type import Count
from outside.trunk import TwoLayers
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.inspection import top_words
from sklearn_mtl.labels._tables import as_label_table
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.metrics._fitted import label_reader
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, task_view
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import SharedPrivate
from sklearn_mtl.tasks import Categorical, MultiLabel, Ordinal
from sklearn_mtl.trunks import BagTrunk

TRUNK, SHARING = TwoLayers(n_units=6), TaskGroups({"topic": "own"}, 0.01)
PAIRS = [
    (TRUNK, SharedPrivate()),
    (BagTrunk(6), SHARING),
    (TRUNK, SHARING),
]
FAMILIES = {
    "task type": {"task_types": {"topic": Count()}},
    "trunk": {"trunk": TRUNK},
    "sharing": {"sharing": SHARING},
    "balancing": {"loss_weights": UncertaintyWeights()},
    "balancing by gradients": {"loss_weights": EvenGradients()},
}
FAMILIES["all"] = {name: v for own in FAMILIES.values() for name, v in own.items()}
# There is no vector that all tasks read.
FAMILIES["all"]["loss_weights"] = UncertaintyWeights()

each_family = pytest.mark.parametrize("params", FAMILIES.values(), ids=FAMILIES)
TEXTS, LABELS = test_classifier.TEXTS, test_classifier.LABELS
TABLE = pd.DataFrame(LABELS)  # numbers with empty cells are floats in it


def make(params, **others):
    settings = {"max_iter": 4, "random_state": 0} | params | others
    return MultiTaskTextClassifier(**settings)


pairs = pytest.mark.parametrize(("trunk", "sharing"), PAIRS, ids=str)


@pytest.mark.parametrize(
    "law",
    [
        test_sharing.test_one_tensor_of_logits_a_task,
        test_sharing.test_gradient_reaches_every_parameter,
        test_sharing.test_a_row_has_the_same_logits_in_any_batch,
        test_sharing.test_same_seed_same_network,
        test_laws.test_every_task_has_a_loss_that_reaches_its_weights,
        test_laws.test_a_missing_cell_moves_nothing,
        test_laws.test_a_training_step_reads_every_task,
        test_laws.test_a_row_alone_has_the_logits_it_has_among_others,
    ],
    ids=lambda law: law.__name__,
)
@pairs
def test_networks_obey_the_laws_of_networks(law, trunk, sharing, monkeypatch):
    tasks = list(test_laws.TASKS)
    tasks[2] = Count().fit(np.arange(4))
    monkeypatch.setattr(test_laws, "TASKS", tasks)
    n_tasks = len(tasks if law.__module__ == "test_laws" else test_sharing.N_LOGITS)
    names = ["tone", "topic", "stars", "tags", "asymmetric"][:n_tasks]
    law(clone(sharing).for_tasks(names), trunk)


def test_without_trunk_there_is_a_linear_path_alone():
    test_sharing.test_without_trunk_there_is_a_linear_path_alone(
        clone(SHARING).for_tasks(["tone", "topic", "stars"])
    )


@pytest.mark.parametrize(
    "law",
    [
        test_every_network.test_it_predicts_labels_of_every_task,
        test_every_network.test_threads_predict_as_one,
        test_every_network.test_a_pickle_predicts_the_same,
        test_every_network.test_a_warm_start_goes_on,
        test_every_network.test_it_stops_early,
        test_every_network.test_a_search_finds_what_fits_of_their_own_give,
        test_every_network.test_a_search_goes_on_where_a_fold_fails,
        test_every_network.test_top_words_are_found_or_refused,
    ],
    ids=lambda law: law.__name__,
)
@pairs
def test_networks_do_what_every_network_does(law, trunk, sharing, monkeypatch):
    monkeypatch.setitem(test_every_network.TRUNKS, str(trunk), trunk)
    monkeypatch.setitem(test_every_network.SHARINGS, str(sharing), sharing)
    law(str(trunk), str(sharing))


@pytest.mark.parametrize(
    "law",
    [
        test_classifier.test_rows_of_weight_zero_count_as_absent,
        test_classifier.test_cells_of_weight_zero_count_as_missing,
        test_classifier.test_only_the_ratio_of_weights_counts,
        test_classifier.test_a_row_weight_is_the_weight_of_all_its_cells,
    ],
    ids=lambda law: law.__name__,
)
@each_family
def test_fits_obey_the_laws_of_weights(law, params, monkeypatch):
    monkeypatch.setattr(test_classifier, "make", lambda **own: make(params, **own))
    law()


def texts_without_labels():
    texts = [*TEXTS[:3], "nobody said anything", *TEXTS[3:], "nor here"]
    labels = {t: [*own[:3], None, *own[3:], None] for t, own in LABELS.items()}
    return texts, labels


@each_family
def test_rows_without_a_label_change_nothing(params):
    clf = make(params).fit(*texts_without_labels())
    test_classifier.assert_same(clf, make(params).fit(TEXTS, LABELS))


@each_family
def test_an_estimator_is_cloned_and_pickled(params):
    clf = make(params)
    fitted = clone(clf).fit(TEXTS, LABELS)
    wanted = fitted.predict_proba(TEXTS)
    others = [clone(fitted).fit(TEXTS, LABELS), pickle.loads(pickle.dumps(fitted))]
    for other in others:
        for found, own in zip(other.predict_proba(TEXTS), wanted, strict=True):
            assert_allclose(found, own, rtol=0, atol=1e-12)
        assert_array_equal(other.predict(TEXTS), fitted.predict(TEXTS))
    assert {**clf.get_params(deep=False), **params} == clf.get_params(deep=False)
    last = fitted.history_[-1]
    assert np.isfinite(list(last.values())).all()
    assert fitted.loss_weights_ == {t: last[f"weight_{t}"] for t in LABELS}


@each_family
def test_a_warm_start_goes_on(params):
    clf = make(params, warm_start=True, max_iter=2).fit(TEXTS, LABELS)
    before = clf.history_
    clf.fit(TEXTS, LABELS)
    assert clf.n_iter_ == 4
    assert clf.history_[:2] == before


@each_family
def test_it_stops_early(params):
    clf = make(
        params,
        early_stopping=True,
        n_iter_no_change=1,
        validation_fraction=0.3,
    ).fit(TEXTS, LABELS)
    assert 1 <= clf.best_iter_ <= clf.n_iter_ <= 4


GRIDS = {
    "task type": {"task_types": [{"topic": Count()}, {"topic": Count(most=5)}]},
    "trunk": {"trunk__n_hidden": [2, 5]},
    "sharing": {"sharing__groups": [{}, {"topic": "own"}]},
    "balancing": {"loss_weights__start": [0.0, 1.0]},
    "balancing by gradients": {"loss_weights__memory": [0.1, 0.9]},
}
CV = MultiTaskStratifiedKFold(2, shuffle=True, random_state=0)


@pytest.mark.parametrize("family", GRIDS)
def test_their_parameters_are_searched(family):
    search = GridSearchCV(
        make(FAMILIES[family]), GRIDS[family], cv=CV, error_score="raise"
    ).fit(TEXTS, TABLE)
    by_hand = [
        [
            clone(search.estimator)
            .set_params(**params)
            .fit([TEXTS[k] for k in train], TABLE.iloc[train])
            .score([TEXTS[k] for k in test], TABLE.iloc[test])
            for train, test in CV.split(TEXTS, TABLE)
        ]
        for params in search.cv_results_["params"]
    ]
    assert_allclose(search.cv_results_["mean_test_score"], np.mean(by_hand, axis=1))


@each_family
def test_loss_weights_are_searched(params):
    candidates = [{"tone": 2.0}, UncertaintyWeights(), UncertaintyWeights(start=1.0)]
    if "sharing" not in params:
        candidates.append(EvenGradients())
    settings = {"scoring": multitask_scorer(), "refit": "mean", "cv": CV}
    fast = LossWeightSearchCV(make(params), candidates, **settings)
    slow = GridSearchCV(make(params), {"loss_weights": candidates}, **settings)
    for search in (fast, slow):
        search.set_params(error_score="raise").fit(TEXTS, TABLE)
    for name in ("mean_test_mean", "mean_test_worst"):
        assert_allclose(fast.cv_results_[name], slow.cv_results_[name])
    assert fast.predict(TEXTS).shape == (len(TEXTS), 3)


def test_a_count_is_predicted_as_a_number():
    clf = make(FAMILIES["task type"], max_iter=60).fit(TEXTS, LABELS)
    assert clf.task_types_["topic"] == "count"
    predicted = clf.predict(TEXTS, output="dict")["topic"]
    assert predicted.dtype.kind == "i"
    labelled = [k for k, cell in enumerate(test_classifier.TOPIC) if cell is not None]
    hits = [predicted[k] == test_classifier.TOPIC[k] for k in labelled]
    assert np.mean(hits) > 0.8
    errors = multitask_scorer("neg_mean_absolute_error")(clf, TEXTS, LABELS)
    assert errors["topic"] > -0.3
    words = top_words(clf, TEXTS, n_words=2).words["topic"]
    assert list(words) == [0, 1, 2]


def test_a_warm_start_of_another_type_is_refused():
    clf = make(FAMILIES["task type"], warm_start=True).fit(TEXTS, LABELS)
    clf.set_params(task_types={"topic": Count(most=9)})
    with pytest.raises(ValueError, match=r"warm_start keeps the type .*'count'"):
        clf.fit(TEXTS, LABELS)


class Priced(Count):
    """A count with a parameter that is an array, or None."""

    def __init__(self, prices=None):
        super().__init__()
        self.prices = prices


@pytest.mark.parametrize("prices", [None, np.arange(3.0)], ids=["none", "array"])
@pytest.mark.parametrize("others", [None, np.arange(3.0), np.ones(3)], ids=str)
def test_a_warm_start_compares_parameters_that_are_arrays(prices, others):
    task = Priced(prices).fit(np.arange(3))
    assert task.matches(Priced(others)) is np.array_equal(prices, others)


def test_what_a_type_refuses_is_said_of_its_task():
    with pytest.raises(ValueError, match=r"y\['tone'\] cannot be count: counts are"):
        make({}, task_types={"tone": Count()}).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match=r"y\['topic'\] cannot be count: most is 1"):
        make({}, task_types={"topic": Count(most=1)}).fit(TEXTS, LABELS)


def test_learnt_weights_move_and_go_on():
    clf = make(FAMILIES["balancing"], warm_start=True, max_iter=60).fit(TEXTS, LABELS)
    first = clf.loss_weights_
    assert max(first.values()) > 1.1
    clf.set_params(max_iter=1).fit(TEXTS, LABELS)
    for task, weight in clf.loss_weights_.items():
        assert weight == pytest.approx(first[task], abs=0.02)
    clf.set_params(loss_weights="auto").fit(TEXTS, LABELS)
    assert clf.loss_weights_ == make({}).fit(TEXTS, LABELS).loss_weights_
    clf.set_params(loss_weights=UncertaintyWeights()).fit(TEXTS, LABELS)
    assert clf.loss_weights_ == pytest.approx(dict.fromkeys(LABELS, 1), abs=0.02)


def test_gradients_of_tasks_become_even():
    clf = make(FAMILIES["balancing by gradients"]).fit(TEXTS, LABELS)
    weights = list(clf.loss_weights_.values())
    assert len(set(weights)) == 3
    assert np.mean(weights) == pytest.approx(1)


def test_penalties_of_a_network_are_in_the_history():
    clf = make(FAMILIES["sharing"]).fit(TEXTS, LABELS)
    assert all(epoch["penalty_logits"] > 0 for epoch in clf.history_)
    clf.set_params(sharing__penalty=0.5, warm_start=True).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="The sharing had groups="):
        clf.set_params(sharing__groups={}).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sharing": TaskGroups({"mood": "a"})}, r"groups names \['mood'\]"),
        ({"sharing": TaskGroups(3)}, "The 'groups' parameter of TaskGroups must"),
        ({"trunk": TwoLayers(0)}, "The 'n_hidden' parameter of TwoLayers must"),
        (
            {"loss_weights": UncertaintyWeights("a")},
            "The 'start' parameter of UncertaintyWeights must",
        ),
        ({"loss_weights": UncertaintyWeights(0.0, tasks=["mood"])}, "no task 'mood'"),
        (
            {"task_types": {"topic": Count("a")}},
            r"y\['topic'\] cannot be count: The 'most' parameter of Count must",
        ),
    ],
    ids=str,
)
def test_their_parameters_are_checked_before_any_work(params, message):
    class Vectorizer(TfidfVectorizer):
        def fit_transform(self, texts, y=None):
            raise AssertionError("work was done")

    with pytest.raises(ValueError, match=message):
        make(params, vectorizer=Vectorizer()).fit(TEXTS, LABELS)


class Severity(Ordinal):
    """A subclass of a type within, whose texts have an order."""


class Levels(Categorical):
    """An ordered type of a name of its own."""

    name, is_ordered = "levels", True

    def __init__(self, classes):
        self.classes = classes

    def fit(self, cells, order=None):
        self.classes_ = np.array(self.classes)
        return self


class Tags(MultiLabel):
    name = "tags"


@pytest.mark.parametrize("kind", [Severity, Levels])
def test_scores_and_displays_know_an_order_from_outside(kind):
    order = ["low", "fair", "high"]
    labels = {"mood": [order[k % 3] for k in range(len(TEXTS))]}
    clf = make({}, task_types={"mood": kind(order)})
    assert label_reader(clf).orders == {"mood": order}
    assert label_reader(clf.fit(TEXTS, labels)).orders == {"mood": order}
    score = multitask_scorer("neg_mean_absolute_error")
    assert -2 < score(clf, TEXTS, labels)["mood"] <= 0
    table = as_label_table(
        pd.DataFrame({"mood": pd.Categorical(labels["mood"], order, ordered=True)})
    )
    reader = label_reader(make({}, task_types={"mood": Severity()}))
    assert reader.orders_of(table) == {"mood": order}


def test_a_view_knows_sets_of_a_type_from_outside():
    labels = {
        "tags": [["x"], ["x", "y"], [], ["y"], ["x"]] * 5,
        "tone": [0, 1] * 12 + [0],
    }
    clf = make({}, task_types={"tags": Tags()}).fit(TEXTS, labels)
    assert clf.task_types_["tags"] == "tags"
    view = task_view(clf, "tags", label="x")
    assert view.classes_.tolist() == [False, True]


def test_a_strategy_with_a_line_in_the_package_has_a_name():
    # In a process of its own, since parameters are read off the tables on import.
    code = """
from outside import balancing, sharing, task_type, trunk
from sklearn_mtl import balancing as balancings, sharing as sharings, tasks, trunks

class Pooled(sharing.TaskGroups):
    def __init__(self, groups={}, penalty=0.0):
        super().__init__(groups, penalty)

tasks.ALIASES["count"] = task_type.Count
trunks.TRUNK_ALIASES["two"] = trunk.TwoLayers
sharings.ALIASES["pooled"] = Pooled
balancings.BALANCING_ALIASES["uncertainty"] = balancing.UncertaintyWeights

from sklearn_mtl import MultiTaskTextClassifier

clf = MultiTaskTextClassifier(
    trunk="two",
    sharing="pooled",
    loss_weights="uncertainty",
    task_types={"n": "count"},
    warm_start=True,
    max_iter=1,
)
for _ in range(2):
    clf.fit(["a b", "b c", "c d"], {"n": [0, 1, 2]})
found = clf.trunk_, clf.sharing_, clf.targets_.tasks[0], clf.net_.criterion_.balancing
names = [type(strategy).__name__ for strategy in found]
assert names == ["TwoLayers", "Pooled", "Count", "LearntWeights"], names
assert clf.task_types_ == {"n": "count"}
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


@pytest.mark.parametrize("family", ["task type", "sharing", "balancing"])
def test_rows_of_64_bits_stay_so(family):
    clf = make(FAMILIES[family]).fit(test_classifier.NUMBERS, LABELS)
    assert {own.dtype for own in clf.predict_proba(test_classifier.NUMBERS)} == {
        np.dtype(np.float64)
    }
