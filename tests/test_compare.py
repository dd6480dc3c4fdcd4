"""Whether sharing helps, and which task helps which."""

import re
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ttest_1samp
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    compare_sharing,
    task_affinity,
)
from sklearn_mtl.model_selection._affinity import TaskAffinity, without_task
from sklearn_mtl.model_selection._compare import (
    SharingComparison,
    _linear_model,
    _listed,
    _side,
)
from sklearn_mtl.model_selection._paired import (
    check_comparison,
    corrected_interval,
    different_splits,
    make_splits,
    with_seed,
)
from sklearn_mtl.model_selection._per_task import PerTask
from sklearn_mtl.tasks import Ordinal

X, Y = make_multitask_texts(150, n_tasks=3, missing_rate=0.2, random_state=0)
LABELS = {f"t{k}": column for k, column in enumerate(np.asarray(Y, dtype=object).T)}


def classifier(**params):
    return MultiTaskTextClassifier(**{"max_iter": 4} | params)


# One model a task --------------------------------------------------------------------


def test_a_model_per_task_is_fitted_to_labelled_rows():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(60, 3))
    y = np.where(rng.rand(60, 2) < 0.3, np.nan, rows[:, :2] > 0)
    models = PerTask(LogisticRegression()).fit(rows, y)
    for k in range(2):
        own = ~np.isnan(y[:, k])
        alone = LogisticRegression().fit(rows[own], y[own, k])
        assert_array_equal(models.predict(rows)[f"task{k}"], alone.predict(rows))
        assert_allclose(models.predict_proba(rows)[k], alone.predict_proba(rows))


def test_a_task_of_one_class_needs_no_model():
    models = PerTask(LogisticRegression()).fit([[0], [1]], [["a", 0], ["a", 1]])
    assert_array_equal(models.predict([[5]])["task0"], ["a"])
    assert models.predict_proba([[5]])[0].tolist() == [[1.0]]
    assert not hasattr(PerTask(LinearSVC()), "predict_proba")


# Intervals ---------------------------------------------------------------------------


def test_without_overlap_the_interval_is_that_of_a_t_test():
    gaps = np.array([0.1, 0.3, 0.2, 0.4])
    # One test row for ever so many training rows: nothing to correct.
    splits = [(0, np.arange(10**6), np.arange(1))] * 4
    expected = ttest_1samp(gaps, 0).confidence_interval(0.9)
    found = corrected_interval(gaps, splits, 0.9)
    assert_allclose(found, [gaps.mean(), *expected], atol=1e-5)


def test_overlap_makes_the_interval_wider():
    gaps = np.array([0.1, 0.3, 0.2, 0.4, np.nan])
    splits = [(0, np.arange(80), np.arange(20))] * 5
    mean, low, high = corrected_interval(gaps, splits, 0.9)
    plain = ttest_1samp(gaps[:4], 0).confidence_interval(0.9)
    assert mean == pytest.approx(0.25)
    # Nadeau and Bengio: 1 / n becomes 1 / n + test / train.
    widening = np.sqrt((1 / 4 + 20 / 80) / (1 / 4))
    assert high - low == pytest.approx((plain.high - plain.low) * widening)


def test_one_difference_has_no_interval():
    splits = [(0, np.arange(8), np.arange(2))] * 2
    assert np.isnan(corrected_interval(np.array([0.1, np.nan]), splits, 0.9)).all()


def test_splits_differ_from_seed_to_seed():
    splits = make_splits(X, LABELS, 3, 2)
    assert [seed for seed, _, _ in splits] == [0, 0, 0, 1, 1, 1]
    assert splits[0][2].tolist() != splits[3][2].tolist()


def split_in_two():
    return ((np.flatnonzero(part), np.flatnonzero(~part)) for part in HALVES)


HALVES = [np.arange(150) < 75, np.arange(150) >= 75]


@pytest.mark.parametrize("cv", [list(split_in_two()), split_in_two(), KFold(2)])
def test_splits_may_come_in_any_form_that_scikit_learn_takes(cv):
    splits = make_splits(X, LABELS, cv, n_seeds=2)
    assert [seed for seed, _, _ in splits] == [0, 0, 1, 1]
    for k in (0, 2):
        assert {tuple(test) for _, _, test in splits[k : k + 2]} == {
            tuple(range(75)),
            tuple(range(75, 150)),
        }


