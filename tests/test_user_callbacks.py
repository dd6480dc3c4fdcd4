"""skorch's callbacks in a fit: each of them works, or is refused before any work."""

import _thread
import copy
import pickle
import signal
from unittest.mock import MagicMock

import numpy as np
import pytest
import skorch.callbacks
import torch
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
    WarmRestartLR,
)
from skorch.dataset import ValidSplit
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._user_callbacks import (
    named_callbacks,
    needs_validation,
    own_callbacks,
    watched_record,
    with_stored_gradient,
)

TEXTS = ["late parcel", "wrong bill", "box is late", "bill again"] * 10
Y = {"topic": ["ship", "pay"] * 20, "tone": ["a", "b", None, "a"] * 10}


class OfScikitLearn:
    """Has the methods of scikit-learn's callbacks."""

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass


def fit(*callbacks, **params):
    params = {"max_iter": 3, "random_state": 0, "learning_rate_init": 2.0} | params
    clf = MultiTaskTextClassifier(callbacks=list(callbacks), **params)
    return clf.fit(TEXTS, Y)


def callback_of(clf, name):
    return dict(clf.net_.callbacks_)[name]


def share_of_codes(net, rows, codes):
    """A score: the share of labelled cells."""
    return float((codes >= 0).mean())


# --- every callback that ships with skorch --------------------------------------------

WORKING = {
    "BatchScoring": lambda: BatchScoring(share_of_codes, name="mine"),
    "Checkpoint": Checkpoint,
    "EarlyStopping": EarlyStopping,
    "EpochScoring": lambda: EpochScoring(share_of_codes, name="mine"),
    "EpochTimer": EpochTimer,
    "Freezer": lambda: Freezer("head*"),
    "GradientNormClipping": lambda: GradientNormClipping(0.01),
    "Initializer": lambda: Initializer("*.bias", fn=torch.nn.init.ones_),
    "LRScheduler": lambda: LRScheduler("StepLR", step_size=1),
    "LoadInitState": lambda: LoadInitState(Checkpoint(monitor=None)),
    "MlflowLogger": lambda: MlflowLogger(MagicMock(), MagicMock()),
    "NeptuneLogger": lambda: NeptuneLogger(MagicMock()),
    "ParamMapper": lambda: ParamMapper("*.bias", fn=torch.nn.init.ones_),
    "PassthroughScoring": lambda: PassthroughScoring("train_loss", on_train=True),
    "PrintLog": PrintLog,
    "ProgressBar": ProgressBar,
    "SacredLogger": lambda: SacredLogger(MagicMock()),
    "TensorBoard": lambda: TensorBoard(MagicMock()),
    "TrainEndCheckpoint": TrainEndCheckpoint,
    "Unfreezer": lambda: Unfreezer("head*"),
    "WandbLogger": lambda: WandbLogger(MagicMock(dir=".")),
}
REFUSED = {
    "InputShapeSetter": (InputShapeSetter(), "InputShapeSetter.*Remove it"),
    "WarmRestartLR": (WarmRestartLR, r"Pass skorch's LRScheduler\(WarmRestartLR"),
}


def test_all_callbacks_of_skorch_are_known():
    names = set(skorch.callbacks.__all__) - {"Callback"}
    assert names == WORKING.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", WORKING)
def test_callbacks_of_skorch_work(name, tmp_path, monkeypatch, capsys):
    if name == "NeptuneLogger":
        pytest.importorskip("neptune")
    monkeypatch.chdir(tmp_path)
    clf = fit(WORKING[name]())
    assert clf.n_iter_ == 3
    assert type(callback_of(clf, name)).__name__ == name
    assert clf.predict(TEXTS).shape == (40, 2)


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused(name):
    callback, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        fit(callback)


