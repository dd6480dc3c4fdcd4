"""Callbacks that prune trials and log to trackers."""

import copy

import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback, TensorBoard, WandbLogger

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts

TEXTS, LABELS = make_multitask_texts(120, n_tasks=2, missing_rate=0.2, random_state=0)


class Pruned(Exception):  # noqa: N818 (as Optuna calls it)
    pass


class Trial:
    """Wants to be pruned after some epochs. It cannot be copied, as one of Optuna."""

    def __init__(self, n_epochs):
        self.n_epochs, self.values = n_epochs, {}

    def report(self, value, step):
        self.values[step] = value

    def should_prune(self):
        return len(self.values) >= self.n_epochs

    def __deepcopy__(self, memo):
        raise TypeError("a trial is not copied")


class Prune(Callback):
    def __init__(self, trial):
        self.trial = trial

    def on_epoch_end(self, net, **kwargs):
        self.trial.report(net.history[-1]["valid_score_mean"], len(net.history))
        if self.trial.should_prune():
            raise Pruned


def make(**params):
    return MultiTaskTextClassifier(
        max_iter=4, early_stopping=True, random_state=0, **params
    )


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_pruned_fit_changes_nothing(warm_start):
    clf = make(warm_start=warm_start).fit(TEXTS, LABELS)
    before, predicted = dict(vars(clf)), clf.predict(TEXTS)
    state = copy.deepcopy(clf.net_.module_.state_dict())
    trial = Trial(2)
    clf.callbacks = [Prune(trial)]
    with pytest.raises(Pruned):
        clf.fit(TEXTS, LABELS)
    assert list(trial.values) == [1, 2]
    clf.callbacks = None
    assert vars(clf).keys() == before.keys()
    assert all(vars(clf)[name] is value for name, value in before.items())
    for name, weights in clf.net_.module_.state_dict().items():
        assert (weights == state[name]).all()
    assert_array_equal(clf.predict(TEXTS), predicted)


def test_a_first_fit_that_is_pruned_leaves_no_fit():
    clf = make(callbacks=[Prune(Trial(1))])
    with pytest.raises(Pruned):
        clf.fit(TEXTS, LABELS)
    assert not hasattr(clf, "net_")


def test_a_trial_that_is_not_pruned_gets_the_score_of_each_epoch():
    trial = Trial(100)
    clf = make(callbacks=[Prune(trial)]).fit(TEXTS, LABELS)
    assert list(trial.values.values()) == [e["valid_score_mean"] for e in clf.history_]
    same = make().fit(TEXTS, LABELS)
    assert_array_equal(clf.predict(TEXTS), same.predict(TEXTS))


class Writer:
    """Has what skorch's logger asks of a SummaryWriter."""

    def __init__(self):
        self.curves, self.is_closed = {}, False

    def add_scalar(self, tag, scalar_value, global_step):
        self.curves.setdefault(tag, []).append((global_step, scalar_value))

    def close(self):
        self.is_closed = True


def test_tensorboard_gets_the_curves_of_each_task():
    writer = Writer()
    clf = make(callbacks=[TensorBoard(writer)]).fit(TEXTS, LABELS)
    assert writer.is_closed
    for task in clf.task_names_:
        # skorch writes "Loss/" before all records that begin with "valid".
        curve = writer.curves[f"Loss/valid_score_{task}"]
        scores = [epoch[f"valid_score_{task}"] for epoch in clf.history_]
        assert curve == list(enumerate(scores, start=1))
        losses = [value for _, value in writer.curves[f"task_train_loss_{task}"]]
        weights = [epoch[f"weight_{task}"] for epoch in clf.history_]
        expected = [epoch[f"weighted_loss_{task}"] for epoch in clf.history_]
        found = [w * loss for w, loss in zip(weights, losses, strict=True)]
        assert found == pytest.approx(expected)


class Run:
    """Has what skorch's logger asks of a run of Weights & Biases."""

    def __init__(self):
        self.logged, self.watched = [], []

    def watch(self, module):
        self.watched.append(module)

    def log(self, values, commit=True):
        self.logged.append(values)


def test_weights_and_biases_gets_the_records_of_each_epoch():
    run = Run()
    clf = make(callbacks=[WandbLogger(run, save_model=False)]).fit(TEXTS, LABELS)
    assert len(run.watched) == 1
    assert len(run.logged) == len(clf.history_)
    for values, epoch in zip(run.logged, clf.history_, strict=True):
        for task in clf.task_names_:
            assert values[f"valid_score_{task}"] == epoch[f"valid_score_{task}"]
