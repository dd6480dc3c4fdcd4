"""Any number of labels a cell: the same as a binary column for each of them."""

import copy
import pickle
import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as skm
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import FastTfidfVectorizer
from sklearn_mtl.inspection import (
    CalibrationCurvesDisplay,
    ConfusionMatricesDisplay,
    LabelOverviewDisplay,
    top_words,
)
from sklearn_mtl.metrics import multitask_report, multitask_scorer, multitask_scores
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    compare_sharing,
    task_view,
)
from sklearn_mtl.model_selection._per_task import PerTask
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import SharedPrivate
from sklearn_mtl.tasks import MultiLabel, make_task
from sklearn_mtl.tasks._asymmetric import AsymmetricLoss
from sklearn_mtl.utils._compat import InvalidParameterError

TAGS = ["green", "old", "round"]
seeds = st.integers(0, 2**32 - 1)


def sets(*cells):
    return np.fromiter(map(frozenset, cells), dtype=object)


def draw(n_rows, seed=0, missing=0.3):
    """Draw texts that tell of tags, cells of tags, and a tone beside them."""
    rng = np.random.RandomState(seed)
    table = rng.rand(n_rows, 3) < [0.5, 0.2, 0.35]
    noise = rng.choice(["one", "two", "three", "four"], (n_rows, 4))
    texts = [
        " ".join([*np.array(TAGS)[row], *words])
        for row, words in zip(table, noise, strict=True)
    ]
    empty = rng.rand(n_rows) < missing
    cells = [
        None if gone else [tag for tag, on in zip(TAGS, row, strict=True) if on]
        for gone, row in zip(empty, table, strict=True)
    ]
    tone = np.where(rng.rand(n_rows) < 0.2, None, np.where(table[:, 0], "up", "down"))
    return texts, cells, tone.tolist()


def as_columns(cells):
    return {
        tag: [None if cell is None else tag in cell for cell in cells] for tag in TAGS
    }


TEXTS, CELLS, TONE = draw(120)
LABELS = {"tags": CELLS, "tone": TONE}


@pytest.fixture(scope="module")
def fitted():
    return MultiTaskTextClassifier(random_state=0).fit(TEXTS, LABELS)


# The task type ------------------------------------------------------------------------


def test_codes_say_of_each_label_whether_it_holds():
    task = MultiLabel().fit(sets("ab", "", "c"))
    assert task.classes_.tolist() == ["a", "b", "c"]
    assert task.encode(sets("ca", "")).tolist() == [[1, 0, 1], [0, 0, 0]]
    assert task.encode(sets("ax")).tolist() == [[-1, -1, -1]]
    assert task.decode(np.array([[1, 0, 1]])).tolist() == [frozenset("ac")]


@given(seed=seeds, threshold=st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None)
def test_decisions_are_those_of_probabilities(seed, threshold):
    task = MultiLabel(threshold=threshold).fit(sets("abc"))
    logits = np.random.RandomState(seed).normal(0, 3, (20, 3))
    decided = logits > np.log(threshold / (1 - threshold))
    assert_array_equal(decided, task.choose(task.probabilities(logits)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "hinge"}, "'loss' parameter of MultiLabel must be"),
        ({"threshold": 1.0}, "'threshold' parameter of MultiLabel must be"),
        ({"margin": -0.1}, "'margin' parameter of MultiLabel must be"),
    ],
)
def test_what_is_wrong_with_settings(settings, message):
    types = {"tags": MultiLabel(**settings)}
    with pytest.raises(ValueError, match=message):
        MultiTaskTextClassifier(task_types=types).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("task_types", "y", "message"),
    [
        (
            {"tags": "multiclass"},
            LABELS,
            r"cells of y\['tags'\] hold several labels .* Got 'multiclass' in task_ty",
        ),
        (
            {"tone": "multilabel"},
            LABELS,
            r"y\['tone'\] cannot be multilabel: its cells hold one label each, for "
            r"instance '",
        ),
        (
            {"tone": MultiLabel()},
            LABELS,
            r"y\['tone'\] cannot be multilabel: .* Make each cell a list of labels",
        ),
        (
            {},
            {"tags": [[], None] * 60},
            r"y\['tags'\] cannot be multilabel: none of its cells holds a label",
        ),
    ],
)
def test_what_is_wrong_with_a_column(task_types, y, message):
    clf = MultiTaskTextClassifier(task_types=task_types)
    with pytest.raises(ValueError, match=message):
        clf.fit(TEXTS, y)


