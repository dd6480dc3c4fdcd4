"""Hierarchical precision, recall and F1."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import KFold, cross_val_score

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.decisions import ConsistentMultiTaskClassifier
from sklearn_mtl.metrics import (
    hierarchical_scorer,
    hierarchical_scores,
    multitask_scores,
)

CONDITIONS = {
    "kind": ("sexist", "yes"),
    "detail": ("kind", {"threat": ["a", "b"], "slur": ["c"]}),
}
TRUE = {
    "sexist": ["yes", "yes", "no", "no"],
    "kind": ["threat", "slur", None, None],
    "detail": ["a", "c", None, None],
}


def scores(pred, true=TRUE, conditions=CONDITIONS, **options):
    return tuple(hierarchical_scores(true, pred, conditions, **options).values())


def test_perfect_rows():
    assert scores(TRUE) == (1, 1, 1)


def test_members_are_counted_over_all_rows():
    pred = {
        "sexist": ["yes", "no", "no", "yes"],
        "kind": ["threat", None, None, "slur"],
        "detail": ["b", None, None, "c"],
    }
    # Rows: 2 of 3 right; 0 of 1; 1 of 1; 0 of 3. True members: 3, 3, 1, 1.
    assert scores(pred) == pytest.approx((3 / 8, 3 / 8, 3 / 8))


def test_labels_imply_those_above_them():
    pred = {
        **TRUE,
        "sexist": ["no", "yes", "no", "no"],
        "kind": [None, "slur", None, None],
    }
    # The first row is {no, yes, threat, a}: "a" implies "threat" and "yes".
    assert scores(pred)[:2] == pytest.approx((8 / 9, 1))


def test_a_label_of_several_classes_implies_none_of_them():
    conditions = {"detail": ("kind", {"threat": ["a", "b"], "slur": ["a", "c"]})}
    true = {"kind": ["threat"], "detail": ["a"]}
    assert scores({"kind": ["slur"], "detail": ["a"]}, true, conditions)[:2] == (
        0.5,
        0.5,
    )
    assert scores({"kind": [None], "detail": ["a"]}, true, conditions)[:2] == (1, 0.5)
    assert scores({"kind": [None], "detail": ["b"]}, true, conditions)[:2] == (0.5, 0.5)


def test_predictions_where_a_label_is_excluded_are_wrong():
    true = {"sexist": ["no"], "kind": [None], "detail": [None]}
    pred = {"sexist": ["no"], "kind": [None], "detail": ["a"]}
    # {no, yes, threat, a} for {no}
    assert scores(pred, true)[:2] == (0.25, 1)


def test_what_is_unknown_does_not_count():
    true = {"sexist": ["yes", None], "kind": [None, None], "detail": [None, None]}
    pred = {"sexist": ["yes", "no"], "kind": ["slur", None], "detail": ["c", None]}
    assert scores(pred, true) == (1, 1, 1)
    # A label implies those above it, so they are known.
    true = {"sexist": [None], "kind": [None], "detail": ["a"]}
    pred = {"sexist": ["no"], "kind": [None], "detail": [None]}
    assert scores(pred, true) == (0, 0, 0)


def test_true_labels_that_contradict_do_not_count():
    true = {"sexist": ["no", "yes"], "kind": ["slur", "slur"], "detail": [None, "a"]}
    pred = {"sexist": ["no", "yes"], "kind": [None, "slur"], "detail": [None, "c"]}
    assert scores(pred, true)[1] == 1


def test_tasks_of_full_rows_are_micro_averaged():
    rng = np.random.default_rng(0)
    true, pred = (
        {"one": rng.integers(3, size=50), "two": rng.integers(3, size=50)}
        for _ in range(2)
    )
    every = {k: [0, 1, 2] for k in range(3)}  # implies nothing, excludes nothing
    wanted = precision_recall_fscore_support(
        np.concatenate([true["one"], true["two"] + 3]),
        np.concatenate([pred["one"], pred["two"] + 3]),
        average="micro",
    )
    found = scores(pred, true, {"two": ("one", every)})
    assert found == pytest.approx(wanted[:3])


def test_cells_of_several_labels():
    conditions = {"tags": ("kind", {"x": ["a", "b"], "y": ["b", "c"]})}
    true = {"kind": ["x", "y"], "tags": [["a", "b"], ["c"]]}
    pred = {"kind": ["x", "y"], "tags": [["a"], ["b", "c"]]}
    assert scores(pred, true, conditions)[:2] == pytest.approx((4 / 5, 4 / 5))


def test_weights_are_repeated_rows():
    pred = {**TRUE, "kind": ["slur", "slur", "threat", None]}
    times = [1, 2, 0, 3]
    rows = np.repeat(np.arange(4), times)
    repeated = [
        {n: np.array(c)[rows] for n, c in table.items()} for table in (pred, TRUE)
    ]
    assert scores(pred, sample_weight=times) == pytest.approx(scores(*repeated))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_frames_and_arrays(kind):
    pred = {**TRUE, "detail": ["b", "c", None, None]}
    wanted = scores(pred)
    turned = kind({name: pred[name] for name in reversed(pred)})
    assert scores(turned, kind(TRUE)) == wanted
    array = np.array(list(TRUE.values()), dtype=object).T
    assert scores(pred, array) == wanted
    marked = np.where(array == None, "-", array)  # noqa: E711
    assert scores(pred, marked, missing_label="-") == wanted


def test_no_labelled_cell():
    empty = {name: [None] * 4 for name in TRUE}
    with pytest.warns(UndefinedMetricWarning, match="No task of the conditions"):
        assert np.isnan(scores(TRUE, empty)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conditions": {"kind": "sexist"}}, r"Pass the attribute conditions_"),
        ({"conditions": {"mood": ("sexist", "yes")}}, "names unknown tasks"),
        ({"pred": {"sexist": ["no"] * 4}}, "y_pred must have exactly the tasks"),
        (
            {"pred": {name: own[:3] for name, own in TRUE.items()}},
            "must have the same rows. Got 4 and 3",
        ),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        scores(**{"pred": TRUE} | change)


@pytest.fixture(scope="module")
def consistent():
    texts = ["hit you", "you cow", "good day", "nice day"] * 10
    labels = {
        "sexist": ["yes", "yes", "no", "no"] * 10,
        "kind": ["threat", "slur", None, None] * 10,
    }
    classifier = MultiTaskTextClassifier(max_iter=5, random_state=0)
    found = ConsistentMultiTaskClassifier(classifier, {"kind": ("sexist", "yes")})
    return found.fit(texts, labels), texts, labels


def test_the_scorer_reads_the_conditions_of_the_classifier(consistent):
    found, texts, labels = consistent
    wanted = hierarchical_scores(labels, found.predict(texts), found.conditions_)
    assert hierarchical_scorer(output="dict")(found, texts, labels) == wanted
    for name, score in wanted.items():
        assert hierarchical_scorer(output=name)(found, texts, labels) == score
    plain = found.estimator_
    with pytest.raises(ValueError, match="has no attribute conditions_"):
        hierarchical_scorer()(plain, texts, labels)
    scorer = hierarchical_scorer(found.conditions_)
    assert scorer(plain, texts, labels) == pytest.approx(
        hierarchical_scores(labels, plain.predict(texts), found.conditions_)["f1"]
    )


def test_the_scorer_in_cross_validation(consistent):
    found, texts, labels = consistent
    scored = cross_val_score(
        found, texts, pd.DataFrame(labels), cv=KFold(2), scoring=hierarchical_scorer()
    )
    assert scored.tolist() == [1, 1]


def test_empty_predictions_of_labelled_cells():
    pred = {**TRUE, "detail": [None, "c", None, None]}
    with pytest.raises(ValueError, match="or use hierarchical_scores for tasks that"):
        multitask_scores(TRUE, pred)
    assert scores(pred)[:2] == pytest.approx((1, 7 / 8))


def test_bad_output():
    with pytest.raises(ValueError, match=r"output must be one of .* Got 'mean'"):
        hierarchical_scorer(output="mean")
    assert repr(hierarchical_scorer()) == "hierarchical_scorer(output='f1')"
