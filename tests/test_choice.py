"""Which candidate is best: limits, fronts and what cannot be reached."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.search import (
    HalvingLossWeightSearchCV,
    LossWeightSearchCV,
    best_where,
    pareto_front,
)

X, LABELS = make_multitask_texts(60, n_tasks=2, missing_rate=0.2, random_state=0)
Y = pd.DataFrame(LABELS, columns=["task0", "task1"])


def results(**scores):
    n_rows = len(next(iter(scores.values())))
    columns = {f"mean_test_{name}": np.array(own) for name, own in scores.items()}
    return {"params": [{"C": k} for k in range(n_rows)], **columns}


FOUND = results(
    topic=[0.9, 0.8, 0.7, np.nan], tone=[0.6, 0.8, 0.9, 1.0], mean=[0.7, 0.8, 0.75, 0]
)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (best_where(), 1),
        (best_where("topic"), 0),
        (best_where("topic", at_least={"tone": 0.8}), 1),
        (best_where("topic", at_least={"tone": 0.81, "mean": 0.7}), 2),
        (best_where("tone"), 3),
        (best_where("tone", at_least={"topic": 0.75}), 1),
        (best_where("tone", at_least={"tone": 0.7}), 3),
    ],
    ids=str,
)
def test_the_best_within_the_limits(choice, expected):
    index = choice(FOUND)
    assert index == expected
    assert isinstance(index, int)


def test_limits_that_no_candidate_reaches():
    choice = best_where("topic", at_least={"topic": 0.8, "tone": 0.85})
    message = (
        r"None of the 4 candidates reaches at_least=\{'topic': 0.8, 'tone': 0.85\}. "
        r"Each score alone is at best: topic 0.9, tone 1. The nearest candidate, "
        r"\{'C': 1\}, has topic 0.8, tone 0.8. Lower the limits"
    )
    with pytest.raises(ValueError, match=message):
        choice(FOUND)


def test_scores_that_are_all_missing():
    nothing = results(topic=[np.nan, np.nan])
    with pytest.raises(ValueError, match="No candidate has a score 'topic': all of"):
        best_where("topic")(nothing)
    with pytest.raises(ValueError, match="at best: topic nothing"):
        best_where("topic", at_least={"topic": 0.1})(nothing)


@pytest.mark.parametrize("args", [("colour",), ("topic", {"colour": 0.5})])
def test_a_score_that_there_is_not(args):
    choice = best_where(args[0], at_least=dict(args[1:] and args[1]))
    message = r"no score 'colour'. Its scores are \['topic', 'tone', 'mean'\]"
    with pytest.raises(ValueError, match=message):
        choice(FOUND)


@pytest.mark.parametrize(
    "limits", [0.8, ["tone"], {"tone": "high"}, {"tone": np.nan}, {1: 0.8}]
)
def test_limits_must_be_numbers_by_name(limits):
    with pytest.raises(ValueError, match="at_least must be a dict of a number"):
        best_where("topic", at_least=limits)


def test_the_best_must_be_a_name():
    with pytest.raises(ValueError, match=r"best must be the name.*Got \['topic'\]"):
        best_where(["topic"])


def test_how_it_is_shown():
    assert repr(best_where("topic")) == "best_where('topic')"
    shown = repr(best_where("topic", at_least={"tone": 0.8}))
    assert shown == "best_where('topic', at_least={'tone': 0.8})"


TABLES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8
)


@given(TABLES)
def test_the_front_is_all_that_limits_can_choose(rows):
    table = np.array(rows, dtype=float)
    found = results(a=table[:, 0], b=table[:, 1])
    front = pareto_front(found)
    chosen = {
        tuple(table[best_where("a", at_least={"b": limit})(found)])
        for limit in set(table[:, 1])
    }
    best = {
        row for row in chosen if not any(a >= row[0] and b > row[1] for a, b in chosen)
    }
    assert {tuple(table[k]) for k in front["index"]} == best


@given(TABLES, st.integers(0, 4))
def test_no_other_candidate_within_the_limits_is_better(rows, limit):
    assume(max(b for _, b in rows) >= limit)
    table = np.array(rows, dtype=float)
    best = best_where("a", at_least={"b": limit})(results(a=table[:, 0], b=table[:, 1]))
    within = table[table[:, 1] >= limit]
    assert table[best, 1] >= limit
    assert table[best, 0] == within[:, 0].max()


def test_a_front_is_a_table():
    front = pareto_front(FOUND)
    assert list(front) == ["index", "params", "mean_test_topic", "mean_test_tone"]
    assert_array_equal(front["index"], [1, 2, 0])  # by the mean of the scores
    assert front["params"].tolist() == [{"C": 1}, {"C": 2}, {"C": 0}]
    assert_allclose(front["mean_test_tone"], [0.8, 0.9, 0.6])
    assert pd.DataFrame(front).shape == (3, 4)
    assert_array_equal(pareto_front(FOUND, ["topic", "mean"])["index"], [0, 1])


def test_aggregates_are_no_scores_of_a_front():
    several = results(
        f1_mean=[1, 0], f1_a=[0, 1], f1_b=[0, 1], f1_worst=[1, 0], exact_match=[1, 0]
    )
    assert_array_equal(pareto_front(several)["index"], [1])
    # A task may have such an end to its name.
    one = results(mean=[1, 0], worst=[1, 0], a_mean=[0, 1], b=[0, 1])
    assert_array_equal(pareto_front(one)["index"], [1])


@pytest.mark.parametrize(
    ("found", "scores", "message"),
    [
        (results(score=[1, 2]), None, r"at least two scores. Got \['score'\]"),
        (FOUND, ["tone"], r"at least two scores. Got \['tone'\]"),
        (FOUND, "tone", "scores must be a list of names. Got 'tone'"),
        (FOUND, ["tone", "colour"], "no score 'colour'"),
    ],
)
def test_no_front(found, scores, message):
    with pytest.raises(ValueError, match=message):
        pareto_front(found, scores)


def test_of_a_search_by_halving_only_the_last_iteration_counts():
    halved = results(a=[9, 1, 5, 4], b=[9, 1, 4, 5]) | {"iter": np.array([0, 0, 1, 1])}
    assert_array_equal(np.sort(pareto_front(halved)["index"]), [2, 3])
    assert best_where("a")(halved) == 2
    assert best_where("b")(halved) == 3


CANDIDATES = [[1, 1], [1, 20], [20, 1]]
SETTINGS = {"cv": KFold(2), "scoring": multitask_scorer("neg_log_loss")}


def classifier():
    return MultiTaskTextClassifier(random_state=0, max_iter=2)


def test_every_search_refits_what_it_chooses():
    choice = best_where("task0", at_least={"task1": -10})
    ours = LossWeightSearchCV(classifier(), CANDIDATES, refit=choice, **SETTINGS)
    ours = clone(ours).fit(X, Y)
    grid = {"loss_weights": CANDIDATES}
    plain = GridSearchCV(classifier(), grid, refit=choice, **SETTINGS).fit(X, Y)
    means = ours.cv_results_["mean_test_task0"]
    assert ours.best_index_ == plain.best_index_ == means.argmax()
    assert ours.best_estimator_.loss_weights == CANDIDATES[means.argmax()]


@pytest.mark.parametrize("searcher", [LossWeightSearchCV, HalvingLossWeightSearchCV])
@pytest.mark.parametrize(
    ("choice", "scoring"),
    [
        (best_where("colour"), multitask_scorer()),
        (best_where("task0", at_least={"colour": 0.5}), multitask_scorer()),
        (best_where("colour"), multitask_scorer(output="mean")),
    ],
)
def test_scores_that_there_will_not_be_are_refused_before_any_work(
    searcher, choice, scoring, monkeypatch
):
    monkeypatch.setattr(MultiTaskTextClassifier, "_begin_each", None)
    search = searcher(classifier(), CANDIDATES, refit=choice, scoring=scoring, cv=2)
    with pytest.raises(ValueError, match="The search has no score 'colour'"):
        search.fit(X, Y)


def test_a_search_that_cannot_choose_keeps_the_previous_fit():
    search = LossWeightSearchCV(classifier(), CANDIDATES[:2], refit="mean", **SETTINGS)
    search.fit(X, Y)
    before = search.predict(X[:5])
    search.set_params(refit=best_where("task0", at_least={"task1": 0.5}))
    with pytest.raises(ValueError, match="None of the 2 candidates reaches"):
        search.fit(X, Y)
    assert_array_equal(search.predict(X[:5]), before)
