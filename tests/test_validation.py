"""The score of a validation split."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._validation import ValidationScore

NAMES = ["tone", "topic"]


@pytest.mark.parametrize(
    ("name", "metric", "over"),
    [
        ("mean", "accuracy", "mean"),
        ("worst", "accuracy", "worst"),
        ("topic", "accuracy", "topic"),
        ("f1_macro_mean", "f1_macro", "mean"),
        ("neg_log_loss_worst", "neg_log_loss", "worst"),
        ("roc_auc_tone", "roc_auc", "tone"),
        ("accuracy_mean", "accuracy", "mean"),
    ],
)
def test_names_are_read_like_the_results_of_a_search(name, metric, over):
    assert ValidationScore.of_name(name, NAMES) == ValidationScore(metric, over)


def test_a_task_of_the_name_comes_first():
    score = ValidationScore.of_name("f1_macro_mean", ["f1_macro_mean", "mean_of"])
    assert score == ValidationScore("accuracy", "f1_macro_mean")


@pytest.mark.parametrize("name", ["f1", "f1_macro", "f1_macro_title", "log_loss_mean"])
def test_what_means_nothing_is_refused(name):
    match = rf"early_stopping_metric must.*Got '{name}'; the tasks are \['tone', 'top"
    with pytest.raises(ValueError, match=match):
        ValidationScore.of_name(name, NAMES)


CODES = np.array([[0, 2], [1, -1], [1, 0], [0, 1], [-1, 2]])
DECIDED = np.array([[0, 2], [0, 1], [1, 1], [0, 1], [0, 0]])
WEIGHTS = np.array([[1, 1], [2, 1], [1, 3], [1, 1], [1, 1.0]])


def cells_of(probabilities=(None, None), codes=CODES):
    return list(zip(codes.T, DECIDED.T, probabilities, WEIGHTS.T, strict=True))


def test_labels_are_scored_on_labelled_cells_with_their_weights():
    scores = ValidationScore("f1_macro", "worst")(NAMES, cells_of())
    expected = {}
    for k, name in enumerate(NAMES):
        rows = CODES[:, k] >= 0
        cells = CODES[rows, k], DECIDED[rows, k]
        expected[name] = f1_score(
            *cells, average="macro", sample_weight=WEIGHTS[rows, k], zero_division=0.0
        )
    values = list(expected.values())
    expected |= {"mean": np.mean(values), "worst": min(values)}
    assert scores == pytest.approx(expected)


def test_probabilities_are_scored():
    rng = np.random.default_rng(0)
    probabilities = [rng.dirichlet(np.ones(n), len(CODES)) for n in (2, 3)]
    score = ValidationScore("neg_log_loss", "tone")
    assert score.reads_probabilities
    scores = score(NAMES, cells_of(probabilities))
    rows = CODES[:, 1] >= 0
    expected = -log_loss(
        CODES[rows, 1], probabilities[1][rows], sample_weight=WEIGHTS[rows, 1]
    )
    assert scores["topic"] == pytest.approx(expected)


def test_a_task_without_labels_is_left_out():
    codes = np.where([True, False], CODES, -1)
    scores = ValidationScore("accuracy", "mean")(NAMES, cells_of(codes=codes))
    assert np.isnan(scores["topic"])
    assert scores["mean"] == scores["worst"] == scores["tone"] == 3 / 5


def test_what_training_stops_by_must_be_defined():
    codes = np.where([True, False], CODES, -1)
    match = "accuracy of 'topic'.*not defined on the validation split.*larger"
    with pytest.raises(ValueError, match=match):
        ValidationScore("accuracy", "topic")(NAMES, cells_of(codes=codes))
    scores = ValidationScore("accuracy")(NAMES, cells_of(codes=np.full((5, 2), -1)))
    assert np.isnan(list(scores.values())).all()


def test_it_can_be_pickled():
    score = ValidationScore("f1_macro", "tone")
    assert pickle.loads(pickle.dumps(score)) == score


@pytest.mark.parametrize("name", ["f1_macro_mean", "neg_log_loss_worst", "roc_auc_b"])
def test_history_and_the_epoch_kept_follow_the_metric(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = {"a": (X[:, 0] > 0).astype(int), "b": rng.integers(2, size=300)}
    clf = MultiTaskTextClassifier(
        early_stopping=True,
        early_stopping_metric=name,
        max_iter=30,
        n_iter_no_change=3,
        random_state=0,
    ).fit(X, y)
    over = name.rsplit("_", 1)[1]
    found = [epoch[f"valid_score_{over}"] for epoch in clf.history_]
    assert clf.n_iter_ < 30
    assert found[clf.best_iter_ - 1] >= max(found) - 1e-4
    if name.startswith("neg"):
        assert max(found) < 0
    alone = clf.set_params(early_stopping_metric="mean").fit(X, y)
    assert [epoch["valid_score_mean"] for epoch in alone.history_] != found