@pytest.mark.parametrize("cv", [np.int64(2), 2, None])
def test_a_number_of_splits_is_that_of_shuffled_folds(cv):
    splits = make_splits(X, LABELS, cv, n_seeds=1)
    folds = MultiTaskStratifiedKFold(
        5 if cv is None else 2, shuffle=True, random_state=0
    ).split(X, LABELS)
    for (_, _, test), (_, expected) in zip(splits, folds, strict=True):
        assert_array_equal(test, expected)


@pytest.mark.parametrize(
    ("cv", "n_seeds", "message"),
    [
        (3, 0, r"n_seeds must be at least 1. Got 0"),
        (KFold(2), 0, r"n_seeds must be at least 1"),
        (3, 1.5, r"n_seeds must be at least 1. Got 1.5, pass an int"),
        (list(split_in_two())[:1], 3, "One split has no variance"),
    ],
)
def test_splits_that_cannot_be(cv, n_seeds, message):
    with pytest.raises(ValueError, match=message):
        make_splits(X, Y, cv, n_seeds)


# Sharing -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comparison():
    return compare_sharing(classifier(), X, LABELS, cv=2, n_seeds=2)


def test_systems_are_scored_on_the_same_splits(comparison):
    assert list(comparison.scores) == ["shared", "separate", "linear"]
    for scores in comparison.scores.values():
        assert scores.shape == (4, 3)
        assert ((scores >= 0) & (scores <= 1)).all()


def test_shared_scores_are_those_of_a_fit(comparison):
    seed, train, test = comparison.splits[2]
    clf = classifier(random_state=seed)
    clf.fit([X[i] for i in train], {n: y[train] for n, y in LABELS.items()})
    predicted = clf.predict([X[i] for i in test], output="dict")
    for k, (name, cells) in enumerate(LABELS.items()):
        there = np.array([cell == cell and cell is not None for cell in cells[test]])
        expected = np.mean(predicted[name][there] == cells[test][there])
        assert comparison.scores["shared"][2, k] == pytest.approx(expected)


def test_differences_are_paired(comparison):
    found = comparison.difference("linear")
    gaps = comparison.scores["shared"] - comparison.scores["linear"]
    for k, name in enumerate(LABELS):
        assert found[name] == corrected_interval(gaps[:, k], comparison.splits, 0.95)
    assert found["mean"][0] == pytest.approx(gaps.mean())
    with pytest.raises(ValueError, match=r"one of \['separate', 'linear'\]. Got 'sha"):
        comparison.difference("shared")


def test_it_reads_as_a_table_with_a_verdict(comparison):
    lines = str(comparison).splitlines()
    assert lines[0].split() == [
        "accuracy", "shared", "separate", "linear",
        "shared", "-", "separate", "shared", "-", "linear",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[1:5]] == ["t0", "t1", "t2", "mean"]
    assert lines[-1] == comparison.verdict
    assert comparison.verdict.count("Of 3 tasks") == 1
    assert repr(comparison) == str(comparison)


def test_it_becomes_a_frame_and_html(comparison):
    frame = comparison.to_frame()
    assert list(frame.index) == [*LABELS, "mean"]
    assert frame.loc["mean", "shared"] == pytest.approx(
        comparison.scores["shared"].mean()
    )
    assert frame.loc["t1", "minus_separate_low"] == comparison.difference()["t1"][1]
    html = comparison._repr_html_()
    assert html.count("<tr>") == 5
    assert comparison.verdict.split(":")[0] in html