def test_it_shows_what_it_was_given():
    assert repr(MultiLabel("asymmetric", threshold="tuned")) == (
        "MultiLabel(loss='asymmetric', threshold='tuned')"
    )


# The losses ---------------------------------------------------------------------------


def draw_logits(seed, scale=2.0):
    rng = torch.Generator().manual_seed(seed % 2**31)
    z = torch.randn(12, 3, generator=rng, dtype=torch.float64) * scale
    codes = torch.randint(-1, 2, (12, 3), generator=rng)
    return z.requires_grad_(), codes


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_without_focus_the_asymmetric_loss_is_the_binary_one(seed):
    z, codes = draw_logits(seed)
    task = MultiLabel().fit(sets("abc"))
    binary = MultiLabel.build_loss([task])((z,), codes)
    asymmetric = AsymmetricLoss(0.0, 0.0, 0.0)((z,), codes)
    torch.testing.assert_close(asymmetric, binary)


@given(seed=seeds, focus=st.tuples(*[st.floats(0, 4)] * 2, st.floats(0, 0.3)))
@settings(max_examples=20, deadline=None)
def test_the_asymmetric_loss_is_that_of_the_paper(seed, focus):
    z, codes = draw_logits(seed)
    gamma_pos, gamma_neg, margin = focus
    p = torch.sigmoid(z)
    shifted = torch.clamp(p - margin, min=0)
    wanted = torch.where(
        codes > 0,
        -((1 - p) ** gamma_pos) * torch.log(p),
        -(shifted**gamma_neg) * torch.log(1 - shifted),
    )
    wanted = torch.where(codes < 0, torch.zeros_like(wanted), wanted)
    torch.testing.assert_close(AsymmetricLoss(*focus)((z,), codes), wanted)


@pytest.mark.parametrize("loss", ["binary", "asymmetric"])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_losses_and_gradients_are_finite_and_zero_without_a_label(loss, scale):
    z, codes = draw_logits(3, scale)
    z = z.detach().float().requires_grad_()
    task = MultiLabel(loss).fit(sets("abc"))
    values = MultiLabel.build_loss([task])((z,), codes)
    values.sum().backward()
    assert torch.isfinite(values).all()
    assert torch.isfinite(z.grad).all()
    assert not values[codes < 0].any()
    assert not z.grad[codes < 0].any()


def test_tasks_of_other_losses_are_computed_apart():
    assert MultiLabel().kind == MultiLabel(threshold=0.2).kind
    assert MultiLabel().kind != MultiLabel("asymmetric").kind


# Fits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_rows", [120, 260], ids=["full batch", "batches"])
@pytest.mark.parametrize("sharing", ["shared-private", "hard"])
def test_sets_are_binary_columns(n_rows, sharing):
    texts, cells, tone = draw(n_rows)
    clf = MultiTaskTextClassifier(
        sharing=sharing,
        loss_weights=None,
        max_iter=4,
        # These are found for all labels of a cell together.
        alpha=0.0,
        temperature=1.0,
        random_state=0,
    )
    several = clone(clf).fit(texts, {"tags": cells, "tone": tone})
    columns = clone(clf).fit(texts, {**as_columns(cells), "tone": tone})
    *binary, _ = columns.predict_proba(texts)
    found = several.predict_proba(texts)[0]
    assert_allclose(found, np.column_stack([p[:, 1] for p in binary]), atol=1e-6)


