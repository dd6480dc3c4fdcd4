"""Learning from chunks of rows."""

import pickle
from copy import copy
from dataclasses import replace
from math import ceil

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.feature_extraction import FastHashingVectorizer
from sklearn_mtl.tasks import MultiLabel

TEXTS, CODES = make_multitask_texts(400, n_tasks=2, missing_rate=0.2, random_state=0)
TEXTS = list(TEXTS)
TONE, TOPIC = (
    [None if np.isnan(code) else "abcdefgh"[int(code)] for code in column]
    for column in CODES.T
)
LABELS = {"tone": TONE, "topic": TOPIC}
CLASSES = {task: sorted(set(cells) - {None}) for task, cells in LABELS.items()}
CHUNKS = [slice(start, start + 50) for start in range(0, 300, 50)]
TESTED = slice(300, 400)


def classifier(**params):
    return MultiTaskTextClassifier(random_state=0, **params)


def labels_of(rows):
    return {task: cells[rows] for task, cells in LABELS.items()}


def learn(clf, chunks=CHUNKS, **first):
    for number, rows in enumerate(chunks):
        clf.partial_fit(TEXTS[rows], labels_of(rows), **(first if not number else {}))
    return clf


@pytest.fixture(scope="module")
def learnt():
    return learn(classifier(), classes=CLASSES)


def state_of(clf):
    weights = clf.net_.module_.state_dict().values()
    return [w.numpy().copy() for w in weights], clf.n_iter_, clf.temperatures_


def assert_same_state(clf, before):
    for now, then in zip(state_of(clf)[0], before[0], strict=True):
        assert_array_equal(now, then)
    assert state_of(clf)[1:] == before[1:]


@pytest.mark.parametrize("vectorizer", ["auto", "hashing"])
def test_a_stream_is_about_as_good_as_a_fit(vectorizer):
    rows = slice(0, 300)
    fitted = classifier(vectorizer=vectorizer).fit(TEXTS[rows], labels_of(rows))
    chunks = [slice(0, 150), slice(150, 200), slice(200, 250), slice(250, 300)]
    clf = learn(classifier(vectorizer=vectorizer), chunks, classes=CLASSES)
    score = clf.score(TEXTS[TESTED], labels_of(TESTED))
    assert score > fitted.score(TEXTS[TESTED], labels_of(TESTED)) - 0.1


@pytest.mark.parametrize(
    "classes", [CLASSES, list(CLASSES.values()), {"topic": np.array(CLASSES["topic"])}]
)
def test_declared_classes(classes, learnt):
    rows = [row for row in range(60) if TONE[row] in (None, "a")]
    y = {"tone": [TONE[row] for row in rows], "topic": [None] * len(rows)}
    if "tone" not in classes and isinstance(classes, dict):
        y["tone"] = CLASSES["tone"] + y["tone"][len(CLASSES["tone"]) :]
    clf = classifier().partial_fit([TEXTS[row] for row in rows], y, classes)
    for own, expected in zip(clf.classes_, learnt.classes_, strict=True):
        assert_array_equal(own, expected)
    assert [p.shape[1] for p in clf.predict_proba(TEXTS[:2])] == [
        len(own) for own in CLASSES.values()
    ]


def test_classes_of_a_single_column_are_a_flat_list():
    y = ["a", "b"] * 10
    clf = classifier().partial_fit(TEXTS[:20], y, ["c", "b", "a"])
    assert_array_equal(clf.classes_, ["a", "b", "c"])
    clf.partial_fit(TEXTS[20:22], ["c", "c"], classes=["a", "b", "c"])
    assert clf.predict_proba(TEXTS[:3]).shape == (3, 3)


