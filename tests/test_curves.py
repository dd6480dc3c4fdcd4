"""scikit-learn's displays of learning and validation curves, without score_name."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.model_selection import LearningCurveDisplay, ValidationCurveDisplay

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

TEXTS, LABELS = make_multitask_texts(90, n_tasks=2, missing_rate=0.2, random_state=0)
FULL = make_multitask_texts(90, n_tasks=1, random_state=0)[1][:, 0].astype(int)
CURVES = {
    LearningCurveDisplay: {"train_sizes": [0.5, 1.0]},
    ValidationCurveDisplay: {"param_name": "max_iter", "param_range": [1, 2]},
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def curve(display, y, scoring, **options):
    return display.from_estimator(
        MultiTaskTextClassifier(max_iter=1, random_state=0),
        TEXTS,
        y,
        cv=MultiTaskStratifiedKFold(2),
        scoring=scoring,
        **CURVES[display],
        **options,
    )


@pytest.mark.parametrize("display", CURVES)
@pytest.mark.parametrize(
    ("scoring", "label"),
    [
        (None, "Score"),
        (multitask_scorer(output="mean"), "Accuracy, mean over tasks"),
        (multitask_scorer("f1_macro", output="worst"), "F1 macro, worst of all tasks"),
        (multitask_scorer(output="task1"), "Accuracy, task task1"),
        (
            multitask_scorer("neg_log_loss", output="mean"),
            "Negative log loss, mean over tasks",
        ),
    ],
)
def test_the_axis_says_what_is_drawn(display, scoring, label):
    drawn = curve(display, LABELS, scoring)
    assert drawn.ax_.get_ylabel() == drawn.score_name == label
    assert drawn.test_scores.shape == (2, 2)
    assert np.isfinite(drawn.test_scores).all()
    drawn.figure_.canvas.draw()


@pytest.mark.parametrize("display", CURVES)
def test_losses_can_be_drawn_as_losses(display):
    scorer = multitask_scorer("neg_log_loss", output="mean")
    drawn = curve(display, LABELS, scorer, negate_score=True)
    assert drawn.score_name == "Log loss, mean over tasks"


@pytest.mark.parametrize("display", CURVES)
@pytest.mark.parametrize(
    ("scoring", "label"), [("accuracy", "Accuracy"), ("f1_macro", "F1 macro")]
)
def test_scorers_of_scikit_learn_by_name_score_one_full_column(display, scoring, label):
    drawn = curve(display, FULL, scoring)
    assert drawn.score_name == label
    assert np.isfinite(drawn.test_scores).all()


@pytest.mark.parametrize("display", CURVES)
@pytest.mark.parametrize("metrics", ["accuracy", ["f1_macro", "accuracy"]])
def test_a_score_for_each_task_is_refused_before_any_fit(display, metrics, monkeypatch):
    monkeypatch.setattr(MultiTaskTextClassifier, "fit", None)
    with pytest.raises(
        AttributeError, match=r"a curve needs one number\. Pass .*output='mean'\)"
    ):
        curve(display, LABELS, multitask_scorer(metrics))