def test_what_is_said_instead_of_a_policy_works():
    fit(LRScheduler(WarmRestartLR))


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (3, "callbacks contains 3, which is not a callback of skorch"),
        ("EarlyStopping", "callbacks contains 'EarlyStopping', which"),
        (("a",), r"callbacks contains \('a',\). Pass a callback, or a pair"),
        (("a", 3), "callbacks contains 3"),
        (OfScikitLearn(), "set_callbacks"),
        (EpochScoring, "class EpochScoring, which needs arguments.*an instance"),
        (EpochScoring("accuracy"), "scoring='accuracy'.*ScoringMonitor"),
        (EpochScoring(None), "scoring=None"),
        (EpochScoring(accuracy_score), r"Pass a function of \(net, rows, codes\)"),
        (BatchScoring(make_scorer(accuracy_score)), "BatchScoring got scoring"),
        (LRScheduler("Nope"), "no policy 'Nope'"),
        (LRScheduler("CyclicLR", base_lr=0.1, max_lr=1), "cycle_momentum=False"),
        (PassthroughScoring("train_loss"), "'train_loss'.* needs on_train=True"),
        (("valid_loss", EpochTimer()), "the name 'valid_loss'"),
        (EarlyStopping("nope"), r"reads 'nope'.*'train_loss'"),
        (Checkpoint("nope"), "The callback 'Checkpoint' reads 'nope'"),
        (LRScheduler("ReduceLROnPlateau", monitor="nope"), "reads 'nope'"),
        (Freezer("*"), "All weights are frozen.*Freezer"),
    ],
)
def test_what_cannot_work_is_refused_in_our_words(callback, message):
    with pytest.raises(ValueError, match=message):
        fit(callback)


def test_most_is_refused_before_any_work():
    class Untouched(TfidfVectorizer):
        def fit_transform(self, X, y=None):
            raise AssertionError

    with pytest.raises(ValueError, match="scoring='accuracy'"):
        fit(EpochScoring("accuracy"), vectorizer=Untouched())


def test_what_is_advised_works(tmp_path):
    fit(LRScheduler("CyclicLR", base_lr=0.1, max_lr=1, cycle_momentum=False))
    fit(LRScheduler(StepLR, step_size=1))
    fit(Freezer("head.weight"))


def test_names_must_differ():
    with pytest.raises(ValueError, match=r"the name 'a', .*\['a', 'epoch_timer'"):
        fit(("a", EpochTimer()), ("a", EpochTimer()))
    with pytest.raises(ValueError, match="the name 'early_stopping'"):
        fit(("early_stopping", EpochTimer()), early_stopping=True)
    fit(("early_stopping", EpochTimer()), early_stopping=False)


# --- scores of validation rows --------------------------------------------------------