def test_classes_of_sets_and_of_an_order():
    y = {"tags": [None] * 20, "size": ["low", "high"] * 10}
    types = {"tags": "multilabel", "size": "ordinal"}
    clf = classifier(task_types=types)
    clf.partial_fit(TEXTS[:20], y, {"tags": ["x", "y"], "size": ["low", "mid", "high"]})
    assert_array_equal(clf.classes_[0], ["x", "y"])
    assert_array_equal(clf.classes_[1], ["low", "mid", "high"])
    clf.partial_fit(TEXTS[:2], {"tags": [["x"], []], "size": ["mid", None]})
    assert clf.predict(TEXTS[:2], output="dict")["size"].dtype.kind == "U"


def test_classes_may_come_from_the_first_chunk():
    clf = classifier().partial_fit(TEXTS[:100], labels_of(slice(0, 100)))
    assert clf.classes_[0].tolist() == sorted(set(TONE[:100]) - {None})


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"mood": ["a"]}, r"classes names unknown tasks \['mood'\]"),
        ([["a"]], r"a list for each of the 2 task\(s\).*Got 1"),
        ("ab", r"classes must be a list with the classes of each task.*Got 'ab'"),
        ({"tone": []}, r"classes\['tone'\] is empty"),
        ({"tone": ["a", None]}, r"classes\['tone'\] contains an empty cell"),
        ({"tone": [["a"], ["b"]]}, r"classes\['tone'\] must be a flat list"),
        ({"tone": ["a", "z"]}, r"y\['tone'\] holds labels.*Declare all of them there"),
        ({"tone": [1, 2]}, r"y\['tone'\] holds labels of another type"),
    ],
)
def test_classes_that_cannot_be_used(classes, message):
    with pytest.raises(ValueError, match=message):
        classifier().partial_fit(TEXTS[:50], labels_of(slice(0, 50)), classes)


def test_a_class_that_was_not_declared(learnt):
    before = state_of(learnt)
    y = {"tone": [None, "a", "new"], "topic": [None, None, "a"]}
    message = (
        r"y\['tone'\] holds labels.*\['new'\] in row\(s\) \[2\].*Declare all of them "
        r"there, partial_fit\(X, y, classes=\{'tone': \[...\]\}\)"
    )
    with pytest.raises(ValueError, match=message):
        learnt.partial_fit(TEXTS[:3], y)
    assert_same_state(learnt, before)


def test_classes_of_a_later_call_must_be_those_of_the_first(learnt):
    with pytest.raises(ValueError, match=r"classes\['tone'\] differs.*New: \['z'\]"):
        copy(learnt).partial_fit(TEXTS[:1], labels_of(slice(0, 1)), {"tone": ["z"]})


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({"tone": ["a"] * 4, "topic": [None] * 4}, r"task\(s\) \['topic'\] have no la"),
        ([None] * 4, "y has no label"),
    ],
)
def test_a_first_chunk_without_labels_of_a_task(y, message):
    with pytest.raises(ValueError, match=message):
        classifier().partial_fit(TEXTS[:4], y)


def test_a_first_chunk_without_any_label():
    y = {"tone": [None] * 4, "topic": [None] * 4}
    with pytest.raises(ValueError, match="The first chunk has no label"):
        classifier().partial_fit(TEXTS[:4], y, CLASSES)


@pytest.mark.parametrize("X", [[], np.empty((0, 3))])
def test_an_empty_chunk(X, learnt):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        learnt.partial_fit(X, {"tone": [], "topic": []})


