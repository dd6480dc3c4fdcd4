"""The words that speak for a class, as numbers and as bars."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.inspection import TopWords, TopWordsDisplay, top_words

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")
pytestmark = pytest.mark.filterwarnings("ignore:The task.* have a single class")

TEXTS = ["great phone", "awful phone", "great film", "awful film", "great tea"] * 6
LABELS = {
    "tone": ["good", "bad", "good", "bad", None] * 6,
    "topic": ["tech", "tech", "art", "art", "food"] * 6,
    "place": ["here"] * 30,
}
TABLE = np.column_stack([["good", "bad", "good", "bad", "good"] * 6, LABELS["topic"]])


def classifier(vectorizer="auto", **params):
    return MultiTaskTextClassifier(vectorizer, random_state=0, max_iter=40, **params)


@pytest.fixture(scope="module")
def fitted():
    return classifier(CountVectorizer()).fit(TEXTS, LABELS)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


# Words -------------------------------------------------------------------------------


def test_words_of_linear_models_are_their_coefficients():
    models = MultiOutputClassifier(LogisticRegression())
    pipeline = make_pipeline(TfidfVectorizer(), models).fit(TEXTS, TABLE)
    found = top_words(pipeline, TEXTS, n_words=2)
    rows = pipeline[0].transform(TEXTS).toarray()
    names = pipeline[0].get_feature_names_out()
    typical = rows.sum(axis=0) / (rows > 0).sum(axis=0)
    tone, topic = (model.coef_ for model in pipeline[1].estimators_)
    # The first of two classes has a score of 0, so that the mean is half the other's.
    for label, strength in [("good", tone[0] / 2), ("bad", -tone[0] / 2)]:
        strength = strength * typical
        best = np.argsort(-strength)[:2]
        assert found.words["task0"][label] == names[best[strength[best] > 0]].tolist()
    strength = (topic - topic.mean(axis=0))[1] * typical
    best = np.argsort(-strength)[:2]
    assert found.words["task1"]["food"] == names[best].tolist()
    assert_allclose(found.effects["task1"]["food"], strength[best])


def test_sparse_coefficients_are_read_too():
    models = MultiOutputClassifier(LogisticRegression())
    pipeline = make_pipeline(CountVectorizer(), models).fit(TEXTS, TABLE)
    expected = top_words(pipeline, TEXTS).words
    for model in pipeline[1].estimators_:
        model.sparsify()
    assert top_words(pipeline, TEXTS).words == expected


def test_words_of_the_network_are_the_telling_ones(fitted):
    words = top_words(fitted, TEXTS, n_words=1).words
    assert words["tone"] == {"bad": ["awful"], "good": ["great"]}
    assert words["topic"] == {"art": ["film"], "food": ["tea"], "tech": ["phone"]}
    assert words["place"] == {"here": []}
    with_parts = top_words(classifier().fit(TEXTS, LABELS), TEXTS, n_words=1)
    assert with_parts.words["tone"]["bad"] == ["awful"]


def test_a_pipeline_and_a_search_find_the_same(fitted):
    expected = top_words(fitted, TEXTS)
    pipeline = make_pipeline(CountVectorizer(), classifier()).fit(TEXTS, LABELS)
    search = GridSearchCV(
        make_pipeline(CountVectorizer(), classifier()),
        {"multitasktextclassifier__alpha": [0.0]},
        cv=[(np.arange(30), np.arange(30))],
    ).fit(TEXTS, pd.DataFrame(LABELS))
    for estimator in (pipeline, search):
        found = top_words(estimator, TEXTS)
        assert found.words == expected.words
        assert_allclose(found.effects["topic"]["art"], expected.effects["topic"]["art"])


def test_steps_around_a_search_are_all_taken():
    tone = LABELS["topic"]
    inner = make_pipeline(SelectKBest(chi2, k=3), classifier())
    search = GridSearchCV(
        inner,
        {"multitasktextclassifier__alpha": [0.0]},
        cv=[(np.arange(30), np.arange(30))],
    )
    words = top_words(make_pipeline(CountVectorizer(), search).fit(TEXTS, tone), TEXTS)
    assert words.words["task0"]["food"][0] == "tea"
    assert words.words["task0"]["tech"][0] == "phone"


def test_rows_have_the_names_of_their_table_or_numbers():
    rows = CountVectorizer().fit_transform(TEXTS).toarray()
    frame = pd.DataFrame(rows, columns=["awful", "film", "great", "phone", "tea"])
    models = MultiOutputClassifier(LogisticRegression())
    for X, word in [(frame, "tea"), (rows, "x4"), (rows.tolist(), "x4")]:
        found = top_words(models.fit(X, TABLE), X, n_words=1)
        assert found.words["task1"]["food"] == [word]
    found = top_words(classifier().fit(csr_array(rows), LABELS), csr_array(rows))
    assert found.words["topic"]["food"][0] == "x4"
    # In dense rows, 6 of 30 texts hold the word.
    coefficients = models.estimators_[1].coef_
    expected = (coefficients - coefficients.mean(axis=0))[1, 4] * 6 / 30
    assert top_words(models, rows).effects["task1"]["food"][0] == pytest.approx(
        expected
    )


def test_words_by_hand_and_by_default():
    """Half the coefficient, times the mean size; ten words unless another number."""
    rows = np.tile([[1.0], [-3.0]], (5, 12))
    models = MultiOutputClassifier(LogisticRegression())
    models.fit(rows, np.tile([["u", "p"], ["v", "q"]], (5, 1)))
    models.estimators_[0].coef_ = np.arange(1.0, 13)[None]
    models.estimators_[1].coef_ = np.array([[0.0, 2, -4, *[0] * 9]])
    found = top_words(models, rows)
    assert found.words == {
        "task0": {"u": [], "v": [f"x{k}" for k in range(11, 1, -1)]},
        "task1": {"p": ["x2"], "q": ["x1"]},
    }
    assert_allclose(found.effects["task0"]["v"], np.arange(12.0, 2, -1))
    assert_allclose(found.effects["task1"]["p"], [4.0])
    assert top_words(models, rows, n_words=3).words["task0"]["v"] == [
        "x11",
        "x10",
        "x9",
    ]
    display = TopWordsDisplay.from_estimator(models, rows, "task0")
    assert display.words.words == found.words
    models.estimators_[1].coef_ *= 0
    assert top_words(models, csr_array(rows)).words["task1"] == {"p": [], "q": []}


def test_sizes_of_words_are_means_over_the_rows_that_hold_them():
    rows = csr_array([[2.0, 0, 0], [4, -1, 0], [0, 0, 0]])
    models = MultiOutputClassifier(LogisticRegression())
    models.fit(rows, [[0], [1], [0]])
    models.estimators_[0].coef_ = np.array([[10.0, 6, 5]])
    found = top_words(models, rows)
    assert found.words["task0"][1] == ["x0", "x1"]
    assert_allclose(found.effects["task0"][1], [10 / 2 * 3, 6 / 2 * 1])


@pytest.mark.parametrize("look", [top_words, TopWordsDisplay.from_estimator])
def test_words_are_of_a_fitted_estimator(look):
    with pytest.raises(NotFittedError):
        look(classifier(), TEXTS)


def test_one_class_may_be_drawn():
    assert len(TopWordsDisplay(many_classes(3), "task").plot(max_classes=1).axes_) == 1


def test_what_no_text_holds_is_not_found(fitted):
    found = top_words(fitted, ["great phone"]).words["topic"]
    assert found["tech"] == ["phone"]
    assert "tea" not in found["food"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"through": "head"},
            "through must be 'both', 'private' or 'trunk'. Got 'head'",
        ),
        ({"n_words": 0}, "n_words must be at least 1. Got 0"),
    ],
)
def test_arguments_that_mean_nothing(fitted, params, message):
    with pytest.raises(ValueError, match=message):
        top_words(fitted, TEXTS, **params)


# Before scikit-learn 1.8 a pipeline does not know that hashing needs no fit.
@pytest.mark.filterwarnings("ignore:This Pipeline instance is not fitted:FutureWarning")
def test_features_without_names():
    pipeline = make_pipeline(HashingVectorizer(n_features=64), classifier())
    with pytest.raises(ValueError, match="HashingVectorizer has no feature names"):
        top_words(pipeline.fit(TEXTS, LABELS), TEXTS)
    clf = classifier(HashingVectorizer(n_features=64)).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="HashingVectorizer has no feature names"):
        top_words(clf, TEXTS)


@pytest.mark.parametrize(
    ("model", "through"),
    [
        (RandomForestClassifier(2), "both"),
        (MultiOutputClassifier(RandomForestClassifier(2)), "both"),
        (MultiOutputClassifier(LogisticRegression()), "trunk"),
        (MultiOutputRegressor(Ridge()), "both"),
    ],
)
def test_models_without_readable_effects(model, through):
    y = np.array([[0, 1], [1, 0]] * 5)
    model.fit(y, y)
    name = type(model).__name__
    with pytest.raises(ValueError, match=f"Effects through '{through}' .* for {name}"):
        top_words(model, y, through=through)


def test_words_read_as_text_a_frame_and_html():
    words = TopWords(
        {"a<b": {"long name": ["<x>", "y"], 1: []}},
        {"a<b": {"long name": np.array([2.0, 1.0]), 1: np.array([])}},
    )
    assert str(words) == repr(words) == "a<b\n  long name  <x>, y\n  1"
    frame = words.to_frame()
    assert list(frame.columns) == ["task", "class", "word", "effect"]
    assert frame.loc[1].tolist() == ["a<b", "long name", "y", 1.0]
    html = words._repr_html_()
    assert "&lt;x&gt;, y" in html
    assert "<x>" not in html


def without(monkeypatch, library):
    for name in (library, f"{library}.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)


def test_a_frame_needs_pandas(monkeypatch):
    without(monkeypatch, "pandas")
    with pytest.raises(ImportError, match=r'pip install "sklearn-mtl\[pandas\]"'):
        TopWords({}, {}).to_frame()


# Bars --------------------------------------------------------------------------------


def test_bars_are_effects_the_strongest_on_top(fitted):
    display = TopWordsDisplay.from_estimator(fitted, TEXTS, "topic", n_words=2)
    display.figure_.canvas.draw()
    found = top_words(fitted, TEXTS, n_words=2)
    titles = [axes.get_title() for axes in display.axes_]
    assert titles == ["topic: art", "topic: food", "topic: tech"]
    for axes, label in zip(display.axes_, ["art", "food", "tech"], strict=True):
        widths = [bar.get_width() for bar in axes.patches]
        assert_allclose(widths, found.effects["topic"][label])
        ticks = [tick.get_text() for tick in axes.get_yticklabels()]
        assert ticks == found.words["topic"][label]
        assert axes.yaxis_inverted()
    assert len({axes.get_xlim() for axes in display.axes_}) == 1


def test_a_single_task_needs_no_name():
    single = MultiTaskTextClassifier(max_iter=2, random_state=0)
    single.fit(TEXTS, LABELS["topic"])
    display = TopWordsDisplay.from_estimator(single, TEXTS)
    assert display.task == "task0"
    assert len(display.axes_) == 3


def test_of_several_tasks_one_must_be_named(fitted):
    with pytest.raises(ValueError, match=r"There is no task None. The tasks are \["):
        TopWordsDisplay.from_estimator(fitted, TEXTS)


def many_classes(n_classes):
    labels = [f"class {k}" for k in range(n_classes)]
    return TopWords(
        {"task": {label: ["word", "other"] for label in labels}},
        {"task": {label: np.array([1.0, 0.5]) for label in labels}},
    )


def test_of_many_classes_the_first_are_drawn():
    display = TopWordsDisplay(many_classes(50), "task").plot()
    assert len(display.axes_) == 9
    assert display.figure_.get_suptitle() == "9 of 50 classes"
    display = TopWordsDisplay(many_classes(4), "task").plot()
    assert display.axes_[0].get_gridspec().get_geometry() == (2, 2)
    assert display.figure_.get_suptitle() == ""


def test_a_task_of_one_class_has_no_words(fitted):
    display = TopWordsDisplay.from_estimator(fitted, TEXTS, "place")
    display.figure_.canvas.draw()
    assert len(display.axes_[0].patches) == 0


def test_bars_on_axes_of_ones_own():
    figure, axes = plt.subplots(1, 3, layout="constrained")
    display = TopWordsDisplay(many_classes(3), "task").plot(ax=axes)
    assert display.axes_.tolist() == axes.tolist()
    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    display = TopWordsDisplay(many_classes(12), "task").plot(ax=axes, max_classes=3)
    figure.canvas.draw()
    assert display.figure_ is figure
    assert len(display.axes_) == 3
    assert figure.get_suptitle() == ""
    with pytest.raises(ValueError, match=r"each of the 2 panel\(s\). Got 3"):
        TopWordsDisplay(many_classes(2), "task").plot(ax=plt.subplots(1, 3)[1])


def test_bars_of_what_is_not_there(fitted):
    with pytest.raises(ValueError, match=r"There is no task 'mood'. The tasks are"):
        TopWordsDisplay.from_estimator(fitted, TEXTS, "mood")
    with pytest.raises(ValueError, match=r"max_classes must be at least 1. Got 0"):
        TopWordsDisplay(many_classes(2), "task").plot(max_classes=0)


def test_bars_need_matplotlib(monkeypatch):
    without(monkeypatch, "matplotlib")
    with pytest.raises(
        ImportError, match=r"TopWordsDisplay.plot needs matplotlib.*plot"
    ):
        TopWordsDisplay(many_classes(2), "task").plot()