def test_a_single_label_is_a_binary_column():
    cells = [None if c is None else [tag for tag in c if tag == "old"] for c in CELLS]
    clf = MultiTaskTextClassifier(random_state=0)
    several = clone(clf).fit(TEXTS, {"tags": cells, "tone": TONE})
    binary = clone(clf).fit(TEXTS, {"old": as_columns(CELLS)["old"], "tone": TONE})
    assert several.loss_weights_["tone"] == binary.loss_weights_["tone"]
    pairs = zip(several.predict_proba(TEXTS), binary.predict_proba(TEXTS), strict=True)
    (found, wanted), (tone, wanted_tone) = pairs
    assert_allclose(found[:, 0], wanted[:, 1], atol=1e-6)
    assert_allclose(tone, wanted_tone, atol=1e-6)


def test_an_empty_cell_is_an_answer_and_a_missing_one_is_not():
    texts = ["red ball", "blue ball", "red car", "blue car"] * 5
    silent = {"tags": [["red"], None, ["red"], None] * 5}
    clf = MultiTaskTextClassifier(random_state=0, logit_adjustment=0)
    assert clf.fit(texts, silent).predict(["blue car"]).tolist() == [[["red"]]]
    spoken = {"tags": [["red"], [], ["red"], []] * 5}
    assert clf.fit(texts, spoken).predict(["blue car"]).tolist() == [[[]]]


@pytest.mark.parametrize(
    ("y", "output", "found"),
    [
        ({"tags": [["b", "a"], []]}, "dict", [["a", "b"], []]),
        ({"tags": [("b", "a"), ()]}, "dict", [("a", "b"), ()]),
        ({"tags": [{3, 1}, set()]}, "dict", [{1, 3}, set()]),
        ([{"a"}, set()], "array", [{"a"}, set()]),
        (pd.DataFrame({"tags": [["a"], []]}), "frame", [["a"], []]),
        (pl.DataFrame({"tags": [["a"], []]}), "frame", [["a"], []]),
    ],
)
def test_predictions_come_as_labels_came(y, output, found):
    texts = ["red ball", "blue car"]
    clf = MultiTaskTextClassifier(random_state=0).fit(texts, y)
    labels = clf.predict(texts, output=output)
    if output != "array":
        assert list(getattr(labels, "columns", labels)) == ["tags"]
        labels = labels["tags"]
    labels = labels.to_list() if hasattr(labels, "to_list") else labels.tolist()
    assert labels == found


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"tags": [[1, 2], [3, 1]] * 2}, {"tags": pl.Array(pl.Int64, 2)}),
        pa.table({"tags": pa.array([[1, 2], [3, 1]] * 2, pa.list_(pa.int64(), 2))}),
    ],
    ids=["polars", "arrow"],
)
def test_lists_of_a_fixed_length_come_back_as_lists(frame):
    clf = MultiTaskTextClassifier(task_types={"tags": MultiLabel(threshold=0.999)})
    clf.set_params(max_iter=1).fit(["red", "blue"] * 2, frame)
    column = clf.predict(["green"], output="frame")["tags"]
    assert nw.from_native(column, series_only=True).to_list() == [[]]


def test_a_mixed_array_holds_lists_beside_labels(fitted):
    labels = fitted.predict(TEXTS[:3])
    assert labels.shape == (3, 2)
    assert isinstance(labels[0, 0], list)
    assert isinstance(labels[0, 1], str)
    assert fitted.task_types_ == {"tags": "multilabel", "tone": "binary"}
    assert fitted.predict_proba(TEXTS[:3])[0].shape == (3, 3)


def test_losses_add_up(fitted):
    last = fitted.history_[-1]
    parts = [last["weighted_loss_tags"], last["weighted_loss_tone"]]
    assert last["loss"] == pytest.approx(sum(parts) + last["regularization"])


@pytest.mark.parametrize(
    "sharing", ["separate", "mmoe", "ple", SharedPrivate(share_heads=True)]
)
def test_every_sharing_takes_it(sharing):
    clf = MultiTaskTextClassifier(sharing=sharing, random_state=0, max_iter=3)
    clf.fit(TEXTS, {**LABELS, "more": CELLS})
    assert [p.shape for p in clf.predict_proba(TEXTS[:2])] == [(2, 3), (2, 2), (2, 3)]