@pytest.mark.parametrize(
    "callback",
    [
        EarlyStopping(),
        EarlyStopping,
        ("stop", EarlyStopping),
        Checkpoint(f_params=None, f_optimizer=None, f_criterion=None, f_history=None),
        EpochScoring(share_of_codes, name="mine"),
        BatchScoring(share_of_codes, name="mine"),
        LRScheduler(ReduceLROnPlateau, monitor="valid_loss"),
        LRScheduler("ReduceLROnPlateau", monitor="valid_loss"),
        PassthroughScoring("valid_loss"),
        WandbLogger(MagicMock(dir=".")),
    ],
)
def test_rows_are_set_aside_for_callbacks_that_read_their_score(
    callback, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    clf = fit(callback)
    assert "valid_loss" in clf.net_.history[-1]
    assert "valid_score_mean" in clf.history_[-1]
    assert not clf.early_stopping_
    with pytest.raises(ValueError, match=r"holds out no rows.*on_train=True"):
        fit(callback, early_stopping=False)
    splitter = {"train_split": ValidSplit(4)}
    fit(callback, early_stopping=False, net_params=splitter)


@pytest.mark.parametrize(
    "callback",
    [
        EarlyStopping(monitor="train_loss"),
        EarlyStopping(monitor="train_loss_best"),
        EpochScoring(share_of_codes, name="mine", on_train=True),
        WandbLogger(MagicMock(), save_model=False),
    ],
)
def test_the_advice_for_no_rows_aside_works(callback):
    clf = fit(callback, early_stopping=False)
    assert "valid_loss" not in clf.net_.history[-1]


def test_a_splitter_of_skorch_is_the_only_one():
    seen = []

    class Keep(Callback):
        def __init__(self, seen):
            self.seen = seen

        def on_epoch_end(self, net, dataset_train, dataset_valid, **kwargs):
            self.seen[:] = [len(dataset_train), len(dataset_valid)]

    fit(Keep(seen), early_stopping=True, net_params={"train_split": ValidSplit(4)})
    assert seen == [30, 10]


def test_a_scoring_function_is_given_codes():
    seen = []

    def score(net, rows, codes):
        seen.append((len(rows), codes))
        return 0.5

    clf = fit(EpochScoring(score, name="mine", on_train=True), max_iter=1)
    assert clf.net_.history[-1]["mine"] == 0.5
    ((n_rows, codes),) = seen
    assert n_rows == 40
    np.testing.assert_array_equal(codes[:4], [[1, 0], [0, 1], [1, -1], [0, 0]])


# --- a fit works on copies ------------------------------------------------------------


class Stateful(Callback):
    """Keeps a log of its own, and one that it is given."""

    def __init__(self, given=None):
        self.given = given
        self.own_ = []

    def on_epoch_end(self, net, **kwargs):
        self.own_.append(len(net.history))
        self.count_ = len(self.own_)
        if self.given is not None:
            self.given.append(self.count_)


def test_a_fit_leaves_the_callbacks_of_the_user_as_they_are():
    given = []
    callbacks = [
        Stateful(given),
        ("stop", EarlyStopping(monitor="train_loss")),
        ParamMapper("*.bias"),
        EpochScoring(share_of_codes, name="mine", on_train=True),
        LRScheduler("StepLR", step_size=1),
    ]
    bare = [c[1] if isinstance(c, tuple) else c for c in callbacks]
    before = [copy.deepcopy(vars(c)) for c in bare]
    clf = fit(*callbacks)
    for callback, then in zip(bare, before, strict=True):
        if callback is bare[0]:
            assert vars(callback) == {"given": [1, 2, 3], "own_": []}
        else:
            assert vars(callback) == then
    assert given == [1, 2, 3]
    assert callback_of(clf, "Stateful").own_ == [1, 2, 3]
    assert callback_of(clf, "stop").best_epoch_ == 3
    assert callback_of(fit(*callbacks), "Stateful").own_ == [1, 2, 3]


def test_callbacks_that_know_each_other_still_do(tmp_path):
    checkpoint = Checkpoint(monitor=None, dirname=str(tmp_path))
    (_, own), (_, loads) = own_callbacks([checkpoint, LoadInitState(checkpoint)])
    assert loads.checkpoint is own is not checkpoint


def test_what_cannot_be_copied_is_an_argument():
    class Locked(Callback):
        def __init__(self):
            self.lock_ = _thread.allocate_lock()

    class Given(Callback):
        def __init__(self, lock):
            self.lock = lock

    with pytest.raises(ValueError, match=r"cannot be copied.*constructor"):
        fit(Locked())
    fit(Given(_thread.allocate_lock()))


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: ("mine", c)])
def test_a_class_is_a_callback_too(wrap):
    clf = fit(wrap(LRScheduler))
    assert "learning_rate" not in dict(clf.net_.callbacks_)
    assert "learning_rate" in dict(fit(wrap(EpochTimer)).net_.callbacks_)
    assert fit(wrap(ProgressBar)).n_iter_ == 3


# --- parameters of callbacks ----------------------------------------------------------


def test_names_are_those_of_skorch():
    callbacks = [EpochTimer(), ("a", EpochTimer), EarlyStopping, EarlyStopping()]
    names = [name for name, _ in named_callbacks(callbacks)]
    assert names == ["EpochTimer", "a", "EarlyStopping_1", "EarlyStopping_2"]
    clf = fit(*callbacks)
    assert set(names) <= set(dict(clf.net_.callbacks_))


def test_parameters_of_callbacks_are_parameters():
    stopping = EarlyStopping(monitor="train_loss")
    clf = MultiTaskTextClassifier(callbacks=[("stop", stopping), LRScheduler])
    params = clf.get_params()
    assert params["callbacks__stop"] is stopping
    assert params["callbacks__stop__patience"] == 5
    assert params["callbacks__LRScheduler"] is LRScheduler
    assert "callbacks__stop" not in clf.get_params(deep=False)
    again = clone(clf).set_params(callbacks__stop__patience=2, alpha=0.5)
    assert again.alpha == 0.5
    assert again.callbacks[0][1].patience == 2
    assert stopping.patience == 5
    given = clf.callbacks
    clf.set_params(callbacks__stop=EpochTimer())
    assert isinstance(dict(clf.callbacks)["stop"], EpochTimer)
    assert given[0][1] is stopping


