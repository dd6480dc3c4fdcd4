"""scikit-learn's callbacks in a fit of ours."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Checkpoint, EarlyStopping
from versions import import_callbacks

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.training import _config

callbacks = import_callbacks()

X, Y = make_multitask_texts(60, n_tasks=2, random_state=0)
Y = pd.DataFrame(Y)


def path_of(context):
    above = [] if context.parent is None else path_of(context.parent)
    return [*above, context]


class Recorder:
    """Keeps what it is told."""

    def __init__(self, stop_after=None):
        self.begun, self.ended, self.fitted, self.data = [], [], [], []
        self.calls, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun.append([c.task_name for c in path_of(context)])

    def on_fit_task_end(
        self, estimator, context, *, X, y, metadata, fitted_estimator=None
    ):
        self.ended.append([c.task_name for c in path_of(context)])
        self.data.append((X, y, metadata))
        if context.task_name == "epoch":
            self.fitted.append(fitted_estimator)
            return len(self.fitted) == self.stop_after


class EveryWhere(Recorder):
    """A recorder that meta-estimators hand down."""

    max_propagation_depth = None


def classifier(**params):
    return MultiTaskTextClassifier(random_state=0, **{"max_iter": 3} | params)


def test_a_fit_is_a_tree_of_tasks():
    recorder = Recorder()
    weight = np.ones(60)
    classifier().set_callbacks(recorder).fit(X, Y, sample_weight=weight)
    epochs = 3 * [["fit", "train", "epoch"]]
    assert recorder.begun == [["fit"], ["fit", "vectorize"], ["fit", "train"], *epochs]
    assert recorder.ended == [["fit", "vectorize"], *epochs, ["fit", "train"], ["fit"]]
    assert recorder.calls == ["setup", "teardown"]
    for texts, labels, metadata in recorder.data:
        assert texts is X
        assert labels is Y
        assert metadata["sample_weight"] is weight


def test_each_epoch_gives_an_estimator_that_stays_as_it_was():
    recorder, seen = Recorder(), []
    inner = recorder.on_fit_task_end

    def watch(estimator, context, *, X, y, metadata, fitted_estimator=None):
        stop = inner(
            estimator, context, X=X, y=y, metadata=metadata,
            fitted_estimator=fitted_estimator,
        )  # fmt: skip
        if context.task_name == "epoch":
            seen.append(fitted_estimator.predict_proba(X)[0])
        return stop

    recorder.on_fit_task_end = watch
    clf = classifier().set_callbacks(recorder).fit(X, Y)
    for k, (fitted, then) in enumerate(zip(recorder.fitted, seen, strict=True)):
        assert_array_equal(fitted.predict_proba(X)[0], then)
        assert fitted.n_iter_ == k + 1
    assert_array_equal(seen[-1], clf.predict_proba(X)[0])
    assert not np.array_equal(seen[0], seen[1])
    # To be watched changes nothing.
    assert_array_equal(seen[-1], classifier().fit(X, Y).predict_proba(X)[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_callback_may_stop_the_fit(early_stopping):
    recorder = Recorder(stop_after=1)
    clf = classifier(early_stopping=early_stopping).set_callbacks(recorder).fit(X, Y)
    assert clf.n_iter_ == clf.best_iter_ == 1
    assert recorder.ended[-2:] == [["fit", "train"], ["fit"]]
    assert_array_equal(clf.predict_proba(X)[0], recorder.fitted[0].predict_proba(X)[0])


class Watch(Recorder):
    """Keeps what each fitted estimator says at once, and its pickle."""

    def __init__(self, **params):
        super().__init__(**params)
        self.seen, self.pickles = [], []

    def on_fit_task_end(
        self, estimator, context, *, X, y, metadata, fitted_estimator=None
    ):
        if context.task_name == "epoch":
            self.seen.append(fitted_estimator.predict_proba(X)[0])
            self.pickles.append(pickle.dumps(fitted_estimator.net_))
        return super().on_fit_task_end(
            estimator, context, X=X, y=y, metadata=metadata,
            fitted_estimator=fitted_estimator,
        )  # fmt: skip


class Best(EarlyStopping):
    """Takes the second epoch for the best."""

    def __init__(self):
        super().__init__("train_loss", load_best=True)

    def _is_score_improved(self, score):
        self.calls_ = getattr(self, "calls_", 0) + 1
        return self.calls_ <= 2


def second_epoch(net):
    return len(net.history) == 2


@pytest.mark.parametrize("how", ["early stopping", "of the user", "checkpoint"])
@pytest.mark.parametrize("last", [None, 3], ids=["whole", "stopped"])
def test_weights_and_number_of_a_fit_that_ends_now_are_of_the_best_epoch(
    how, last, tmp_path, monkeypatch
):
    callbacks = {
        "early stopping": [],
        "of the user": [Best()],
        "checkpoint": [Checkpoint(second_epoch, load_best=True, dirname=str(tmp_path))],
    }
    if how == "early stopping":
        monkeypatch.setattr(_config, "EarlyStopping", lambda **params: Best())
    params = {"max_iter": 4, "callbacks": callbacks[how]}
    watch = Watch(stop_after=last)
    clf = classifier(early_stopping=how == "early stopping", **params)
    clf.set_callbacks(watch).fit(X, Y)
    assert [each.best_iter_ for each in watch.fitted] == [1, 2, 2, 2][:last]
    assert clf.best_iter_ == 2
    for seen in (watch.seen[1:], [each.predict_proba(X)[0] for each in watch.fitted]):
        assert_array_equal(seen[-1], clf.predict_proba(X)[0])
    assert not np.array_equal(watch.seen[0], watch.seen[1])
    assert_array_equal(watch.seen[1], watch.seen[2])


def test_an_estimator_of_an_epoch_holds_no_training():
    watch = Watch()
    clf = classifier(early_stopping=True).set_callbacks(watch).fit(X, Y)
    size = len(pickle.dumps(clf.net_))
    assert all(len(stored) < size + 2000 for stored in watch.pickles)
    for each in watch.fitted:
        assert each.net_.train_split is None
        assert vars(each.net_).keys() == vars(clf.net_).keys()
        assert each.loss_weights_ == clf.loss_weights_


def test_a_callback_that_fails_leaves_the_fit_before():
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch":
                raise RuntimeError("the callback's own")

    clf = classifier().fit(X, Y)
    before = clf.predict_proba(X)[0]
    failing = Failing()
    with pytest.raises(RuntimeError, match="the callback's own"):
        clf.set_callbacks(failing).fit(X, Y)
    assert failing.calls == ["setup", "teardown"]
    assert_array_equal(clf.predict_proba(X)[0], before)


def test_neither_data_nor_callbacks_stay_with_the_net():
    clf = classifier().set_callbacks(Recorder()).fit(X, Y)
    bare = classifier().fit(X, Y)
    size, expected = (len(pickle.dumps(each.net_)) for each in (clf, bare))
    assert size < expected + 2000


def test_they_reach_the_fits_of_a_search():
    recorder = EveryWhere()
    search = GridSearchCV(
        make_pipeline(classifier()),
        {"multitasktextclassifier__alpha": [0.0, 1e-4]},
        cv=MultiTaskStratifiedKFold(2),
        scoring=multitask_scorer(),
        refit="mean",
    ).set_callbacks(recorder)
    search.fit(X, Y)
    epochs = [path for path in recorder.ended if path[-1] == "epoch"]
    assert len(epochs) == 3 * (2 * 2 + 1)


def test_a_monitor_logs_the_scores_of_each_epoch_and_task():
    monitor = callbacks.ScoringMonitor(scoring=multitask_scorer())
    clf = classifier().set_callbacks(monitor).fit(X, Y)
    log = monitor.get_logs().data
    rows = [row for row in log if row["task_name"] == "epoch"]
    assert len(rows) == 3
    expected = multitask_scorer()(clf, X, Y)
    assert {key: rows[-1][key] for key in expected} == expected


def test_a_progress_bar_shows_the_epochs(capsys):
    classifier().set_callbacks(callbacks.ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "MultiTaskTextClassifier - fit" in shown
    assert "train" in shown


def test_a_search_of_loss_weights_tells_of_its_folds_and_of_the_last_fit():
    recorder = EveryWhere()
    search = LossWeightSearchCV(
        classifier(), [[1, 1], [1, 2]], cv=2, scoring=multitask_scorer(), refit="mean"
    ).set_callbacks(recorder)
    search.fit(X, Y)
    assert recorder.ended.count(["fit", "fold"]) == 2
    assert sum(path[-1] == "epoch" for path in recorder.ended) == 3
    assert recorder.ended[-1] == ["fit"]
    assert recorder.calls == ["setup", "teardown"]


class Sizes(Recorder):
    """Keeps how many parts a task says that it has."""

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.max_subtasks))


@pytest.mark.parametrize(("params", "n_epochs"), [({}, 3), ({"max_iter": 1}, 1)])
def test_each_task_of_a_fit_tells_how_many_parts_it_has(params, n_epochs):
    recorder = Sizes()
    classifier(**params).set_callbacks(recorder).fit(X, Y)
    (fit, vectorize, train, *epochs) = recorder.begun
    assert fit[1] == 2
    assert vectorize == ("vectorize", 0)
    assert train == ("train", n_epochs)
    assert [name for name, _ in epochs] == ["epoch"] * n_epochs
