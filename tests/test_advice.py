"""What messages advise is done, and must succeed.

A case is a call that fails, a part of its message that gives the advice, and a call
that follows it. Each module's cases stand in a list of its own.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import SequenceVectorizer, TextCleaner

X = ["late parcel", "wrong bill", "late box", "bill again"] * 3
Y = {"topic": ["ship", "pay", "ship", "pay"] * 3, "rush": [1, 0, 1, 1] * 3}
FRAME = pd.DataFrame({"id": range(12), "text": X})
RECORDS = FRAME.to_dict("records")


def fit(X=X, y=Y, **params):
    clf = MultiTaskTextClassifier(random_state=0, max_iter=1, **params)
    return clf.fit(X, y)


OF_TEXTS = [
    (
        lambda: fit("late"),
        r"for instance \['late'\]",
        lambda: fit().predict(["late"]),
    ),
    (lambda: fit(FRAME), r"X\['text'\]", lambda: fit(FRAME["text"])),
    (
        lambda: fit(FRAME.astype(object).to_numpy()),
        r"X\[:, 1\]",
        lambda: fit(FRAME.astype(object).to_numpy()[:, 1]),
    ),
    (
        lambda: fit([[text] for text in X]),
        r"\[row\[0\] for row in X\]",
        lambda: fit([row[0] for row in [[text] for text in X]]),
    ),
    (
        lambda: fit(RECORDS),
        r"\[row\['text'\] for row in X\]",
        lambda: fit([row["text"] for row in RECORDS]),
    ),
    (
        lambda: fit(FRAME.to_dict("list")),
        r"X\[name\] with a name of \['id', 'text'\]",
        lambda: fit(FRAME.to_dict("list")["text"]),
    ),
    (
        lambda: fit([None, *X[1:]]),
        "Fill empty texts with ''",
        lambda: fit(["", *X[1:]]),
    ),
    (
        lambda: fit(vectorizer=CountVectorizer(min_df=9)),
        r"TfidfVectorizer\(analyzer='char_wb', ngram_range=\(1, 3\)\)",
        lambda: fit(vectorizer=TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))),
    ),
    (
        lambda: fit().predict(np.eye(3)),
        "Pass a list or a column of texts",
        lambda: fit().predict(FRAME["text"]),
    ),
    (
        lambda: fit(np.eye(12)).predict(X),
        "12 numeric features. Pass such rows",
        lambda: fit(np.eye(12)).predict(np.eye(12)),
    ),
    (
        lambda: fit(np.eye(12), trunk="conv"),
        "Use vectorizer='auto' with texts, or SequenceVectorizer",
        lambda: (fit(trunk="conv"), fit(vectorizer=SequenceVectorizer(), trunk="conv")),
    ),
    (
        lambda: TextCleaner().transform("late"),
        r"for instance \['late'\]",
        lambda: TextCleaner().transform(["late"]),
    ),
]
BESIDE = pd.DataFrame({"text": X, "price": range(12)})


def beside(columns):
    return make_column_transformer(
        (TfidfVectorizer(), columns), ("passthrough", ["price"])
    )


OF_VECTORIZERS = [
    (
        lambda: fit(
            BESIDE, vectorizer=make_column_transformer((TfidfVectorizer(), ["text"]))
        ),
        r"returned 1 row\(s\) for the 12 row.*by name, 'text', and not in a list",
        lambda: fit(BESIDE, vectorizer=beside("text")),
    ),
    (
        lambda: fit([text.split() * (k % 2 + 1) for k, text in enumerate(X)]),
        r"Got a list in row 0.*\[' '\.join\(words\) for words in X\]",
        lambda: fit([" ".join(text.split()) for text in X]),
    ),
    (
        lambda: fit().predict(None),
        "X is None, but fit saw texts",
        lambda: fit().predict(X),
    ),
]
OF_WEIGHTS = [
    (
        lambda: fit(class_weight=["balanced"]),
        r"for instance \{'topic': 'balanced', 'rush': 'balanced'\}",
        lambda: fit(class_weight={"topic": "balanced", "rush": "balanced"}),
    ),
]


MIXED = np.array([1, 0, "1", None, 1.0, "0"] * 2, dtype=object)
WORDS = np.array([1, "yes", None, "no", 1, "yes"] * 2, dtype=object)
DAYS = pd.Series(pd.date_range("2026-01-01", periods=2).repeat(6))
LABEL_RECORDS = [{"topic": "a"}, {"topic": "b"}] * 6
LEVELS = pd.DataFrame({("y", "a"): [1, 0] * 6, ("y", "b"): [0, 1] * 6})


def with_plain_names(frame):
    frame = frame.copy()
    frame.columns = [str(name) for name in frame.columns]
    return frame


OF_LABELS = [
    (
        lambda: fit(y=MIXED),
        r"pandas\.to_numeric\(y\)",
        lambda: classes_are(fit(y=pd.to_numeric(MIXED)), [0, 1]),
    ),
    (
        lambda: fit(y=WORDS),
        r"pandas\.Series\(y\)\.map\(str, na_action='ignore'\)",
        lambda: classes_are(
            fit(y=pd.Series(WORDS).map(str, na_action="ignore")), ["1", "no", "yes"]
        ),
    ),
    (
        lambda: fit(y=[*WORDS[:-2], None, np.nan]),
        r"pandas\.Series\(y\)\.map\(str, na_action='ignore'\)",
        lambda: classes_are(
            fit(y=pd.Series([*WORDS[:-2], None, np.nan]).map(str, na_action="ignore")),
            ["1", "no", "yes"],
        ),
    ),
    (
        lambda: fit(y=DAYS),
        r"pandas\.Series\(y\)\.map\(str, na_action='ignore'\)",
        lambda: fit(y=pd.Series(DAYS).map(str, na_action="ignore")),
    ),
    (
        lambda: fit(y=LABEL_RECORDS),
        r"pandas\.DataFrame\(list\(y\)\)",
        lambda: classes_are(fit(y=pd.DataFrame(list(LABEL_RECORDS))), ["a", "b"]),
    ),
    (
        lambda: fit(y=LEVELS),
        r"y\.columns = \[str\(name\) for name in y\.columns\]",
        lambda: fit(y=with_plain_names(LEVELS)),
    ),
]


def classes_are(clf, expected):
    classes = clf.classes_[0] if isinstance(clf.classes_, list) else clf.classes_
    assert classes.tolist() == expected


@pytest.mark.parametrize(
    ("fails", "advice", "follows"), OF_TEXTS + OF_LABELS + OF_VECTORIZERS + OF_WEIGHTS
)
def test_what_a_message_advises_works(fails, advice, follows):
    with pytest.raises(ValueError, match=advice):
        fails()
    follows()