def comparison_with(gap, linear=0.0):
    """Two tasks whose shared scores are above separate ones by `gap`, more or less."""
    noise = np.array([-0.01, 0.01, 0.0, 0.0, -0.005, 0.005])[:, None]
    separate = np.full((6, 2), 0.7)
    scores = {"shared": separate + gap + noise, "separate": separate}
    if linear is not None:
        scores["linear"] = scores["shared"] - linear - noise
    splits = [(0, np.arange(50), np.arange(10))] * 6
    return SharingComparison(scores, ["tone", "topic"], "accuracy", splits, 0.95)


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [
        (0.1, "Sharing helps: mean accuracy +0.100 [+0.089, +0.111] against separate "
              "networks. Of 2 tasks it helps 2 (tone, topic) and hurts none."),
        (-0.1, "Sharing hurts: mean accuracy -0.100 [-0.111, -0.089] against separate "
               "networks. Of 2 tasks it helps none and hurts 2 (tone, topic). To see "
               "which tasks have conflicting gradients, use "
               "sklearn_mtl.inspection.task_conflicts."),
        (0.0, "No clear difference: mean accuracy +0.000 [-0.011, +0.011] against "
              "separate networks. Of 2 tasks it helps none and hurts none."),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_interval(gap, verdict):
    assert comparison_with(gap, linear=None).verdict == verdict


@pytest.mark.parametrize(
    ("gap", "words"), [(0.1, "above"), (-0.1, "below"), (0.0, "not clearly apart from")]
)
def test_the_verdict_speaks_of_linear_models(gap, words):
    text = comparison_with(0.0, linear=gap).verdict
    assert f"The shared network is {words} a linear model per task: " in text


def test_tasks_that_differ_are_named():
    found = comparison_with(0.1, linear=None)
    found.scores["shared"][:, 1] -= 0.2
    assert "helps 1 (tone) and hurts 1 (topic). To see which tasks" in found.verdict
    for shown in (str(found), found._repr_html_()):
        assert shown.count("use sklearn_mtl.inspection.task_conflicts.") == 1


def test_the_function_that_looks_for_conflicts_is_public():
    name = re.search(r"use ([\w.]+)\.", comparison_with(-0.1).verdict)[1]
    module, function = name.rsplit(".", 1)
    assert function in import_module(module).__all__


def test_a_mean_that_falls_points_to_conflicts_too():
    found = comparison_with(0.0, linear=None)
    # Opposite noise cancels in the mean, and widens the intervals of the tasks.
    noise = 0.03 * np.array([1, -1, 1, -1, 1, -1])
    found.scores["shared"] = found.scores["separate"] - 0.01
    found.scores["shared"] += np.stack([noise, -noise], axis=1)
    assert "hurts none. To see which tasks have" in found.verdict


def test_a_split_without_labels_of_a_task_is_left_out():
    found = comparison_with(0.1, linear=None)
    expected = found.difference()["tone"]
    for scores in found.scores.values():
        scores[2, 1] = np.nan
    assert found.difference()["tone"] == expected
    assert np.isfinite(found.difference()["topic"]).all()
    assert found.to_dict()["mean"]["separate"] == pytest.approx(0.7)


def test_a_pipeline_is_compared_with_linear_models_behind_its_steps():
    pipeline = make_pipeline(TfidfVectorizer(), classifier())
    found = compare_sharing(pipeline, X, LABELS, cv=2, n_seeds=1, metric="neg_log_loss")
    assert (found.scores["linear"] < 0).all()
    assert found.metric == "neg_log_loss"


def test_a_linear_model_of_ones_own():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    found = compare_sharing(classifier(), X, LABELS, cv=2, n_seeds=1, linear=model)
    assert (found.scores["linear"] > 0.3).all()


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "LogisticRegression has no parameter 'sharing'"),
        (classifier(sharing="separate"), "sharing='separate' shares nothing"),
    ],
)
def test_what_shares_nothing_cannot_be_compared(estimator, message):
    with pytest.raises(ValueError, match=message):
        compare_sharing(estimator, X, LABELS)


# Affinity ----------------------------------------------------------------------------