def test_a_chunk_without_labels_changes_nothing(learnt):
    clf, before = copy(learnt), state_of(learnt)
    assert clf.partial_fit(TEXTS[:2], {"tone": [None] * 2, "topic": [None] * 2}) is clf
    assert_same_state(clf, before)
    with pytest.raises(ValueError, match="All 2 are 0"):
        clf.partial_fit(TEXTS[:2], labels_of(slice(0, 2)), sample_weight=[0.0, 0.0])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({"tone": ["a"]}, r"Missing: \['topic'\]"),
        ({"tone": ["a"], "topic": ["a"], "more": ["a"]}, r"unknown: \['more'\]"),
        ({"tone": ["a", "b"], "topic": ["a", "b"]}, "inconsistent numbers of samples"),
        ({"tone": [1], "topic": ["a"]}, "labels of another type"),
        ({"tone": [["a"]], "topic": ["a"]}, "held one label each"),
        (None, "requires y to be passed"),
    ],
)
def test_labels_that_a_later_chunk_cannot_have(y, message, learnt):
    before = state_of(learnt)
    with pytest.raises(ValueError, match=message):
        learnt.partial_fit(TEXTS[:1], y)
    assert_same_state(learnt, before)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"early_stopping": True}, "cannot stop early"),
        ({"net_params": {"train_split": list}}, "cannot stop early"),
        ({"callbacks": [EarlyStopping("train_loss")]}, "'EarlyStopping'"),
        ({"callbacks": [("rates", LRScheduler())]}, "The callback 'rates'"),
        ({"class_weight": {"tone": "balanced"}}, "class_weight='balanced' is not"),
        ({"class_weight": "balanced"}, "class_weight='balanced' is not"),
        ({"trunk": "conv", "term_weighting": "information"}, "has no term weights"),
    ],
)
def test_settings_that_a_stream_cannot_have(params, message):
    with pytest.raises(ValueError, match=message):
        classifier(**params).partial_fit(TEXTS[:50], labels_of(slice(0, 50)), CLASSES)


@pytest.mark.parametrize(
    "params",
    [
        {"trunk": "conv"},
        {"trunk": None},
        {"sharing": "hard"},
        {"sharing": "separate"},
        {"sharing": "mmoe"},
        {"sharing": "adversarial"},
        {"loss_weights": "uncertainty"},
        {"loss_weights": None},
        {"embedding": "lsa"},
        {"class_weight": {"tone": {"a": 2.0}}},
        {"temperature": 2.0, "logit_adjustment": 1.0},
        {"net_params": {"iterator_train__task_power": 0.5}},
    ],
    ids=str,
)
def test_all_kinds_of_networks_learn_from_chunks(params):
    first, second = (
        learn(classifier(**params), CHUNKS[:2], classes=CLASSES) for _ in range(2)
    )
    assert len(first.history_) == first.n_iter_ > 2
    assert first.history_[-1]["epoch"] == first.n_iter_
    for one, other in zip(
        first.predict_proba(TEXTS[:5]), second.predict_proba(TEXTS[:5]), strict=True
    ):
        assert np.isfinite(one).all()
        assert_array_equal(one, other)


def test_thresholds_are_tuned_on_rows_before_they_are_learnt():
    tags = [[] if t is None else [t] for t in TONE]
    clf = classifier(task_types={"tags": MultiLabel(threshold="tuned")})
    for rows in CHUNKS:
        clf.partial_fit(TEXTS[rows], {"tags": tags[rows]}, {"tags": CLASSES["tone"]})
    assert not (clf.targets_.tasks[0].thresholds_ == 0.5).all()


def test_sums_are_those_of_all_rows(learnt):
    rows = [row for row in range(300) if TONE[row] or TOPIC[row]]
    counts = pd.Series(TONE[:300]).value_counts(normalize=True).sort_index()
    found = np.exp(learnt.calibration_.log_shares[0][0])
    assert_allclose(found, counts.to_numpy())
    assert learnt.net_.module__spec.n_rows == len(rows)
    share = learnt.stream_.labels.labelled_share
    cells = [sum(cell is not None for cell in own[:300]) for own in (TONE, TOPIC)]
    assert_allclose(share, np.array(cells) / len(rows))


def test_probabilities_are_calibrated_on_recent_rows(learnt):
    assert len(learnt.stream_.recent.codes) >= 150
    assert set(learnt.temperatures_.values()) != {1.0}


@pytest.mark.parametrize(("is_noisy", "passes"), [(False, 2), (True, 1)])
def test_passes_over_a_chunk(is_noisy, passes, learnt):
    clf = copy(learnt)
    # Too few recent rows to see noise in them.
    clf.stream_ = replace(clf.stream_, is_noisy=is_noisy, recent=None)
    clf.partial_fit(TEXTS[300:350], labels_of(slice(300, 350)))
    n_rows = clf.net_.module__spec.n_rows
    assert clf.n_iter_ - learnt.n_iter_ == passes * ceil(1000 / n_rows)