def test_unknown_names_of_callbacks_are_refused():
    clf = MultiTaskTextClassifier(callbacks=[("stop", EarlyStopping)])
    with pytest.raises(ValueError, match=r"no callback .* 'nope'.*\['stop'\]"):
        clf.set_params(callbacks__nope__patience=1)
    with pytest.raises(ValueError, match="Pass an instance"):
        clf.set_params(callbacks__stop__patience=1)
    with pytest.raises(ValueError, match="Invalid parameter 'nope'"):
        clf.set_params(callbacks__stop=EarlyStopping()).set_params(
            callbacks__stop__nope=1
        )


def test_a_grid_over_a_parameter_of_a_callback():
    stopping = EarlyStopping(monitor="train_loss", threshold=10.0)
    clf = MultiTaskTextClassifier(
        callbacks=[("stop", stopping)], max_iter=6, random_state=0
    )
    grid = {"callbacks__stop__patience": [2, 4]}
    search = GridSearchCV(clf, grid, cv=2).fit(TEXTS, Y["topic"])
    assert search.best_estimator_.n_iter_ in {3, 5}


@pytest.mark.parametrize(
    ("callbacks", "net_params", "n_iter"),
    [
        ([("stop", EarlyStopping("train_loss"))], {"stop__patience": 1}, 2),
        ([EarlyStopping("train_loss")], {"EarlyStopping__patience": 1}, 2),
        ([("stop", EarlyStopping)], {"stop__monitor": "train_loss"}, 3),
        ([], {"learning_rate": None, "print_log": None}, 3),
    ],
)
def test_net_params_reach_callbacks(callbacks, net_params, n_iter):
    net_params = {f"callbacks__{k}": v for k, v in net_params.items()}
    if callbacks and n_iter == 2:
        net_params |= {k.replace("patience", "threshold"): 10.0 for k in net_params}
    clf = fit(*callbacks, net_params=net_params)
    assert clf.n_iter_ == n_iter
    assert "learning_rate" not in dict(clf.net_.callbacks_) or callbacks


@pytest.mark.parametrize(
    ("net_params", "message"),
    [
        ({"callbacks__nope__patience": 1}, "no callback 'nope'.*'learning_rate'"),
        ({"callbacks__early_stopping__patience": 1}, "no callback 'early_stopping'"),
        ({"callbacks__a": None}, "net_params replaces the callback 'a'"),
    ],
)
def test_net_params_of_no_callback_are_refused(net_params, message):
    with pytest.raises(ValueError, match=message):
        fit(("a", EpochTimer()), net_params=net_params)


# --- sparse gradients -----------------------------------------------------------------


class KeepNorms(Callback):
    def __init__(self, norms):
        self.norms = norms

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [float(p.grad.norm() ** 2) for _, p in named_parameters]
        self.norms.append(sum(squares) ** 0.5)


@pytest.mark.parametrize("trunk", ["bag", "conv"])
def test_gradients_of_sparse_layers_are_clipped(trunk):
    free, bound = [], []
    fit(KeepNorms(free), trunk=trunk)
    fit(GradientNormClipping(0.01), KeepNorms(bound), trunk=trunk)
    assert min(free) > 0.02
    np.testing.assert_allclose(bound, 0.01, rtol=1e-3)


# --- Ctrl-C, and the wish to stop -----------------------------------------------------


class Press(Callback):
    """What happens in the second epoch's end."""

    def __init__(self, press):
        self.press = press

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            self.press()
            for _ in range(1000):  # a signal waits for the next instruction
                pass


def stop_plainly():
    raise KeyboardInterrupt


def stop_in_the_end():
    try:
        raise KeyboardInterrupt
    finally:
        pass


@pytest.mark.parametrize("stop", [stop_plainly, stop_in_the_end])
def test_a_callback_may_stop(stop):
    assert fit(Press(stop)).n_iter_ == 2


