"""Explanations: their words, their sums, and the answers they are of."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder
from versions import needs_scikit_learn

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import TextCleaner
from sklearn_mtl.inspection import explain

pytestmark = pytest.mark.filterwarnings("ignore:The task.* have a single class")

TEXTS = ["great phone", "awful phone", "great film", "awful film", "great tea"] * 6
LABELS = {
    "tone": ["good", "bad", "good", "bad", None] * 6,
    "topic": ["tech", "tech", "art", "art", "food"] * 6,
    "stars": [5, 1, 4, 2, 3] * 6,
    "tags": [{"a", "b"}, {"b"}, {"a"}, set(), {"a"}] * 6,
    "place": ["here"] * 30,
}
TYPES = {"stars": "ordinal"}
NEW = ["A great, great film!", "an awful phone", "tea", "§"]


def classifier(vectorizer="auto", **params):
    settings = {"random_state": 0, "max_iter": 20} | params
    return MultiTaskTextClassifier(vectorizer, **settings)


@pytest.fixture(scope="module")
def fitted():
    return classifier(task_types=TYPES).fit(TEXTS, LABELS)


def check_sums(explanations, atol=1e-4):
    for explanation in explanations:
        for answer in explanation:
            for logit, base, added in (
                (answer.logit, answer.base, answer.label_contributions),
                (answer.rival_logit, answer.rival_base, answer.rival_contributions),
            ):
                assert base + added.sum() == pytest.approx(logit, abs=atol)
            assert abs(answer.error) < atol
    assert explanations.errors.max() < atol


@pytest.mark.parametrize("units", ["words", "features"])
def test_contributions_add_up_to_logits(fitted, units):
    check_sums(fitted.explain(NEW, units=units))


def test_words_add_up_their_features(fitted):
    words, features = (fitted.explain(NEW, units=u) for u in ("words", "features"))
    for own, other in zip(words, features, strict=True):
        for a, b in zip(own, other, strict=True):
            assert len(b.words) >= len(a.words)
            assert_allclose(a.contributions.sum(), b.contributions.sum(), atol=1e-5)


def test_words_are_as_written_and_where_they_are(fitted):
    answer = fitted.explain(NEW)[0]["tone"]
    assert answer.words.tolist() == ["great", "great", "film"]
    places = zip(answer.starts, answer.ends, strict=True)
    assert [NEW[0][a:b] for a, b in places] == answer.words.tolist()
    assert answer.top(1) == ["great"]
    # Both occurrences of a word share what it adds; only one is part of "great film".
    assert answer.contributions[0] > 0.5 * answer.contributions[1] > 0


def test_labels_are_those_that_are_predicted(fitted):
    predicted = fitted.predict(NEW, output="dict")
    probabilities = fitted.predict_proba(NEW, output="dict")
    for row, explanation in enumerate(fitted.explain(NEW)):
        for answer in explanation:
            classes = fitted.targets_.tasks[LABELS_OF[answer.task]].classes_.tolist()
            own = probabilities[answer.task][row]
            assert answer.probability == pytest.approx(own[classes.index(answer.label)])
            if answer.task == "tags":
                tags = predicted["tags"][row] or {classes[own.argmax()]}
                assert answer.label in tags
                assert answer.rival is None
            else:
                assert answer.label == predicted[answer.task][row]
                assert answer.rival != answer.label
        assert [a.task for a in explanation if a.task != "tags"] == [
            "tone",
            "topic",
            "stars",
        ]


LABELS_OF = {name: k for k, name in enumerate(LABELS)}


def test_log_odds_are_those_of_the_probabilities():
    rng = np.random.RandomState(0)
    labels = {
        "tone": rng.choice(["good", "bad"], 300, p=[0.8, 0.2]),
        "topic": rng.choice(list("abc"), 300),
        "stars": rng.choice(4, 300),
        "tags": [set(rng.choice(list("xyz"), rng.randint(3))) for _ in range(300)],
    }
    words = rng.choice(["red", "blue", "big", "small", "old"], (300, 3))
    texts = [" ".join(row) for row in words]
    clf = classifier(temperature=1.7, logit_adjustment=0.5, task_types=TYPES)
    clf.fit(texts, labels)
    probabilities = clf.predict_proba(texts[:6], output="dict")
    for row, explanation in enumerate(clf.explain(texts[:6])):
        for answer in explanation:
            classes = clf.classes_[list(labels).index(answer.task)].tolist()
            own = probabilities[answer.task][row].astype(float)
            place = classes.index(answer.label)
            if answer.task == "tags":
                odds = own[place] / (1 - own[place])
            elif answer.task == "stars":
                falls = answer.rival < answer.label
                edge = max(place, classes.index(answer.rival))
                odds = own[edge:].sum() / own[:edge].sum()
                odds = odds if falls else 1 / odds
                assert abs(place - classes.index(answer.rival)) == 1
            else:
                odds = own[place] / own[classes.index(answer.rival)]
                others = np.delete(own, place)
                assert own[classes.index(answer.rival)] == others.max()
            margin = answer.logit - answer.rival_logit
            found = margin / answer.temperature + answer.shift
            assert found == pytest.approx(np.log(odds), abs=1e-3)


def test_both_classes_of_two_share_a_logit(fitted):
    good, bad = (explanation["tone"] for explanation in fitted.explain(NEW[:2]))
    assert (good.label, bad.label) == ("good", "bad")
    assert good.rival_logit == good.rival_base == 0
    assert bad.logit == bad.base == 0
    assert bad.rival_logit < 0


def test_any_label_can_be_explained(fitted):
    asked = {"topic": "food", "tone": ["bad", None, np.nan, "good"], "tags": "b"}
    found = fitted.explain(NEW, labels=asked)
    predicted = fitted.predict(NEW, output="dict")["tone"]
    assert {e["topic"].label for e in found} == {"food"}
    labels = [e["tone"].label for e in found]
    assert labels == ["bad", predicted[1], predicted[2], "good"]
    assert [[a.label for a in e if a.task == "tags"] for e in found] == [["b"]] * 4
    check_sums(found)
    own = found[0]["topic"]
    assert own.logit < own.rival_logit
    assert own.contributions.sum() < 0


def test_tasks_are_selected_in_their_own_order(fitted):
    found = fitted.explain(NEW, ["topic", "tone"])
    assert found.task_names == ["tone", "topic"]
    assert [a.task for a in found[0]] == ["tone", "topic"]
    assert [a.task for a in fitted.explain(NEW, "topic")[0]] == ["topic"]


def test_a_text_without_known_words_has_an_empty_explanation(fitted):
    answer = fitted.explain(["§"])[0]["tone"]
    assert len(answer.words) == 0
    assert answer.logit == pytest.approx(answer.base)
    assert answer.rival_logit == pytest.approx(answer.rival_base)


def test_saved_classifiers_explain_alike(fitted, tmp_path):
    fitted.save(tmp_path / "model.mtl")
    loaded = sklearn_mtl.load(tmp_path / "model.mtl")
    for other in (loaded, pickle.loads(pickle.dumps(fitted))):
        pairs = zip(fitted.explain(NEW), other.explain(NEW), strict=True)
        for own, same in pairs:
            for a, b in zip(own, same, strict=True):
                assert_array_equal(a.contributions, b.contributions)


# Columns -----------------------------------------------------------------------------

TABLE = pd.DataFrame(
    {
        "title": ["my phone", "my phone", "my film", "my film", "my tea"] * 6,
        "body": TEXTS,
        "price": [900.0, 850.0, 12.0, 9.0, 2.5] * 6,
        "country": ["fr", "de", "de", "fr", "it"] * 6,
    }
)


def columns_of(frame):
    """List the units but for frequent words and categories that the row lacks.

    Their columns are centred, so that their absence counts.
    """
    units = list(zip(frame["column"], frame["word"], frame["start"], strict=True))
    there = ("price", "country_fr")
    return [unit for unit in units if unit[2] >= 0 or unit[1] in there]


@pytest.mark.parametrize("body", ["plain", "pipeline", "union"])
def test_features_name_their_columns(body):
    vectorizers = {
        "plain": TfidfVectorizer(),
        "pipeline": make_pipeline(CountVectorizer(), TfidfTransformer()),
        "union": make_union(TfidfVectorizer(), CountVectorizer(analyzer="char_wb")),
    }
    vectorizer = make_column_transformer(
        ("passthrough", ["price"]),
        (CountVectorizer(), "title"),
        (vectorizers[body], "body"),
        (OneHotEncoder(handle_unknown="ignore"), ["country"]),
    )
    clf = classifier(vectorizer).fit(TABLE, {"tone": LABELS["tone"]})
    found = clf.explain(TABLE[:2])
    check_sums(found)
    assert columns_of(found[0].to_frame()) == [
        ("title", "my", 0),
        ("title", "phone", 3),
        ("body", "great", 0),
        ("body", "phone", 6),
        ("price", "price", -1),
        ("country", "country_fr", -1),
    ]
    assert found[0].texts == {"title": "my phone", "body": "great phone"}
    assert "body: great" in str(found[0])


@pytest.mark.parametrize(
    "library",
    [
        pytest.param(
            "polars",
            marks=needs_scikit_learn(1, 7, why="a scalar column of polars in a table"),
        ),
        "numpy",
    ],
)
def test_columns_of_other_libraries_are_read(library):
    vectorizer = make_column_transformer(
        (CountVectorizer(), 0 if library == "numpy" else "body"),
        ("passthrough", [1] if library == "numpy" else ["price"]),
    )
    part = TABLE[["body", "price"]]
    table = part.to_numpy(dtype=object)
    if library == "polars":
        table = pytest.importorskip("polars").DataFrame(part.to_dict("list"))
    clf = classifier(vectorizer).fit(table, {"tone": LABELS["tone"]})
    found = clf.explain(table)
    check_sums(found)
    assert found[0]["tone"].words.tolist()[:2] == ["great", "phone"]


PIPELINES = {
    "vectorizer": make_pipeline(TfidfVectorizer()),
    "selection": make_pipeline(CountVectorizer(ngram_range=(1, 2)), TfidfTransformer()),
    "cleaner": make_pipeline(TextCleaner(), CountVectorizer()),
    "union": make_union(TfidfVectorizer(), CountVectorizer(analyzer="char_wb")),
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("inside", [True, False])
def test_vectorizers_in_and_before_the_classifier_are_read(name, inside):
    if inside:
        model = classifier(PIPELINES[name])
    else:
        model = make_pipeline(PIPELINES[name], classifier())
    model.fit(TEXTS, {"tone": LABELS["tone"]})
    found = explain(model, ["a great phone"])
    check_sums(found)
    answer = found[0]["tone"]
    assert answer.top(1) == ["great"]
    assert set(answer.words[answer.starts >= 0]) <= {"a", "great", "phone"}


def test_selected_features_keep_their_places():
    names = np.array(["awful", "film", "great", "phone", "tea"])
    vectorizer = CountVectorizer().fit(TEXTS)
    assert_array_equal(vectorizer.get_feature_names_out(), names)
    select = SelectKBest(chi2, k=2)
    tone = np.array(LABELS["tone"]) == "good"
    model = make_pipeline(CountVectorizer(), select, classifier())
    select.fit(vectorizer.transform(TEXTS), tone)
    rows = select.transform(vectorizer.transform(TEXTS))
    model.steps[0] = ("count", vectorizer)
    model.steps[2][1].fit(rows, {"tone": LABELS["tone"]})
    answer = explain(model, ["the film was great"])[0]["tone"]
    kept = [w for w in ("film", "great") if w in names[select.get_support()]]
    assert answer.words.tolist() == kept
    assert answer.starts.tolist() == ["the film was great".index(w) for w in kept]


def test_mixed_features_have_names_without_places():
    model = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))
    model = make_pipeline(model, classifier()).fit(TEXTS, {"tone": LABELS["tone"]})
    found = explain(model, ["great phone"])
    assert set(found[0]["tone"].words) <= {"truncatedsvd0", "truncatedsvd1"}
    assert (found[0]["tone"].starts == -1).all()
    check_sums(found)


def test_embeddings_are_one_unit():
    clf = classifier(embedding="lsa").fit(TEXTS, {"tone": LABELS["tone"]})
    found = clf.explain(["great phone", "§"])
    check_sums(found)
    assert found[0]["tone"].words.tolist() == ["great", "phone", "embedding"]
    assert found[1]["tone"].words.tolist() == ["embedding"]


def test_numeric_rows_take_names_from_a_frame_or_a_list():
    rows = TABLE[["price"]].assign(size=np.arange(30.0) % 7)
    labels = {"tone": LABELS["tone"]}
    clf = classifier().fit(rows, labels)
    assert clf.explain(rows)[1]["tone"].words.tolist() == ["price", "size"]
    sparse = CountVectorizer().fit_transform(TEXTS)
    clf = classifier().fit(sparse, labels)
    assert clf.explain(sparse)[0]["tone"].words.tolist() == ["x2", "x3"]
    found = clf.explain(
        sparse, feature_names=["awful", "film", "great", "phone", "tea"]
    )
    assert found[0]["tone"].words.tolist() == ["great", "phone"]
    check_sums(found)


# Wrong input -------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
def test_features_without_names_are_refused(inside):
    vectorizer = HashingVectorizer(n_features=16)
    clf = classifier(vectorizer) if inside else make_pipeline(vectorizer, classifier())
    clf.fit(TEXTS, {"tone": LABELS["tone"]})
    with pytest.raises(ValueError, match="HashingVectorizer has no feature names"):
        explain(clf, NEW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tasks": ["mood"]}, r"tasks must name tasks of \['tone', .*Got \['mood'\]"),
        ({"tasks": []}, r"tasks must name tasks of .*Got \[\]"),
        ({"tasks": "place"}, "The task 'place' has a single class"),
        ({"labels": {"mood": "good"}}, "tasks of .*Got the key 'mood'"),
        ({"labels": {"tone": "fair"}}, r"\['tone'\] holds 'fair' in row\(s\) \[0, 1"),
        ({"labels": {"tone": ["bad"]}}, r"one for each of the 4 text\(s\). Got 1"),
        ({"units": "letters"}, "units must be 'words' or 'features'. Got 'letters'"),
        ({"n_steps": 0}, "n_steps must be an int of at least 1. Got 0"),
        ({"n_steps": 2.5}, "n_steps must be an int of at least 1. Got 2.5"),
        ({"feature_names": ["a"]}, "feature_names is for numeric rows"),
    ],
)
def test_wrong_arguments_are_named(fitted, arguments, message):
    with pytest.raises(ValueError, match=message):
        fitted.explain(NEW, **arguments)


def test_wrong_numbers_of_names_are_refused():
    rows = np.random.RandomState(0).normal(size=(30, 3))
    clf = classifier().fit(rows, {"tone": LABELS["tone"]})
    with pytest.raises(ValueError, match=r"for each of the 3 columns of X\. Got 2"):
        clf.explain(rows, feature_names=["a", "b"])


def test_estimators_that_cannot_be_explained_are_refused(fitted, tmp_path):
    with pytest.raises(NotFittedError):
        classifier().explain(NEW)
    models = MultiOutputClassifier(LogisticRegression())
    labels = np.column_stack([LABELS["topic"], LABELS["topic"]])
    model = make_pipeline(CountVectorizer(), models).fit(TEXTS, labels)
    with pytest.raises(TypeError, match="Got Pipeline of MultiOutputClassifier"):
        explain(model, NEW)
    fitted.save(tmp_path / "model.mtl")
    predictor = sklearn_mtl.load(tmp_path / "model.mtl", runtime="numpy")
    with pytest.raises(TypeError, match="Load a saved classifier without runtime="):
        explain(predictor, NEW)


def test_texts_are_checked_as_in_predict(fitted):
    with pytest.raises(ValueError, match="string object received"):
        fitted.explain("great phone")
    with pytest.raises(ValueError, match="X is empty"):
        fitted.explain([])
    with pytest.raises(ValueError, match="X must hold texts only"):
        fitted.explain(["great", None])


def test_a_classifier_of_constants_has_nothing_to_explain():
    clf = classifier().fit(TEXTS, {"place": LABELS["place"]})
    with pytest.raises(ValueError, match="have a single class, so there is nothing"):
        clf.explain(NEW)