def test_weights_are_relative_to_those_of_other_chunks():
    ones = learn(classifier(), CHUNKS[:2], classes=CLASSES)
    twos = classifier()
    for rows in CHUNKS[:2]:
        twos.partial_fit(
            TEXTS[rows], labels_of(rows), CLASSES, sample_weight=np.full(50, 2.0)
        )
    assert_allclose(
        np.hstack(ones.predict_proba(TEXTS[:9])),
        np.hstack(twos.predict_proba(TEXTS[:9])),
        rtol=1e-4,
    )
    clf = copy(ones)
    clf.partial_fit(TEXTS[:50], labels_of(CHUNKS[0]), sample_weight=np.full(50, 3.0))
    assert_allclose(clf.stream_.labels.mean_row_weight, 5 / 3, rtol=0.05)


def test_a_fit_starts_anew(learnt):
    clf = pickle.loads(pickle.dumps(learnt)).fit(TEXTS[:60], labels_of(slice(0, 60)))
    expected = classifier().fit(TEXTS[:60], labels_of(slice(0, 60)))
    assert not hasattr(clf, "stream_")
    assert_array_equal(clf.predict_proba(TEXTS)[0], expected.predict_proba(TEXTS)[0])
    assert len(clf.history_) == len(expected.history_)


def test_a_warm_start_goes_on_from_a_stream(learnt):
    clf = copy(learnt).set_params(warm_start=True, max_iter=1)
    clf.fit(TEXTS[:60], labels_of(slice(0, 60)))
    assert clf.n_iter_ == learnt.n_iter_ + 1
    assert clf.vectorizer_ is learnt.vectorizer_
    assert not hasattr(clf, "stream_")
    clf.partial_fit(TEXTS[:60], labels_of(slice(0, 60)))
    assert clf.n_iter_ > learnt.n_iter_ + 1


def test_a_stream_goes_on_from_a_fit():
    rows = slice(0, 200)
    clf = classifier(loss_weights=None).fit(TEXTS[rows], labels_of(rows))
    before = clf.score(TEXTS[TESTED], labels_of(TESTED))
    known, n_iter = clf.net_, clf.n_iter_
    clf.partial_fit(TEXTS[200:250], labels_of(slice(200, 250)))
    assert clf.net_ is not known
    assert clf.n_iter_ > n_iter
    n_rows = sum(bool(TONE[row] or TOPIC[row]) for row in range(250))
    assert clf.net_.module__spec.n_rows == n_rows
    assert clf.score(TEXTS[TESTED], labels_of(TESTED)) > before - 0.1


def test_a_pickle_goes_on_exactly(learnt):
    twin = pickle.loads(pickle.dumps(learnt))
    one, other = copy(learnt), twin
    for clf in (one, other):
        clf.partial_fit(TEXTS[300:350], labels_of(slice(300, 350)))
    assert_array_equal(
        np.hstack(one.predict_proba(TEXTS)), np.hstack(other.predict_proba(TEXTS))
    )


def test_a_saved_classifier_goes_on(learnt, tmp_path):
    learnt.save(tmp_path / "model.mtl")
    loaded = sklearn_mtl.load(tmp_path / "model.mtl")
    assert_array_equal(
        np.hstack(loaded.predict_proba(TEXTS)), np.hstack(learnt.predict_proba(TEXTS))
    )
    loaded.partial_fit(TEXTS[300:350], labels_of(slice(300, 350)))
    n_rows = learnt.net_.module__spec.n_rows
    assert n_rows < loaded.net_.module__spec.n_rows <= n_rows + 50
    assert loaded.score(TEXTS[:300], labels_of(slice(0, 300))) > 0.8


def test_a_clone_has_learnt_nothing(learnt):
    assert not hasattr(clone(learnt), "stream_")
    assert not hasattr(clone(learnt), "net_")