def test_affinity_is_what_is_lost_without_a_task():
    found = task_affinity(classifier(), X, LABELS, cv=2)
    assert found.affinity.shape == (3, 3)
    assert np.isnan(np.diag(found.affinity)).all()
    seed, train, test = found.splits[0]

    def accuracy(names):
        clf = classifier(random_state=seed)
        clf.fit([X[i] for i in train], {n: LABELS[n][train] for n in names})
        predicted = clf.predict([X[i] for i in test], output="dict")["t2"]
        cells = LABELS["t2"][test]
        there = np.array([cell == cell and cell is not None for cell in cells])
        return np.mean(predicted[there] == cells[there])

    expected = accuracy(["t0", "t1", "t2"]) - accuracy(["t1", "t2"])
    assert found.differences[0, 0, 2] == pytest.approx(expected)


def test_affinity_reads_as_a_table():
    found = task_affinity(classifier(), X, LABELS, cv=2)
    lines = str(found).splitlines()
    assert lines[0] == "gain in accuracy; * its interval excludes 0"
    assert lines[1].split() == ["helps", "->", "t0", "t1", "t2"]
    assert lines[2].split()[:2] == ["t0", "-"]
    frame = found.to_frame()
    assert list(frame.columns) == list(frame.index) == ["t0", "t1", "t2"]


def test_affinity_by_hand():
    """Clear gains and losses have a star; nothing, whatever its interval, has none."""
    gaps = np.zeros((3, 4, 3))
    gaps[0, :, 1] = 0.25
    gaps[1, :, 0] = [-0.1, -0.11, -0.1, -0.09]
    gaps[2, :, 1] = [-0.3, 0.3, 0.1, 0.0]
    gaps[[0, 1, 2], :, [0, 1, 2]] = np.nan
    splits = [(0, np.arange(75), np.arange(25))] * 4
    found = TaskAffinity(gaps, ["a", "bb", "long name"], "f1_macro", splits, 0.95)
    assert str(found) == repr(found)
    assert str(found).splitlines() == [
        "gain in f1_macro; * its interval excludes 0",
        "helps ->         a       bb  long name",
        "a                -  +0.250*    +0.000",
        "bb         -0.100*        -    +0.000",
        "long name  +0.000   +0.025           -",
    ]
    assert_allclose(found.to_frame().to_numpy(), found.affinity)
    assert found.to_frame().loc["long name", "bb"] == pytest.approx(0.025)


def test_affinity_by_default():
    rows = slice(0, 60)
    y = {name: LABELS[name][rows] for name in ("t0", "t1")}
    clf = classifier(max_iter=1)
    found = task_affinity(clf, X[rows], y)
    assert [split[0] for split in found.splits] == [0] * 5
    assert found.metric == "accuracy"
    assert found.confidence == 0.95
    written_out = task_affinity(
        clf, X[rows], y, cv=5, n_seeds=1, metric="accuracy", confidence=0.95
    )
    assert_array_equal(found.differences, written_out.differences)


def test_affinity_of_tasks_with_names_of_means_is_refused():
    with pytest.raises(ValueError, match="mean"):
        task_affinity(classifier(), X, {"mean": LABELS["t0"], "t1": LABELS["t1"]})


def test_nothing_is_left_of_what_was_said_of_one_task_alone():
    clf = classifier(
        loss_weights={"t1": 2.0}, class_weight={}, task_types={"t1": "multiclass"}
    )
    rest = without_task(clf, "t1", list(LABELS))
    assert rest.loss_weights == "auto"
    assert rest.class_weight == {}  # said nothing before
    assert rest.task_types is None
    rest = without_task(
        classifier(loss_weights=FixedWeights({"t1": 2.0})), "t1", list(LABELS)
    )
    assert rest.loss_weights.weights is None


def test_affinity_is_between_tasks():
    with pytest.raises(ValueError, match="Affinity needs at least two tasks"):
        task_affinity(classifier(), X, Y[:, 0])


# How the estimator reads labels ------------------------------------------------------


def marked(labels, marker):
    """Give labels whose empty cells hold a marker instead."""
    return {
        name: np.array([marker if c is None or c != c else c for c in column], object)
        for name, column in labels.items()
    }


def test_a_missing_label_of_the_estimator_counts_for_all_systems(comparison):
    found = compare_sharing(
        classifier(missing_label="?"), X, marked(LABELS, "?"), cv=2, n_seeds=2
    )
    for (_, _, a), (_, _, b) in zip(found.splits, comparison.splits, strict=True):
        assert_array_equal(a, b)
    for name, scores in comparison.scores.items():
        assert_allclose(found.scores[name], scores)