def raise_in_python(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("handler", [signal.default_int_handler, raise_in_python])
@pytest.mark.parametrize(
    "press", [lambda: signal.raise_signal(signal.SIGINT), _thread.interrupt_main]
)
def test_ctrl_c_in_a_callback_reaches_the_user(press, handler):
    clf = fit()
    before = clf.predict_proba(TEXTS)[0]
    clf.set_params(callbacks=[Press(press)])
    then = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            clf.fit(TEXTS, Y)
    finally:
        signal.signal(signal.SIGINT, then)
    np.testing.assert_array_equal(clf.predict_proba(TEXTS)[0], before)


# --- what is stored -------------------------------------------------------------------


def test_a_checkpoint_stores_no_training_data(tmp_path):
    checkpoint = Checkpoint(monitor=None, f_pickle="net.pkl", dirname=str(tmp_path))
    fit(checkpoint, early_stopping=True)
    net = pickle.loads((tmp_path / "net.pkl").read_bytes())
    assert net.train_split is None
    assert not [name for name in vars(net) if name.startswith("epoch_")]


def test_the_best_epoch_is_that_of_a_checkpoint(tmp_path):
    rising = Checkpoint(
        monitor=lambda net: len(net.history) == 2,
        load_best=True,
        f_history=None,
        dirname=str(tmp_path),
    )
    clf = fit(rising, max_iter=4)
    assert (clf.n_iter_, clf.best_iter_) == (4, 2)


def test_a_class_takes_its_arguments_from_net_params():
    class Needy(Callback):
        def __init__(self, wanted):
            self.wanted = wanted

    clf = MultiTaskTextClassifier(
        callbacks=[Needy], net_params={"callbacks__Needy__wanted": 7}, max_iter=1
    )
    clf.fit(["a b", "c d", "a d", "c b"], [[0, 1], [1, 0], [0, 0], [1, 1]])
    assert dict(clf.net_.callbacks_)["Needy"].wanted == 7


# Reading callbacks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callback", "record", "needs"),
    [
        (EarlyStopping(), "valid_loss", True),
        (EarlyStopping(monitor="train_loss"), "train_loss", False),
        (Checkpoint(), "valid_loss_best", True),
        (Checkpoint(monitor="train_loss_best"), "train_loss_best", False),
        (Checkpoint(monitor=None), None, False),
        (Checkpoint(monitor=lambda net: True), None, False),
        (LRScheduler("StepLR", step_size=1), None, False),
        (LRScheduler("ReduceLROnPlateau"), "train_loss", False),
        (LRScheduler("ReduceLROnPlateau", monitor="valid_loss"), "valid_loss", True),
        (LRScheduler(ReduceLROnPlateau, monitor="valid_loss"), "valid_loss", True),
        (
            LRScheduler("ReduceLROnPlateau", monitor="valid_loss", step_every="batch"),
            None,
            False,
        ),
        (EpochScoring(min), None, True),
        (EpochScoring(min, on_train=True), None, False),
        (PassthroughScoring("valid_loss"), None, True),
        (PassthroughScoring("train_loss", on_train=True), None, False),
        (Callback(), None, False),
    ],
)
def test_what_a_callback_reads(callback, record, needs):
    assert watched_record(callback) == record
    assert needs_validation(callback) is needs


def test_callbacks_of_one_class_are_numbered_and_others_are_not():
    one, two, own, other = Callback(), Callback(), Callback(), EarlyStopping()
    named = named_callbacks([one, ("Callback_own", own), other, two])
    assert [name for name, _ in named] == [
        "Callback_1",
        "Callback_own",
        "EarlyStopping",
        "Callback_2",
    ]
    assert [callback for _, callback in named] == [one, own, other, two]
    assert named_callbacks([("Callback", one), two]) == [
        ("Callback", one),
        ("Callback", two),
    ]
    assert named_callbacks(None) == named_callbacks([]) == []


@pytest.mark.parametrize(
    "item", [("name",), ("name", Callback(), 1), (1, Callback()), []]
)
def test_a_pair_is_a_name_and_a_callback(item):
    with pytest.raises(ValueError, match=r"or a pair \(name, callback\)"):
        named_callbacks([item])


def test_a_dense_gradient_is_given_as_it_is():
    weight = torch.nn.Parameter(torch.ones(3, 2))
    assert with_stored_gradient(weight) is weight
    weight.grad = torch.ones(3, 2)
    assert with_stored_gradient(weight) is weight
    index = torch.tensor([[1, 1]])
    weight.grad = torch.sparse_coo_tensor(
        index, torch.ones(2, 2), (3, 2), check_invariants=True
    )
    stored = with_stored_gradient(weight)
    assert stored.grad.tolist() == [[2.0, 2.0]]
    stored.grad.mul_(0.5)  # as clipping does, in place
    assert weight.grad.to_dense().tolist() == [[0, 0], [1, 1], [0, 0]]