def test_a_copy_does_not_change_with_the_original(learnt):
    twin, clf = copy(learnt), copy(learnt)
    before, terms = state_of(twin), learnt.stream_.terms
    clf.partial_fit(TEXTS[300:350], labels_of(slice(300, 350)))
    assert_same_state(twin, before)
    assert twin.stream_.terms is terms
    assert (
        clf.net_.module_.state_dict().keys()
    ) == twin.net_.module_.state_dict().keys()


class Failing(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise RuntimeError("out of order")


def test_a_failed_call_changes_nothing(learnt):
    clf = copy(learnt).set_params(learning_rate_init=1e30)
    before, stream = state_of(clf), clf.stream_
    raw = [w.detach().clone() for w in stream.net.module_.parameters()]
    with pytest.raises(ValueError, match="Training diverged"):
        clf.partial_fit(TEXTS[:50], labels_of(CHUNKS[0]))
    assert clf.stream_ is stream
    assert_same_state(clf, before)
    for now, then in zip(stream.net.module_.parameters(), raw, strict=True):
        assert_array_equal(now.detach(), then)


def test_an_error_of_a_callback_reaches_the_caller():
    clf = classifier(callbacks=[Failing()])
    with pytest.raises(RuntimeError, match="out of order"):
        clf.partial_fit(TEXTS[:50], labels_of(CHUNKS[0]), CLASSES)
    assert not hasattr(clf, "net_")


class Counting(Callback):
    n_batches_ = 0

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_batches_ += training


def test_callbacks_see_all_calls():
    clf = learn(classifier(callbacks=[Counting()]), CHUNKS[:2], classes=CLASSES)
    seen = dict(clf.net_.callbacks_)["Counting"]
    assert seen.n_batches_ == clf.n_iter_
    assert clf.callbacks[0].n_batches_ == 0


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_chunks_of_frames(kind, learnt):
    library = pytest.importorskip(kind)
    clf = classifier()
    for number, rows in enumerate(CHUNKS):
        columns = {"text": TEXTS[rows], **labels_of(rows)}
        make = library.table if kind == "pyarrow" else library.DataFrame
        frame = make(columns)
        X = frame["text"]
        y = frame.select(list(LABELS)) if kind != "pandas" else frame[list(LABELS)]
        clf.partial_fit(X, y, CLASSES if number == 0 else None)
    found = np.hstack(clf.predict_proba(TEXTS[:9]))
    assert_array_equal(found, np.hstack(learnt.predict_proba(TEXTS[:9])))


class Dataset:
    """Has the batches of Hugging Face's Dataset: dicts of lists."""

    def __init__(self, columns):
        self.columns = columns

    def iter(self, batch_size):
        for start in range(0, len(self.columns["text"]), batch_size):
            rows = slice(start, start + batch_size)
            yield {name: cells[rows] for name, cells in self.columns.items()}


def test_batches_of_a_hugging_face_dataset(learnt):
    columns = {"text": TEXTS, **LABELS}
    dataset = Dataset({name: cells[:300] for name, cells in columns.items()})
    clf = classifier()
    for batch in dataset.iter(batch_size=50):
        clf.partial_fit(batch["text"], {name: batch[name] for name in LABELS}, CLASSES)
    found = np.hstack(clf.predict_proba(TEXTS[:9]))
    assert_array_equal(found, np.hstack(learnt.predict_proba(TEXTS[:9])))


@pytest.mark.parametrize("wrap", [np.asarray, csr_array])
def test_numeric_rows(wrap):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)) * 10
    y = np.where(X[:, 0] > 0, "yes", "no")
    clf = classifier()
    for start in range(0, 200, 40):
        chunk = X[start : start + 40] * (0.1 if start == 0 else 1.0)
        clf.partial_fit(wrap(chunk), y[start : start + 40])
    assert clf.score(wrap(X), y) > 0.9
    assert clf.n_features_in_ == 4
    X[:40] *= 0.1
    expected = (X**2).sum(axis=1).mean() ** -0.5
    assert_allclose(clf.net_.module__spec.scale, expected, rtol=0.06)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        clf.partial_fit(wrap(X[:, :3]), y)
    with pytest.raises(ValueError, match="4 numeric features"):
        clf.partial_fit(TEXTS[:2], y[:2])