def test_a_missing_label_of_the_estimator_counts_in_affinities():
    pipeline = make_pipeline(TfidfVectorizer(), classifier(missing_label="?"))
    found = task_affinity(pipeline, X, marked(LABELS, "?"), cv=2)
    plain = make_pipeline(TfidfVectorizer(), classifier())
    assert_allclose(
        found.differences, task_affinity(plain, X, LABELS, cv=2).differences
    )


SIZES = ["tiny", "middle", "vast"]


def sizes_and_tones(n_rows=60):
    rng = np.random.RandomState(0)
    size = rng.randint(3, size=n_rows)
    texts = [" ".join([SIZES[k][:3], "word", str(rng.randint(9))]) for k in size]
    return texts, {
        "size": pd.Series(pd.Categorical.from_codes(size, SIZES, ordered=True)),
        "tone": (size > 0).astype(int),
    }


@pytest.mark.parametrize("kind", ["ordinal", Ordinal(SIZES), Ordinal()])
def test_linear_models_are_scored_by_the_order_of_the_estimator(kind):
    texts, y = sizes_and_tones()
    if getattr(kind, "classes", None):
        y["size"] = np.asarray(y["size"], dtype=object)
    clf = classifier(task_types={"size": kind})
    metric = "neg_mean_absolute_error"
    found = compare_sharing(clf, texts, y, cv=2, n_seeds=1, metric=metric)
    for scores in found.scores.values():
        assert np.isfinite(scores).all()
    affinity = task_affinity(clf, texts, y, cv=2, metric=metric)
    assert np.isfinite(affinity.differences[:, :, 0][1]).all()


def test_means_side_by_side_are_over_the_same_tasks():
    found = comparison_with(0.0, linear=None)
    found.scores["separate"][:, 0] = np.nan
    found.scores["shared"][:, 0] = 0.1
    rows = found.to_dict()
    assert rows["mean"]["shared"] == pytest.approx(0.7)
    assert rows["mean"]["separate"] == pytest.approx(0.7)
    assert np.isnan(rows["tone"]["shared"])


def test_what_is_said_of_a_task_is_left_out_with_it():
    clf = classifier(
        loss_weights={"t0": 1.0, "t1": 2.0, "t2": 1.0},
        class_weight={"t1": "balanced"},
        task_types={"t0": "multiclass"},
    )
    rest = without_task(clf, "t1", list(LABELS))
    assert rest.loss_weights == {"t0": 1.0, "t2": 1.0}
    assert rest.class_weight is None
    assert rest.task_types == {"t0": "multiclass"}
    assert clf.class_weight == {"t1": "balanced"}
    rest = without_task(clone(clf).set_params(loss_weights=[1, 2, 3]), "t1", LABELS)
    assert_array_equal(rest.loss_weights, [1, 3])
    weighed = clone(clf).set_params(loss_weights=FixedWeights({"t1": 2.0, "t2": 1.0}))
    rest = without_task(make_pipeline(TfidfVectorizer(), weighed), "t1", LABELS)
    assert rest[-1].loss_weights.weights == {"t2": 1.0}
    found = task_affinity(clf, X, LABELS, cv=2)
    assert np.isfinite(found.affinity[~np.eye(3, dtype=bool)]).all()


def test_linear_models_read_a_table_with_the_vectorizer_of_the_estimator():
    frame = pd.DataFrame({"title": X[:60], "body": X[60:120]})
    vectorizer = make_column_transformer(
        (TfidfVectorizer(), "title"), (TfidfVectorizer(), "body")
    )
    y = {"a": [0, 1] * 30, "b": ["x", "y", "y"] * 20}
    found = compare_sharing(
        classifier(vectorizer=vectorizer), frame, y, cv=2, n_seeds=1
    )
    assert np.isfinite(found.scores["linear"]).all()


# Honest counts -----------------------------------------------------------------------