def test_it_survives_copies(fitted):
    wanted = fitted.predict(TEXTS, output="dict")["tags"].tolist()
    for twin in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert twin.predict(TEXTS, output="dict")["tags"].tolist() == wanted


@pytest.mark.parametrize("weight", ["balanced", {"old": 30.0}])
def test_class_weights_move_labels_towards_the_rare(weight):
    cells = [None if c is None else [t for t in c if t == "old"] for c in CELLS]
    vague = [text.replace("old", "") for text in TEXTS]
    clf = MultiTaskTextClassifier(random_state=0, logit_adjustment=0)
    plain = clone(clf).fit(vague, {"tags": cells})
    heavy = (
        clone(clf).set_params(class_weight={"tags": weight}).fit(vague, {"tags": cells})
    )
    means = (c.predict_proba(vague)[0].mean() for c in (plain, heavy))
    assert next(means) < next(means) - 0.05


def test_a_class_weight_for_no_label_is_an_error():
    clf = MultiTaskTextClassifier(class_weight={"tags": {"new": 2.0}})
    with pytest.raises(ValueError, match="'tags' has unknown classes \\['new'\\]"):
        clf.fit(TEXTS, LABELS)


def test_a_warm_start_goes_on(fitted):
    clf = copy.deepcopy(fitted).set_params(warm_start=True)
    assert clf.fit(TEXTS, LABELS).n_iter_ == 2 * fitted.n_iter_
    types = {"tags": MultiLabel("asymmetric")}
    with pytest.raises(ValueError, match=r"keeps the type of y\['tags'\]"):
        clf.set_params(task_types=types).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match=r"cells of y\['tags'\] held several labels"):
        clf.set_params(task_types=None).fit(TEXTS, {"tags": TONE, "tone": TONE})


# Thresholds ---------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=30, deadline=None)
def test_tuned_thresholds_have_the_highest_f1(seed):
    rng = np.random.RandomState(seed)
    logits, codes = rng.normal(0, 2, (30, 2)), rng.randint(-1, 2, (30, 2))
    weights = rng.randint(0, 3, (30, 2)).astype(float)
    task = MultiLabel(threshold="tuned").fit(sets("ab")).tuned(logits, codes, weights)
    probabilities = task.probabilities(logits)
    for k in range(2):
        cells = np.flatnonzero((codes[:, k] >= 0) & (weights[:, k] > 0))
        true, weight = codes[cells, k], weights[cells, k]
        if not true.any():
            assert task.thresholds_[k] == 0.5
            continue
        at_each = [
            skm.f1_score(true, probabilities[cells, k] > t, sample_weight=weight)
            for t in [0.0, *probabilities[cells, k]]
        ]
        own = task.choose(probabilities)[cells, k]
        found = skm.f1_score(true, own, sample_weight=weight)
        assert found == pytest.approx(max(at_each))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_thresholds_are_tuned_on_rows_set_aside(early_stopping):
    clf = MultiTaskTextClassifier(
        task_types={"tags": MultiLabel("asymmetric", threshold="tuned")},
        early_stopping=early_stopping,
        validation_fraction=0.3,
        max_iter=20,
        random_state=0,
    ).fit(TEXTS, LABELS)
    tuned = clf.targets_.tasks[0].thresholds_
    assert (tuned != 0.5).any()
    probabilities = clf.predict_proba(TEXTS)[0]
    wanted = (probabilities > tuned).sum(axis=1)
    assert [len(cell) for cell in clf.predict(TEXTS)[:, 0]] == wanted.tolist()
    assert ("valid_score_mean" in clf.history_[0]) == early_stopping