def test_numbers_after_texts(learnt):
    with pytest.raises(ValueError, match="texts"):
        copy(learnt).partial_fit(np.ones((2, 3)), labels_of(slice(0, 2)))


def test_numeric_chunks_in_another_container_and_type():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    y = np.where(X[:, 0] > 0, 1, 0)
    one, other = classifier(), classifier()
    for clf, wrap in ((one, np.asarray), (other, csr_array)):
        clf.partial_fit(X[:30], y[:30])
        clf.partial_fit(wrap(X[30:].astype(float)), y[30:].astype(float))
    assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-5)


def test_the_vocabulary_is_that_of_the_first_chunk(learnt):
    first = classifier().partial_fit(TEXTS[CHUNKS[0]], labels_of(CHUNKS[0]), CLASSES)
    assert_array_equal(
        learnt.vectorizer_.get_feature_names_out(),
        first.vectorizer_.get_feature_names_out(),
    )


def test_a_fitted_vectorizer_is_used_as_it_is():
    vectorizer = TfidfVectorizer().fit(TEXTS)
    clf = learn(classifier(vectorizer=vectorizer), CHUNKS[:2], classes=CLASSES)
    assert clf.vectorizer_.vocabulary_ == vectorizer.vocabulary_
    unfitted = learn(
        classifier(vectorizer=TfidfVectorizer()), CHUNKS[:2], classes=CLASSES
    )
    assert len(unfitted.vectorizer_.vocabulary_) < len(vectorizer.vocabulary_)


def test_a_hashing_vectorizer_of_the_user_gets_no_weights():
    vectorizer = FastHashingVectorizer(n_features=2**10)
    clf = learn(classifier(vectorizer=vectorizer), CHUNKS[:2], classes=CLASSES)
    assert clf.term_weights_ is None
    assert clf.net_.module__spec.n_features == 2**10


def test_numbers_beside_texts():
    columns = ColumnTransformer(
        [("text", TfidfVectorizer(), "text"), ("price", "passthrough", ["price"])]
    )
    frame = pd.DataFrame({"text": TEXTS, "price": np.arange(400.0) * 100})
    clf = classifier(vectorizer=columns)
    for rows in CHUNKS[:3]:
        clf.partial_fit(frame.iloc[rows], labels_of(rows), CLASSES)
    assert clf.column_scales_ is not None
    assert clf.predict(frame.iloc[:3]).shape == (3, 2)


def test_hashed_terms_are_weighted_in_fit_and_in_streams(tmp_path):
    rows = slice(0, 300)
    clf = classifier(vectorizer="hashing").fit(TEXTS[rows], labels_of(rows))
    stream = learn(classifier(vectorizer="hashing"), [rows], classes=CLASSES)
    assert clf.term_weights_.shape == stream.term_weights_.shape
    found = stream.vectorizer_.transform(TEXTS[rows]).indices
    words = np.bincount(found, minlength=len(stream.term_weights_))
    common, rare = words.argmax(), np.flatnonzero(words == 1)
    assert stream.term_weights_[common] < np.median(stream.term_weights_[rare])
    stream.save(tmp_path / "model.mtl")
    predictor = sklearn_mtl.load(tmp_path / "model.mtl", runtime="numpy")
    assert_array_equal(predictor.predict(TEXTS[:9]), stream.predict(TEXTS[:9]))


def test_a_checkpoint_is_of_fit():
    classifier = MultiTaskTextClassifier(checkpoint="fit.ckpt")
    with pytest.raises(
        ValueError, match=r"checkpoint='fit.ckpt' in partial_fit\. Set it"
    ):
        classifier.partial_fit(["a b", "c d"], [[0], [1]])