def test_the_same_splits_with_other_seeds_count_once():
    splits = make_splits(X, LABELS, KFold(2), n_seeds=3)
    gaps = np.array([0.1, 0.3, 0.2, 0.4, 0.3, 0.5])
    found = corrected_interval(gaps, splits, 0.9)
    expected = corrected_interval(np.array([0.2, 0.4]), splits[:2], 0.9)
    assert_allclose(found, expected)
    assert found[0] == pytest.approx(gaps.mean())


@pytest.mark.parametrize(
    "cv",
    [
        KFold(2, shuffle=True, random_state=3),
        MultiTaskStratifiedKFold(2, shuffle=True, random_state=3),
        ShuffleSplit(2, random_state=3),
    ],
)
def test_a_splitter_that_shuffles_does_so_anew_for_each_seed(cv):
    splits = make_splits(X, LABELS, cv, n_seeds=2)
    assert different_splits(splits) == [0, 1, 2, 3]
    assert cv.random_state == 3
    for (_, _, test), (_, own) in zip(splits, cv.split(X, Y[:, 0]), strict=False):
        if not isinstance(cv, MultiTaskStratifiedKFold):
            assert_array_equal(test, own)


@pytest.mark.parametrize("compare", [compare_sharing, task_affinity])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"confidence": 95}, r"confidence must be between 0 and 1, .*Got 95"),
        ({"confidence": 0}, "confidence must be between 0 and 1"),
        ({"n_seeds": 0}, "n_seeds must be at least 1"),
        ({"metric": "acuracy"}, "metrics must be among"),
        ({"metric": ["accuracy", "f1_macro"]}, "metric must be the name of one"),
        ({"metric": "log_loss"}, "higher must be better"),
    ],
)
def test_arguments_are_checked_before_any_fit(compare, params, message):
    with pytest.raises(ValueError, match=message):
        compare(NeverFitted(), X, LABELS, **params)


@pytest.mark.parametrize("compare", [compare_sharing, task_affinity])
def test_names_of_tasks_are_checked_before_any_fit(compare):
    y = {"mean": LABELS["t0"], "t1": LABELS["t1"]}
    with pytest.raises(ValueError, match="A task cannot be called 'mean'"):
        compare(NeverFitted(), X, y)


class NeverFitted(MultiTaskTextClassifier):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("fitted")


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_the_confidence_is_that_of_the_intervals(confidence):
    found = compare_sharing(
        classifier(), X, LABELS, cv=2, n_seeds=1, linear=None, confidence=confidence
    )
    gaps = found.scores["shared"][:, 0] - found.scores["separate"][:, 0]
    expected = corrected_interval(gaps, found.splits, confidence)
    assert found.difference()["t0"] == expected
    wide = corrected_interval(np.array([0.1, 0.3]), found.splits, 0.9)
    narrow = corrected_interval(np.array([0.1, 0.3]), found.splits, 0.5)
    assert wide[2] > narrow[2]


def test_jobs_change_no_score(comparison):
    found = compare_sharing(classifier(), X, LABELS, cv=2, n_seeds=2, n_jobs=2)
    for name, scores in comparison.scores.items():
        assert_allclose(found.scores[name], scores)


def test_seeds_reach_into_pipelines():
    vectorizer = TruncatedSVD(random_state=7)
    seeded = with_seed(make_pipeline(vectorizer, classifier(random_state=7)), 3)
    assert [step.random_state for step in (seeded[0], seeded[1])] == [3, 3]
    assert vectorizer.random_state == 7


# Text and numbers, written out -------------------------------------------------------

ROWS = [
    ["accuracy", "shared", "separate", "linear", "shared - separate",
     "shared - linear"],
    *(
        [name, "0.800", "0.700", "0.750", "+0.100 [+0.089, +0.111]",
         "+0.050 [+0.039, +0.061]"]
        for name in ("tone", "topic", "mean")
    ),
]  # fmt: skip