def test_candidates_of_a_search_have_thresholds_of_their_own():
    clf = MultiTaskTextClassifier(
        task_types={"tags": MultiLabel(threshold="tuned")},
        validation_fraction=0.3,
        max_iter=5,
        random_state=0,
    )
    weights = [{"tags": 1, "tone": 1}, {"tags": 1, "tone": 30}]
    settings = {
        "cv": MultiTaskStratifiedKFold(2),
        "scoring": multitask_scorer(),
        "refit": "mean",
    }
    X, y = np.array(TEXTS), pd.DataFrame(LABELS)
    search = LossWeightSearchCV(clf, weights, **settings).fit(X, y)
    plain = GridSearchCV(clf, {"loss_weights": weights}, **settings).fit(X, y)
    for key in ("mean_test_tags", "mean_test_tone"):
        assert_allclose(search.cv_results_[key], plain.cv_results_[key], atol=1e-6)


# Scores -------------------------------------------------------------------------------

cells_of_abc = st.lists(st.frozensets(st.sampled_from("abc")), min_size=6, max_size=12)


def _matthews_corrcoef(y_true, y_pred):
    with warnings.catch_warnings():
        # scikit-learn warns where both hold a single label, and returns 0.
        warnings.filterwarnings("ignore", "A single label was found", UserWarning)
        return skm.matthews_corrcoef(y_true, y_pred)


@given(true=cells_of_abc, seed=seeds)
@example(true=[frozenset()] * 6, seed=100)  # no cell has a label, nor is it predicted
@settings(max_examples=30, deadline=None)
def test_scores_are_those_of_indicators(true, seed):
    rng = np.random.RandomState(seed)
    classes = np.array(list("abc"))
    proba = rng.rand(len(true), 3)
    pred = [frozenset(classes[row > 0.5].tolist()) for row in proba]
    y, p = (np.array([[c in s for c in "abc"] for s in x], int) for x in (true, pred))
    wanted = {
        "accuracy": skm.accuracy_score(y, p),
        "f1_macro": skm.f1_score(y, p, average="macro", zero_division=0.0),
        "precision_micro": skm.precision_score(
            y, p, average="micro", zero_division=0.0
        ),
        "recall_weighted": skm.recall_score(
            y, p, average="weighted", zero_division=0.0
        ),
        "hamming_loss": skm.hamming_loss(y, p),
        "matthews_corrcoef": np.mean(
            [_matthews_corrcoef(a, b) for a, b in zip(y.T, p.T, strict=True)]
        ),
        "log_loss": np.mean(
            [
                skm.log_loss(a, b, labels=[0, 1])
                for a, b in zip(y.T, proba.T, strict=True)
            ]
        ),
    }
    found = multitask_scores(
        {"tags": true},
        {"tags": pred},
        list(wanted),
        y_proba={"tags": proba},
        classes={"tags": classes},
    )["tags"]
    assert found.pop("support") == len(true)
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_a_metric_of_order_is_not_defined():
    labels = {"tags": [["a"], ["b"]], "stars": [1, 2]}
    scores = multitask_scores(labels, labels, "quadratic_kappa")
    assert np.isnan(scores["tags"]["quadratic_kappa"])
    assert scores["mean"]["quadratic_kappa"] == 1.0


def test_labels_come_from_probabilities_where_none_are_given():
    scores = multitask_scores(
        {"tags": [["a"], ["b"]]}, y_proba={"tags": [[0.9, 0.2], [0.6, 0.7]]}
    )
    assert scores["tags"]["accuracy"] == 0.5


