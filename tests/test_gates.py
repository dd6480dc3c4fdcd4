"""Gates of experts, as numbers and as a picture."""

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import ExpertGateDisplay, gate_weights
from sklearn_mtl.sharing import MixtureOfExperts, ProgressiveLayers
from sklearn_mtl.trunks import BagTrunk

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

TEXTS, Y = make_multitask_texts(250, n_tasks=2, n_classes=3, random_state=0)


def classifier(sharing, vectorizer="auto", **params):
    params = {"trunk": BagTrunk(5), "max_iter": 3, "random_state": 0} | params
    return MultiTaskTextClassifier(vectorizer, sharing=sharing, **params)


@pytest.fixture(scope="module")
def mixture():
    return classifier(MixtureOfExperts(3)).fit(TEXTS, Y)


@pytest.fixture(scope="module")
def progressive():
    return classifier(ProgressiveLayers(n_levels=2)).fit(TEXTS, Y)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_the_mean_is_that_over_texts(mixture):
    by_row = gate_weights(mixture, TEXTS, per_row=True)
    assert by_row.shape == (250, 2, 3)
    assert_allclose(by_row.sum(axis=2), 1, rtol=1e-5)
    assert by_row.std(axis=0).max() > 0
    assert_allclose(gate_weights(mixture, TEXTS), by_row.mean(axis=0))
    assert_allclose(gate_weights(mixture, TEXTS[:1])[0], by_row[0, 0], atol=1e-6)


def test_a_task_reads_nothing_of_the_experts_of_another(progressive):
    for level in (0, 1, -1):
        weights = gate_weights(progressive, TEXTS, level=level)
        assert_array_equal(weights > 0, [[True, False, True], [False, True, True]])
    levels = [gate_weights(progressive, TEXTS, level=k) for k in (0, 1, -1)]
    assert np.abs(levels[0] - levels[1]).max() > 0
    assert_array_equal(levels[1], levels[2])


def test_a_pipeline_and_a_search_have_gates():
    pipeline = make_pipeline(TfidfVectorizer(), classifier("mmoe")).fit(TEXTS, Y)
    own = classifier("mmoe", TfidfVectorizer(), term_weighting=None).fit(TEXTS, Y)
    search = GridSearchCV(
        make_pipeline(TfidfVectorizer(), classifier("mmoe")),
        {"multitasktextclassifier__alpha": [0.0]},
        cv=[(np.arange(250), np.arange(250))],
    ).fit(TEXTS, Y)
    expected = gate_weights(own, TEXTS)
    for estimator in (pipeline, search):
        assert_allclose(gate_weights(estimator, TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("params", [{"sharing": "hard"}, {"trunk": None}], ids=str)
def test_without_experts_there_are_no_gates(params):
    clf = classifier(**{"sharing": "mmoe"} | params).fit(TEXTS, Y)
    named = "HardSharing()" if "sharing" in params else "None"
    with pytest.raises(ValueError, match=r"no gates.*sharing='mmoe'") as error:
        gate_weights(clf, TEXTS)
    assert named in str(error.value)


def test_a_classifier_without_gates_is_named():
    models = MultiOutputClassifier(LogisticRegression()).fit(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match="MultiOutputClassifier has no gates"):
        gate_weights(models, np.eye(3))
    with pytest.raises(NotFittedError):
        gate_weights(classifier("mmoe"), TEXTS)


@pytest.mark.parametrize("level", [2, -3])
def test_a_level_that_is_not_there(progressive, level):
    message = (
        rf"level must be from -2 to 1, because there are 2 level\(s\).*Got {level}"
    )
    with pytest.raises(ValueError, match=message):
        gate_weights(progressive, TEXTS, level=level)


def test_the_picture_has_means_and_deviations(mixture):
    display = ExpertGateDisplay.from_estimator(mixture, TEXTS)
    display.figure_.canvas.draw()
    by_row = gate_weights(mixture, TEXTS, per_row=True)
    assert_allclose(display.weights, by_row.mean(axis=0))
    assert_allclose(display.spread, by_row.std(axis=0))
    written = [text.get_text() for text in display.ax_.texts]
    assert written[1] == f"{display.weights[0, 1]:.2f}\n±{display.spread[0, 1]:.2f}"
    ticks = [tick.get_text() for tick in display.ax_.get_xticklabels()]
    assert ticks == ["expert 0", "expert 1", "expert 2"]
    ticks = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert ticks == ["task0", "task1"]


def test_what_a_task_does_not_read_is_empty(progressive):
    display = ExpertGateDisplay.from_estimator(progressive, TEXTS, level=0)
    display.figure_.canvas.draw()
    assert_array_equal(np.isnan(display.weights), [[0, 1, 0], [1, 0, 0]])
    assert len(display.ax_.texts) == 4
    assert display.expert_names == ["task0", "task1", "shared"]