def test_the_whole_table():
    found = comparison_with(0.1, linear=0.05)
    head = (
        "accuracy  shared  separate  linear        shared - separate"
        "          shared - linear"
    )
    table, verdict = str(found).split("\n\n")
    assert table.splitlines()[0] == head
    assert [re.split(r" {2,}", line) for line in table.splitlines()] == ROWS
    assert verdict == (
        "Sharing helps: mean accuracy +0.100 [+0.089, +0.111] against separate "
        "networks. Of 2 tasks it helps 2 (tone, topic) and hurts none. The shared "
        "network is above a linear model per task: +0.050 [+0.039, +0.061]."
    )
    marks = ["th", "td", "td", "td"]
    assert found._repr_html_() == (
        "<table>"
        + "".join(
            "<tr>" + "".join(f"<{mark}>{cell}</{mark}>" for cell in row) + "</tr>"
            for mark, row in zip(marks, ROWS, strict=True)
        )
        + f"</table><p>{verdict}</p>"
    )


def test_numbers_of_a_comparison():
    found = comparison_with(0.1, linear=0.05).to_dict()
    assert list(found) == ["tone", "topic", "mean"]
    for row in found.values():
        assert row == pytest.approx(
            {
                "shared": 0.8,
                "separate": 0.7,
                "linear": 0.75,
                "minus_separate": 0.1,
                "minus_separate_low": 0.0889934,
                "minus_separate_high": 0.1110066,
                "minus_linear": 0.05,
                "minus_linear_low": 0.0389934,
                "minus_linear_high": 0.0610066,
            },
            abs=1e-7,
        )


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "none"),
        (1, "1 (a)"),
        (8, "8 (a, b, c, d, e, f, g, h)"),
        (9, "9 (a, b, c, d, e, f, g, h, ...)"),
    ],
)
def test_at_most_eight_names_are_listed(n, text):
    assert _listed(list("abcdefghi"[:n])) == text


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [(0.0, 0.2, 0), (0.1, 0.2, 1), (-0.2, 0.0, 0), (-0.2, -0.1, -1), (-0.1, 0.1, 0)],
)
def test_an_interval_that_touches_zero_is_on_no_side(low, high, side):
    assert _side((0.0, low, high)) == side


def test_an_interval_by_hand():
    # Two folds of 10 test and 30 training rows. The mean is 0.2, the variance 0.02,
    # corrected by 1/2 + 1/3; t of one degree of freedom at 75% is 1.
    splits = [(0, np.arange(30), np.arange(10)), (0, np.arange(30), np.arange(10, 20))]
    found = corrected_interval(np.array([0.1, 0.3]), splits, 0.5)
    half = np.sqrt(0.02 * (1 / 2 + 1 / 3))
    assert found == pytest.approx((0.2, 0.2 - half, 0.2 + half))
    assert np.isnan(corrected_interval(np.array([0.1, np.nan]), splits, 0.5)).all()


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 1.5, "0.95"])
def test_a_confidence_lies_between_zero_and_one(confidence):
    with pytest.raises(ValueError, match=r"between 0 and 1, for example 0\.95\. Got"):
        compare_sharing(classifier(), X, LABELS, confidence=confidence)


@pytest.mark.parametrize("n_seeds", [0, -1, 1.0])
def test_there_is_a_seed(n_seeds):
    with pytest.raises(ValueError, match=f"at least 1. Got {n_seeds}, pass an int"):
        make_splits(X, LABELS, 2, n_seeds)


def test_a_seed_of_a_splitter_is_moved_on():
    cv = ShuffleSplit(2, test_size=0.5, random_state=7)
    found = make_splits(range(10), range(10), cv, 2)
    for number, (seed, train, _) in enumerate(found):
        own = ShuffleSplit(2, test_size=0.5, random_state=7 + number // 2)
        assert seed == number // 2
        assert_array_equal(train, [*own.split(range(10))][number % 2][0])
    assert cv.random_state == 7


def test_linear_models_are_those_that_the_documentation_names():
    labels = check_comparison("accuracy", 0.95), check_comparison("roc_auc", 0.95)
    models = [_linear_model(classifier(), X, scorer) for scorer in labels]
    for words, _ in (model.named_steps.values() for model in models):
        assert words.ngram_range == (1, 2)
    assert isinstance(models[0][-1], LinearSVC)
    assert isinstance(models[1][-1], LogisticRegression)
    assert models[1][-1].max_iter == 1000
