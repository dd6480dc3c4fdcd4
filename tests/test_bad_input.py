"""What cannot be used is refused: the message says why, an earlier fit survives."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.sharing import MixtureOfExperts
from sklearn_mtl.trunks import BagTrunk
from sklearn_mtl.utils._compat import InvalidParameterError

TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 5
TONE = ["good", "bad", "good", "bad"] * 5
TOPIC = ["tech", None, "arts", "arts"] * 5
LABELS = {"tone": TONE, "topic": TOPIC}
NUMBERS = np.random.default_rng(0).normal(size=(20, 4))
WITHOUT_CUDA = pytest.mark.skipif(
    torch.cuda.is_available(), reason="shows what happens where CUDA is absent"
)


class NeverCalled(TfidfVectorizer):
    """A vectorizer that shows an error came too late."""

    def fit_transform(self, raw_documents, y=None):
        raise AssertionError("vectorised before the check")


def make(**params):
    return MultiTaskTextClassifier(**{"max_iter": 2, "random_state": 0, **params})


def put(value, row=3, texts=TEXTS):
    return [*texts[:row], value, *texts[row + 1 :]]


def labels(**columns):
    return {**LABELS, **columns}


def with_cell(value):
    numbers = NUMBERS.copy()
    numbers[3, 1] = value
    return numbers


def case(name, message, *, X=TEXTS, y=LABELS, sample_weight=None, **params):
    return pytest.param(X, y, sample_weight, params, message, id=name)


@pytest.fixture(scope="module")
def on_texts():
    return make().fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def on_numbers():
    return make().fit(NUMBERS, LABELS)


X_CASES = [
    case("bare string", r"raw text documents expected.*\['great'\]", X="great"),
    case("bare bytes", r"raw text documents expected", X=b"great"),
    case("too short", "X has 19 rows and y has 20.*one row of labels", X=TEXTS[:-1]),
    *[
        case(
            f"{value!r} among texts",
            rf"X must hold texts only\. Got .* of type {kind} in row 3; 1 such row",
            X=put(value),
        )
        for value, kind in [
            (None, "NoneType"),
            (np.nan, "float"),
            (b"great", "bytes"),
            (7, "int"),
            (pd.NA, "NAType"),
            (["great"], "list"),
        ]
    ],
    case("None in a Series", "texts only.*in row 3", X=pd.Series(put(None))),
    case("None in polars", "texts only.*NoneType in row 3", X=pl.Series(put(None))),
    case("None in Arrow", "texts only.*NoneType in row 3", X=pa.array(put(None))),
    case("None first", "texts only.*NoneType in row 0", X=put(None, row=0)),
    case("a list of None", "20 such row", X=[None] * 20),
    case("empty list", r"(?i)no texts|found .* 0 sample\(s\)", X=[], y={"tone": []}),
    *[
        case(
            f"{name} table of strings",
            r"X must be one column of texts\. Got a table of shape \(20, 2\).*"
            rf"X\[{column}\]",
            X=table,
        )
        for name, table, column in [
            ("pandas", pd.DataFrame({"body": TEXTS, "id": TEXTS}), "'body'"),
            ("polars", pl.DataFrame({"body": TEXTS, "id": TEXTS}), "'body'"),
            ("pyarrow", pa.table({"body": TEXTS, "id": TEXTS}), "'body'"),
            ("str array", np.array([TEXTS, TEXTS]).T, r":, 0"),
            ("object array", np.array([TEXTS, TEXTS], dtype=object).T, r":, 0"),
        ]
    ],
    case(
        "numbers beside texts in a table",
        r"X must be one column of texts.*X\['body'\]",
        X=pd.DataFrame({"number": range(20), "body": TEXTS}),
    ),
]
Y_CASES = [
    case("y is None", "requires y to be passed, but the target y is None", y=None),
    case(
        "y is a string", "y must be a column or a table of labels. Got 'tone'", y="tone"
    ),
    case("y is a number", "y must be a column or a table of labels. Got 3", y=3),
    case("too few labels", "X has 20 rows and y has 19", y=TONE[:-1]),
    case(
        "columns of two lengths",
        "columns of y must have the same length.*'tone': 20.*'topic': 19",
        y=labels(topic=TOPIC[:-1]),
    ),
    case(
        "3-D",
        r"shape \(n_samples,\) or .*Got shape \(20, 2, 2\)",
        y=np.zeros((20, 2, 2)),
    ),
    case("0-D", r"shape \(n_samples,\) or .*Got shape \(\)", y=np.array(1)),
    case(
        "ragged rows",
        r"rows of y must have the same length\. Got lengths \[1, 2\].*with None",
        y=[["good", "tech"]] * 19 + [["bad"]],
    ),
    case(
        "str and int",
        r"y\['topic'\] holds both str and int.*'tech' in row 0 and 3 in row 3.*"
        r"Cast the column to text, .* pandas\.Series\(y\['topic'\]\)\.map\(str",
        y=labels(topic=put(3, texts=TOPIC)),
    ),
    case(
        "str and int in one vector",
        "^y holds both str and int labels. Got 'good' in row 0 and 3 in row 3",
        y=put(3, texts=TONE),
    ),
    case(
        "bool and int",
        r"y\['topic'\] holds both bool and int.*Got True in row 0 and 2 in row 1",
        y=labels(topic=[True, 2] * 10),
    ),
    case(
        "dates",
        r"y\['day'\] must hold str, int or bool labels.*in row 0\. Cast",
        y=pd.DataFrame({"day": pd.date_range("2020-01-01", periods=20)}),
    ),
    case("sparse y", "y is a sparse matrix.*toarray", y=csr_array(np.eye(20, 3))),
    case(
        "duplicate task names",
        r"Task names must be unique\. y has several columns named \['tone'\]",
        y=pd.DataFrame([["good", "tech"]] * 20, columns=["tone", "tone"]),
    ),
    case(
        "duplicate names in Arrow",
        r"Task names must be unique\. y has several columns named \['tone'\]",
        y=pa.table([TONE, TOPIC], names=["tone", "tone"]),
    ),
    case(
        "mixed task names",
        r"Task names must all be strings\. Got \['tone', 0\]. Rename",
        y=pd.DataFrame({"tone": TONE, 0: TOPIC}),
    ),
    case(
        "mixed keys", r"all be strings\. Got \['tone', 0\]", y={"tone": TONE, 0: TOPIC}
    ),
    case("empty dict", "y is an empty dict", y={}),
    case("no columns", "y is a table without columns", y=pd.DataFrame(index=range(20))),
    case(
        "task without labels",
        r"\['topic'\] have no label",
        y=labels(topic=[None] * 20),
    ),
    case("no label at all", "no label", y=[None] * 20),
    case(
        "task whose cells weigh nothing",
        r"\['topic'\] have no label",
        sample_weight=np.array([[1, 0]] * 20),
    ),
    case(
        "infinite y",
        r"Input y contains infinity.*Got inf in y, row\(s\) \[1\]",
        y=put(np.inf, row=1, texts=[0.0, 1.0] * 10),
    ),
    case(
        "infinite cell",
        r"contains infinity.*Got -inf in y\['task1'\], row\(s\) \[3\]",
        y=np.array(put([0, -np.inf], texts=[[0, 1], [1, 0]] * 10)),
    ),
    case(
        "continuous y",
        r"y\['tone'\] must hold classes. Got 1.5 in row 3",
        y={"tone": put(1.5, texts=[0.0, 1.0] * 10)},
    ),
]
WEIGHT_CASES = [
    case(
        "unknown task in loss_weights",
        r"loss_weights names unknown tasks \['ton'\].* are \['tone', 'topic'\]",
        loss_weights={"ton": 2},
    ),
    case(
        "unknown task in FixedWeights",
        r"loss_weights names unknown tasks \['ton'\]",
        loss_weights=FixedWeights({"ton": 2}),
    ),
    *[
        case(
            f"loss weight {value}",
            rf"loss weight of task 'topic' must be a finite number.*Got {value}",
            loss_weights={"topic": value},
        )
        for value in (-1, np.nan, np.inf)
    ],
    case("zero loss weights", "All loss weights are zero", loss_weights=[0, 0]),
    case(
        "three loss weights",
        r"one weight for each of the 2 tasks \['tone', 'topic'\]. Got 3",
        loss_weights=[1, 2, 3],
    ),
    case(
        "share power",
        "'share_power' parameter of FixedWeights must be a float in the range",
        loss_weights=FixedWeights(share_power=2),
    ),
    case(
        "unknown task in class_weight",
        r"class_weight names unknown tasks \['ton'\]",
        class_weight={"ton": "balanced"},
    ),
    case(
        "unknown class",
        r"class_weight for task 'tone' has unknown classes \['god'\].*"
        r"The classes are \['bad', 'good'\]",
        class_weight={"tone": {"god": 2}},
    ),
    case(
        "unknown class of a vector",
        r"has unknown classes \['god'\]",
        y=TONE,
        class_weight={"god": 2},
    ),
    *[
        case(
            f"class weight {value}",
            "class_weight for task 'tone' must be finite and not negative",
            class_weight={"tone": {"good": value}},
        )
        for value in (-1, np.nan)
    ],
    case(
        "class weight no number",
        "class_weight for task 'tone'.*'much'",
        class_weight={"tone": {"good": "much"}},
    ),
    case(
        "zero class weights",
        "class_weight .*'tone'.* zero",
        class_weight={"tone": {"good": 0, "bad": 0}},
    ),
    case(
        "word for class weights",
        r"class_weight\['tone'\] must be a dict .*Got 'even'",
        class_weight={"tone": "even"},
    ),
    case(
        "unknown task in task_types",
        r"task_types names unknown tasks \['ton'\]",
        task_types={"ton": "binary"},
    ),
    case(
        "unknown task type",
        r"type of y\['tone'\] must be one of .*'binary', 'multiclass'.*Got 'ternary'",
        task_types={"tone": "ternary"},
    ),
    case(
        "declared binary",
        r"y\['topic'\] is declared binary but has 3 classes",
        y=labels(topic=put("food", texts=TOPIC)),
        task_types={"topic": "binary"},
    ),
    *[
        case(
            f"sample weight {value}",
            rf"Input sample_weight contains .*Got {value}.* in row 3",
            sample_weight=put(value, texts=[1.0] * 20),
        )
        for value in (-1, np.nan, np.inf)
    ],
    case(
        "negative cell weight",
        "Input sample_weight contains .* in row 3",
        sample_weight=np.array(put([1.0, -1.0], texts=[[1.0, 1.0]] * 20)),
    ),
    case("zero sample weights", "at least one non-zero number", sample_weight=[0] * 20),
    case(
        "sample weights too short",
        r"must have shape \(20,\), .*or \(20, 2\).*sample_weight.shape == \(19,\)",
        sample_weight=[1] * 19,
    ),
    case(
        "weights of three tasks",
        r"sample_weight.shape == \(20, 3\)",
        sample_weight=np.ones((20, 3)),
    ),
    case("weights no numbers", "sample_weight.*'much'", sample_weight=["much"] * 20),
]
PARAMETER_CASES = [
    case(
        "early_stopping_metric",
        r"must be 'mean', 'worst' or .*Got 'f1'; the tasks are \['tone', 'topic'\]",
        early_stopping=True,
        early_stopping_metric="f1",
    ),
    case("device", "device='gpu'", device="gpu"),
    pytest.param(
        *case("cuda", "'cuda:0' needs CUDA", device="cuda:0").values,
        id="CUDA",
        marks=WITHOUT_CUDA,
    ),
    case("trunk width", "'n_units' parameter of BagTrunk", trunk=BagTrunk(n_units=0)),
    case(
        "experts",
        "'n_experts' parameter of MixtureOfExperts",
        sharing=MixtureOfExperts(n_experts=0),
    ),
    *[
        case(
            f"{name}={value!r}",
            f"'{name}' parameter of MultiTaskTextClassifier",
            **{name: value},
        )
        for name, value in [
            ("vectorizer", "tfidf"),
            ("vectorizer", 3),
            ("trunk", "convolution"),
            ("sharing", "hrad"),
            ("loss_weights", "equal"),
            ("class_weight", "even"),
            ("logit_adjustment", -0.1),
            ("logit_adjustment", np.inf),
            ("logit_adjustment", "balanced"),
            ("task_types", ["binary"]),
            ("max_iter", 0),
            ("batch_size", 0),
            ("learning_rate_init", 0),
            ("alpha", -1),
            ("early_stopping", "yes"),
            ("early_stopping_metric", None),
            ("validation_fraction", 1.0),
            ("n_iter_no_change", 0),
            ("n_jobs", 1.5),
            ("warm_start", "yes"),
            ("random_state", "zero"),
            ("device", None),
            ("memory", 3),
            ("checkpoint", 3),
            ("checkpoint_every", 0),
            ("verbose", -1),
            ("callbacks", "progress"),
            ("net_params", [1]),
        ]
    ],
]
BEFORE_VECTORISING = [*X_CASES, *Y_CASES, *WEIGHT_CASES, *PARAMETER_CASES]


@pytest.mark.parametrize(
    ("X", "y", "sample_weight", "params", "message"), BEFORE_VECTORISING
)
def test_bad_input_is_refused_before_vectorising(X, y, sample_weight, params, message):
    clf = make(**{"vectorizer": NeverCalled(), **params})
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y, sample_weight)


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(
    ("X", "y", "sample_weight", "params", "message"), BEFORE_VECTORISING
)
def test_bad_input_leaves_an_earlier_fit_alone(
    on_texts, X, y, sample_weight, params, message, warm_start
):
    if warm_start:  # tasks and classes of the earlier fit are checked first
        message += "|warm_start (keeps|continues)|exactly the tasks"
        message += "|for each of the 2 tasks|not occur in fit"
    params = {"warm_start": warm_start, **params}
    assert_fit_fails_and_changes_nothing(
        on_texts, ValueError, message, X, y, sample_weight, **params
    )


def assert_fit_fails_and_changes_nothing(
    fitted, error, message, X, y, sample_weight=None, **params
):
    clf = copy.copy(fitted).set_params(**params)
    before = dict(vars(clf))
    expected = fitted.predict_proba(TEXTS)
    with pytest.raises(error, match=message):
        clf.fit(X, y, sample_weight)
    after = vars(clf)
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)
    for ours, theirs in zip(fitted.predict_proba(TEXTS), expected, strict=True):
        assert_array_equal(ours, theirs)


class RaiseInTraining(Callback):
    """Ends a fit in the middle, after weights have moved."""

    def __init__(self, error):
        self.error = error

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise self.error


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt("Ctrl-C"), RuntimeError("out of memory")], ids=repr
)
def test_a_fit_that_breaks_off_leaves_an_earlier_fit_alone(on_texts, error, warm_start):
    assert_fit_fails_and_changes_nothing(
        on_texts,
        type(error),
        str(error),
        TEXTS,
        LABELS,
        callbacks=[RaiseInTraining(error)],
        warm_start=warm_start,
    )


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_mistake_found_in_training_leaves_an_earlier_fit_alone(on_texts, warm_start):
    assert_fit_fails_and_changes_nothing(
        on_texts,
        ValueError,
        "unexpected argument.*optimzer_dense__betas",
        TEXTS,
        LABELS,
        net_params={"optimzer_dense__betas": (0.8, 0.9)},
        warm_start=warm_start,
    )


def test_an_interrupted_first_fit_leaves_nothing_behind():
    clf = make(callbacks=[RaiseInTraining(KeyboardInterrupt("Ctrl-C"))])
    before = list(vars(clf))
    with pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
        clf.fit(NUMBERS, LABELS)
    assert list(vars(clf)) == before


def test_a_failed_fit_forgets_no_numeric_fit(on_numbers):
    clf = copy.copy(on_numbers)
    with pytest.raises(ValueError, match="no label"):
        clf.fit(NUMBERS[:, :2], [None] * 20)
    assert clf.n_features_in_ == 4
    assert_array_equal(clf.predict(NUMBERS), on_numbers.predict(NUMBERS))


@pytest.mark.parametrize("wrap", [np.asarray, csr_matrix, csr_array])
@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "X contains NaN"), (np.inf, "X contains infinity")]
)
def test_numeric_x_must_be_finite(on_numbers, wrap, value, message):
    X = wrap(with_cell(value))
    with pytest.raises(ValueError, match=message):
        make().fit(X, LABELS)
    if isinstance(X, np.ndarray):
        with pytest.raises(ValueError, match=message):
            on_numbers.predict(X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_made_by_a_vectorizer_must_be_finite(value):
    vectorizer = FunctionTransformer()  # lets everything through
    clf = make(vectorizer=vectorizer).fit(NUMBERS, LABELS)
    with pytest.raises(ValueError, match=r"(?i)contains? (NaN|infinity)"):
        clf.predict(with_cell(value))
    with pytest.raises(ValueError, match=r"(?i)contains? (NaN|infinity)"):
        clf.fit(with_cell(value), LABELS)


@pytest.mark.parametrize("wrap", [np.asarray, csr_matrix, csr_array])
def test_rows_of_a_prediction_must_have_the_features_of_fit(wrap):
    clf = make().fit(wrap(NUMBERS), LABELS)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        clf.predict(wrap(NUMBERS[:, :3]))


def test_lists_of_texts_must_not_be_nested():
    with pytest.raises(ValueError, match=r"X must be one column of texts.*\(20, 1\)"):
        make().fit([[text] for text in TEXTS], LABELS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((0, 4)), "0 sample"),
        (np.zeros((20, 0)), "0 feature"),
        (np.zeros((20, 2, 2)), "dim 3"),
        (np.zeros(20), "Expected 2D array, got 1D array"),
        (list(range(20)), "Expected 2D array, got 1D array"),
    ],
    ids=["no rows", "no features", "3-D", "1-D", "list of numbers"],
)
def test_numeric_x_must_be_a_table_of_rows(X, message):
    with pytest.raises(ValueError, match=message):
        make().fit(X, TONE[: len(X)])


@pytest.mark.parametrize("X", [None, 3], ids=["None", "number"])
def test_x_must_be_a_collection(X):
    with pytest.raises(ValueError, match=r"X must|Expected 2D array"):
        make().fit(X, TONE)


def test_empty_texts_get_a_prediction(on_texts):
    predicted = on_texts.predict(["", "great phone", " "])
    assert_array_equal(predicted[0], predicted[2])
    assert np.isin(predicted[:, 0], on_texts.classes_[0]).all()


def test_empty_texts_may_be_learnt_from():
    clf = make().fit(put(""), LABELS)
    assert clf.predict([""]).shape == (1, 2)


@pytest.mark.parametrize(
    ("texts", "vectorizer"),
    [
        (["the", "and"] * 10, TfidfVectorizer(stop_words="english")),
        (TEXTS, TfidfVectorizer(min_df=2, max_df=2)),
    ],
    ids=["stop words", "pruned"],
)
def test_an_empty_vocabulary_is_explained(on_texts, texts, vectorizer):
    assert_fit_fails_and_changes_nothing(
        on_texts,
        ValueError,
        r"The vectorizer found no features in 20 text\(s\).*Pass another vectorizer",
        texts,
        LABELS,
        vectorizer=vectorizer,
    )


def test_texts_that_are_all_empty_are_explained(on_texts):
    message = r"no features in 20 text\(s\).*all of them are empty or blank"
    assert_fit_fails_and_changes_nothing(
        on_texts, ValueError, message, [""] * 20, LABELS
    )


def test_a_validation_split_needs_rows_to_spare():
    clf = make(early_stopping=True)
    message = (
        "validation split of 10% of 3 rows is empty.*larger validation_fraction.*"
        "early_stopping=False"
    )
    with pytest.raises(ValueError, match=message):
        clf.fit(TEXTS[:3], TONE[:3])


def test_early_stopping_cannot_watch_a_task_without_validation_rows():
    rare = ["tech", "arts", *[None] * 218]
    clf = make(early_stopping=True, early_stopping_metric="rare", max_iter=3)
    with pytest.raises(ValueError, match=r"(?s)'rare'.*validation|validation.*'rare'"):
        clf.fit(TEXTS * 11, {"tone": TONE * 11, "rare": rare})


def test_a_trunk_over_dense_rows_refuses_texts():
    message = "DenseTrunk reads dense rows, but X.*gives sparse rows.*trunk='bag'"
    with pytest.raises(ValueError, match=message):
        make(trunk="dense").fit(TEXTS, LABELS)


def test_a_wrong_name_in_net_params_is_named():
    with pytest.raises(ValueError, match=r"unexpected argument.*optimzer__betas"):
        make(net_params={"optimzer__betas": (0.8, 0.9)}).fit(TEXTS, LABELS)
    with pytest.raises(TypeError, match="unexpected keyword argument 'beta'"):
        make(net_params={"optimizer_dense__beta": 0.8}).fit(TEXTS, LABELS)


def test_a_learning_rate_in_net_params_is_not_ignored():
    # `lr` belongs to skorch's single optimizer, which does not exist here.
    with pytest.raises(ValueError, match=r"learning_rate_init|optimizer_dense__lr"):
        make(net_params={"lr": 0.1}).fit(TEXTS, LABELS)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_an_unfitted_estimator_says_so(method):
    with pytest.raises(NotFittedError, match="instance is not fitted yet"):
        getattr(make(), method)(TEXTS)


def test_an_unfitted_estimator_has_no_score_and_no_names():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        make().score(TEXTS, LABELS)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        make().get_feature_names_out()


@pytest.mark.parametrize("params", [{"trunk": None}, {"sharing": "separate"}], ids=str)
def test_nothing_is_transformed_where_nothing_is_shared(params):
    clf = make(**params).fit(TEXTS, LABELS)
    assert not hasattr(clf, "transform")
    with pytest.raises(AttributeError, match="no attribute 'transform'") as raised:
        clf.transform(TEXTS)
    assert "no shared representation" in str(raised.value.__cause__)


def test_texts_after_numbers_are_refused(on_numbers):
    with pytest.raises(
        ValueError, match=r"X holds texts, but fit saw .*4 numeric feat"
    ):
        on_numbers.predict(TEXTS)


@pytest.mark.parametrize("wrap", [np.asarray, csr_matrix, csr_array, pd.DataFrame])
def test_numbers_after_texts_are_refused(on_texts, wrap):
    with pytest.raises(ValueError, match=r"(?i)numeric.*fit saw texts"):
        on_texts.predict(wrap(NUMBERS))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("great phone", "raw text documents expected"),
        (["great", None], "texts only.*NoneType in row 1"),
        (
            pd.DataFrame({"body": TEXTS, "id": TEXTS}),
            r"one column of texts.*X\['body'\]",
        ),
        ([], r"(?i)no texts|found array with 0 sample\(s\)"),
    ],
    ids=["bare string", "None", "table", "empty"],
)
def test_predict_checks_its_texts(on_texts, X, message):
    for method in (on_texts.predict, on_texts.predict_proba, on_texts.transform):
        with pytest.raises(ValueError, match=message):
            method(X)


def test_no_error_on_empty_texts_speaks_of_the_vectorizer(on_texts):
    with pytest.raises(ValueError, match=r"(?i)text|sample") as raised:
        on_texts.predict([])
    assert "TfidfTransformer" not in str(raised.value)


def test_an_unknown_output_is_named(on_texts):
    message = r"output must be one of .*'frame', 'dict'.*Got 'pandas'"
    with pytest.raises(ValueError, match=message):
        on_texts.predict(TEXTS, output="pandas")
    with pytest.raises(ValueError, match=r"one of .*'list', 'dict'.*Got 'frame'"):
        on_texts.predict_proba(TEXTS, output="frame")


def test_a_frame_needs_named_columns_in_fit(on_texts):
    with pytest.raises(ValueError, match=r"y was not a DataFrame.*Use output='dict'"):
        on_texts.predict(TEXTS, output="frame")


def test_a_new_label_at_score_counts_as_wrong_with_a_warning(on_texts):
    clf = on_texts
    right = clf.predict(TEXTS, output="dict")
    assert clf.score(TEXTS, right) == 1
    message = (
        r"y\['tone'\] holds labels that did not occur in fit: \['fine'\] in row\(s\) "
        r"\[3\]. The classes are \['bad', 'good'\]. They count as wrong"
    )
    new = {**right, "tone": put("fine", texts=right["tone"].tolist())}
    with pytest.warns(UserWarning, match=message):
        assert clf.score(TEXTS, new) == pytest.approx((19 / 20 + 1) / 2)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (
            TEXTS,
            labels(tone=[1] * 20),
            r"y\['tone'\] holds labels of another type.*Got 1",
        ),
        (TEXTS, {"tone": TONE}, r"exactly the tasks \['tone', 'topic'\].*\['topic'\]"),
        (TEXTS, labels(extra=TONE), r"exactly the tasks.*unknown: \['extra'\]"),
        (TEXTS[:3], LABELS, "inconsistent numbers of samples"),
        (TEXTS, np.zeros((20, 3)), r"a column for each of the 2 tasks.*Got 3 column"),
        (TEXTS, None, "y must be a column or a table of labels. Got None"),
    ],
    ids=["other type", "task missing", "task unknown", "length", "columns", "None"],
)
def test_score_checks_its_labels(on_texts, X, y, message):
    with pytest.raises(ValueError, match=message):
        on_texts.score(X, y)


def test_a_score_without_labels_is_nan_with_a_warning(on_texts):
    nothing = {"tone": [None] * 20, "topic": [None] * 20}
    with pytest.warns(UndefinedMetricWarning, match="No task has labelled cells"):
        assert np.isnan(on_texts.score(TEXTS, nothing))


def test_warm_start_refuses_other_tasks_labels_and_rows(on_texts, on_numbers):
    texts = copy.copy(on_texts).set_params(warm_start=True)
    numbers = copy.copy(on_numbers).set_params(warm_start=True)
    with pytest.raises(ValueError, match=r"the tasks \['tone', 'topic'\].*\['topic'\]"):
        texts.fit(TEXTS, {"tone": TONE})
    with pytest.raises(
        ValueError, match=r"not occur in fit: \['food'\] in row\(s\) \[3\]"
    ):
        texts.fit(TEXTS, labels(topic=put("food", texts=TOPIC)))
    with pytest.raises(ValueError, match="4 numeric features"):
        numbers.fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        numbers.fit(NUMBERS[:, :3], LABELS)
    with pytest.raises(ValueError, match=r"(?i)numeric.*fit saw texts"):
        texts.fit(NUMBERS, LABELS)


@pytest.mark.parametrize(
    "params", [{"trunk": BagTrunk(n_units=3)}, {"sharing": "hard"}], ids=str
)
def test_warm_start_refuses_another_network(on_texts, params):
    clf = copy.copy(on_texts).set_params(warm_start=True, **params)
    with pytest.raises(ValueError, match="warm_start"):
        clf.fit(TEXTS, LABELS)


@pytest.mark.parametrize("loss_weights", ["auto", None, [1.0, 2.0]], ids=str)
def test_a_weight_cannot_be_set_by_name_on_an_alias(loss_weights):
    message = (
        r"Cannot set the loss weight of \['tone'\].*pass a dict .*FixedWeights\(\)"
    )
    with pytest.raises(ValueError, match=message):
        make(loss_weights=loss_weights).set_params(loss_weights__tone=2)


def test_an_unknown_parameter_is_named():
    with pytest.raises(ValueError, match="Invalid parameter 'n_units'"):
        make().set_params(n_units=3)


def test_parameter_errors_are_those_of_scikit_learn():
    with pytest.raises(InvalidParameterError, match="or an int in the range"):
        make(max_iter=-1).fit(TEXTS, LABELS)