def test_a_label_that_only_one_side_knows_counts():
    scores = multitask_scores({"tags": [["a", "x"]]}, {"tags": [["a", "y"]]})
    assert scores["tags"]["f1_macro"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_a_single_label_has_its_own_f1(average):
    true, pred = [["a"], [], ["a"], []], [["a"], ["a"], [], []]
    scores = multitask_scores({"tags": true}, {"tags": pred}, f"f1_{average}")
    assert scores["tags"][f"f1_{average}"] == pytest.approx(0.5)
    (row,) = (
        multitask_report({"tags": true}, {"tags": pred})
        .tasks["tags"]["classes"]
        .values()
    )
    assert row == {"precision": 0.5, "recall": 0.5, "f1-score": 0.5, "support": 2}


def test_where_nobody_knows_of_a_label_empty_cells_are_right():
    empty = {"tags": [[], []]}
    scores = multitask_scores(empty, empty, ["accuracy", "hamming_loss", "f1_macro"])
    del scores["tags"]["support"]
    assert scores["tags"] == {"accuracy": 1.0, "hamming_loss": 0.0, "f1_macro": 0.0}
    assert multitask_report(empty, empty).tasks["tags"]["accuracy"] == 1.0


def test_labels_of_another_type_are_refused():
    with pytest.raises(ValueError, match=r"y_pred\['tags'\] hold labels of different"):
        multitask_scores({"tags": [["a"], []]}, {"tags": [[], [1]]})


def test_one_label_beside_several_cannot_be_scored():
    with pytest.raises(ValueError, match=r"y_true\['tags'\] .* the other several"):
        multitask_scores({"tags": [["a"]]}, {"tags": ["a"]})


def test_the_score_is_that_of_whole_cells(fitted):
    labels = fitted.predict(TEXTS, output="dict")
    scores = multitask_scores(LABELS, labels, "accuracy")
    assert fitted.score(TEXTS, LABELS) == pytest.approx(scores["mean"]["accuracy"])
    assert scores["tags"]["accuracy"] > 0.9


def test_a_label_that_fit_never_saw_is_wrong(fitted):
    with pytest.warns(UserWarning, match="labels that did not occur in fit"):
        score = fitted.score(TEXTS[:1], {"tags": [["new"]], "tone": [None]})
    assert score == 0.0


@pytest.mark.parametrize("over", ["tags", "f1_macro_tags", "neg_log_loss_mean"])
def test_training_may_stop_by_it(over):
    clf = MultiTaskTextClassifier(
        early_stopping=True, early_stopping_metric=over, max_iter=3, random_state=0
    ).fit(TEXTS, LABELS)
    assert np.isfinite(clf.history_[0]["valid_score_tags"])


def test_a_report_has_a_row_for_each_label(fitted):
    report = multitask_report(LABELS, fitted.predict(TEXTS, output="dict"))
    assert list(report.to_dict()["tags"])[:3] == TAGS
    assert report.to_dict()["tags"]["old"]["support"] == sum(
        "old" in cell for cell in CELLS if cell is not None
    )


# Around it ----------------------------------------------------------------------------


def test_folds_are_those_of_binary_columns():
    splitter = MultiTaskStratifiedKFold(3, shuffle=True, random_state=0)
    of_sets = splitter.split(TEXTS, {"tags": CELLS})
    of_columns = splitter.split(TEXTS, as_columns(CELLS))
    for (_, found), (_, wanted) in zip(of_sets, of_columns, strict=True):
        assert_array_equal(found, wanted)


def test_it_can_be_cross_validated():
    clf = MultiTaskTextClassifier(random_state=0, max_iter=3)
    frame = pd.DataFrame(LABELS)
    found = cross_validate(
        make_pipeline(FastTfidfVectorizer(), clf),
        np.array(TEXTS),
        frame,
        cv=MultiTaskStratifiedKFold(2),
        scoring=multitask_scorer(["f1_macro", "roc_auc"]),
    )
    assert np.isfinite(found["test_f1_macro_tags"]).all()
    assert np.isfinite(found["test_roc_auc_mean"]).all()


def test_a_view_of_one_label_is_a_binary_classifier(fitted):
    view = task_view(fitted, "tags", "old")
    assert view.classes_.tolist() == [False, True]
    true = np.array([cell is not None and "old" in cell for cell in CELLS])
    assert view.score(TEXTS, true) > 0.7
    proba = fitted.predict_proba(TEXTS)[0][:, 1]
    assert_allclose(view.predict_proba(TEXTS)[:, 1], proba, atol=1e-6)
    calibrated = CalibratedClassifierCV(view).fit(TEXTS, true)
    assert calibrated.predict(TEXTS).dtype == bool


@pytest.mark.parametrize(
    ("task", "label", "message"),
    [
        ("tags", None, r"several labels, but a view .* 'round'\]\. Got None"),
        ("tags", "new", "Got 'new'"),
        ("tone", "up", "The cells of 'tone' hold one label each,.* Got label='up'"),
    ],
)
def test_what_is_wrong_with_a_view(fitted, task, label, message):
    with pytest.raises(ValueError, match=message):
        task_view(fitted, task, label)


def test_sharing_can_be_compared_with_linear_models():
    comparison = compare_sharing(
        MultiTaskTextClassifier(max_iter=2),
        TEXTS,
        LABELS,
        cv=2,
        n_seeds=1,
        linear=make_pipeline(FastTfidfVectorizer(), LogisticRegression()),
    )
    assert "tags" in str(comparison)


@pytest.mark.parametrize("cells", [[["a"], []], [["a"], ["a"]], [[], []]])
def test_a_linear_model_of_one_label_or_none(cells):
    rows = np.array([[0.0], [1.0]] * 5)
    models = PerTask(LogisticRegression())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Label .* is present in all")
        models.fit(rows, {"tags": cells * 5})
    assert models.predict(rows)["tags"].tolist() == [*map(frozenset, cells)] * 5
    (probabilities,) = models.predict_proba(rows)
    assert probabilities.shape == (10, len(models.classes_[0]))
    found = [len(cell) for cell in cells * 5]
    if probabilities.shape[1]:
        assert ((probabilities[:, 0] > 0.5) == found).all()


def test_words_speak_for_labels(fitted):
    words = top_words(fitted, TEXTS, n_words=1)
    for tag, own in words.words["tags"].items():
        assert tag.endswith(own[0].removeprefix("parts__").strip())


@pytest.mark.parametrize(
    "draw",
    [
        lambda clf: LabelOverviewDisplay.from_labels(LABELS),
        lambda clf: ConfusionMatricesDisplay.from_estimator(clf, TEXTS, LABELS),
        lambda clf: CalibrationCurvesDisplay.from_estimator(clf, TEXTS, LABELS),
    ],
)
def test_displays_of_one_label_a_cell_say_so(fitted, draw):
    with pytest.raises(ValueError, match=r"Display reads one label .* \['tags'\]"):
        draw(fitted)


def test_tasks_are_made_from_sets():
    name, task = make_task(None, sets("ab"), "y", holds_sets=True)
    assert name == "multilabel"
    assert task.classes_.tolist() == ["a", "b"]


@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_the_asymmetric_loss_are_finite(gamma, dtype):
    z = torch.tensor([[-200, -30, -2.9444, -1, 0, 1, 30, 200]], dtype=dtype).T
    for code in (0, 1):
        logits = z.clone().requires_grad_()
        codes = torch.full(z.shape, code)
        AsymmetricLoss(gamma, gamma, 0.05)((logits,), codes).sum().backward()
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_gradients_of_the_asymmetric_loss_are_its_slopes(gamma):
    z = torch.tensor([[-2.0, -0.5, 0.3, 2.5]], dtype=torch.float64).T.requires_grad_()
    for code in (0, 1):
        codes = torch.full(z.shape, code)
        loss = AsymmetricLoss(gamma, gamma, 0.05)
        assert torch.autograd.gradcheck(lambda z, c=codes, f=loss: f((z,), c), (z,))


@pytest.mark.parametrize("name", ["gamma_pos", "gamma_neg", "margin"])
def test_each_parameter_of_the_asymmetric_loss_reaches_the_fit(name):
    texts = ["red ball", "red car", "blue car", "round table"] * 5
    tags = {"tags": [["red", "round"], ["red"], [], ["round"]] * 5}
    fits = [
        MultiTaskTextClassifier(
            task_types={"tags": MultiLabel("asymmetric", **{name: value})},
            random_state=0,
        ).fit(texts, tags)
        for value in (0.0, 0.9)
    ]
    low, high = (fit.history_[0]["loss_tags"] for fit in fits)
    # Each of them takes loss away from cells, before anything is learnt.
    assert high < 0.95 * low


# Numbers written out ------------------------------------------------------------------


def tuned_threshold(probabilities, codes, weights=None):
    """Give the threshold of the only label."""
    task = MultiLabel(threshold="tuned").fit(sets("a"))
    logits = np.log(probabilities) - np.log1p(-np.asarray(probabilities))
    weights = np.ones(len(codes)) if weights is None else np.array(weights)
    tuned = task.tuned(logits[:, None], np.array(codes)[:, None], weights[:, None])
    return tuned.thresholds_[0]


@pytest.mark.parametrize(
    ("probabilities", "codes", "weights", "threshold"),
    [
        ([0.2, 0.4, 0.8], [0, 0, 1], None, 0.6),
        ([0.2, 0.4, 0.8], [0, 1, 1], None, 0.3),
        ([0.2, 0.4, 0.8], [1, 1, 1], None, 0.1),  # half way from 0
        ([0.2, 0.4, 0.8], [1, 0, 1], None, 0.1),
        ([0.2, 0.4, 0.8], [0, 0, 0], None, 0.5),
        ([0.2, 0.4, 0.8], [0, -1, 1], None, 0.5),
        ([0.2, 0.4, 0.8], [0, 1, 1], [1, 0, 1], 0.5),
        ([0.2, 0.4, 0.8], [0, 1, -1], None, 0.3),
        ([1e-9, 0.9], [1, 1], None, 1e-6),  # never 0
        ([0.1, 1 - 1e-9], [0, 1], None, 0.55),
    ],
)
def test_a_tuned_threshold_lies_half_way_between_two_probabilities(
    probabilities, codes, weights, threshold
):
    found = tuned_threshold(probabilities, codes, weights)
    assert found == pytest.approx(threshold, rel=1e-6)


def test_tuning_leaves_the_task_it_comes_from():
    task = MultiLabel(threshold="tuned").fit(sets("a"))
    fresh = task.tuned(np.array([[-2.0], [2.0]]), np.array([[1], [1]]), np.ones((2, 1)))
    assert task.thresholds_.tolist() == [0.5]
    assert fresh.thresholds_[0] < 0.5
    assert task.is_tuned
    assert not MultiLabel().is_tuned


@pytest.mark.parametrize("threshold", [0.5, 0.25])
def test_a_label_is_predicted_above_its_threshold(threshold):
    task = MultiLabel(threshold=threshold).fit(sets("a"))
    assert task.thresholds_.tolist() == [threshold]
    found = task.choose(np.array([[threshold], [np.nextafter(threshold, 1)]]))
    assert found.tolist() == [[0], [1]]
    at = np.log(threshold / (1 - threshold))
    found = task.choose(task.probabilities(np.array([[at], [at + 1e-9]])))
    assert found.tolist() == [[0], [1]]


def test_what_a_task_of_sets_says_of_itself():
    task = MultiLabel().fit(sets("ab", "c"))
    assert task.classes_.tolist() == ["a", "b", "c"]
    assert task.code_sizes == [2, 2, 2]
    assert task.n_logits == 3
    assert task.is_multilabel
    assert not task.is_ordered
    with pytest.raises(InvalidParameterError, match="'loss' parameter of MultiLabel"):
        MultiLabel(loss="focal").fit(sets("a"))


def test_the_asymmetric_loss_of_four_cells_by_hand():
    module = AsymmetricLoss(gamma_pos=1.0, gamma_neg=2.0, margin=0.1)
    logits = torch.logit(torch.tensor([[0.8, 0.8, 0.05, 0.8]], dtype=torch.double))
    found = module([logits], torch.tensor([[1, 0, 0, -1]]))[0].tolist()
    shifted = 0.8 - 0.1
    expected = [-np.log(0.8) * 0.2, -np.log(1 - shifted) * shifted**2, 0.0, 0.0]
    assert found == pytest.approx(expected)
