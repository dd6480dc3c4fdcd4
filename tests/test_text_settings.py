"""Defaults and bounds of the settings of everything that reads texts."""

import numpy as np
import pytest

from sklearn_mtl.feature_extraction import (
    SequenceVectorizer,
    SubwordVectorizer,
    TextCleaner,
    WordVectors,
    WordVectorTrainer,
    WordVectorVectorizer,
)

TEXTS = ["a good film", "a very good film"]
WORD = r"(?u)\b\w+\b"
DEFAULTS = {
    TextCleaner: {
        "html": True,
        "lowercase": True,
        "numbers": None,
        "strip_accents": None,
        "urls": "url",
    },
    SequenceVectorizer: {
        "analyzer": "word",
        "lowercase": True,
        "max_df": 1.0,
        "max_features": None,
        "max_length": 256,
        "min_df": 1,
        "preprocessor": None,
        "stop_words": None,
        "strip_accents": None,
        "token_pattern": WORD,
        "tokenizer": None,
        "vocabulary": None,
    },
    SubwordVectorizer: {
        "lowercase": True,
        "max_features": 8000,
        "max_length": 256,
        "min_frequency": 2,
        "preprocessor": None,
        "pretrained": None,
        "strip_accents": None,
        "token_pattern": WORD,
    },
    WordVectorTrainer: {
        "epochs": 5,
        "min_count": 2,
        "negative": 5,
        "random_state": None,
        "sg": True,
        "vector_size": 64,
        "window": 5,
    },
    WordVectorVectorizer: {
        "a": 1e-3,
        "remove_common": True,
        "vectorizer_params": None,
        "weighting": "sif",
    },
}


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_defaults_are_the_documented_ones(kind):
    needed = {"vectors": None} if kind is WordVectorVectorizer else {}
    found = kind(**needed).get_params()
    assert found == needed | DEFAULTS[kind]
    # 1 equals True and 1.0, but a share of texts is not a number of them.
    for name, value in DEFAULTS[kind].items():
        assert type(found[name]) is type(value), name


def fit(kind, **params):
    if kind is WordVectorTrainer:
        pytest.importorskip("gensim")
        return kind(**{"min_count": 1, "vector_size": 2} | params).train_vectors(
            [text.split() for text in TEXTS]
        )
    if kind is WordVectorVectorizer:
        params = {"vectors": {"good": [1.0, 0.0]}} | params
    if kind is SubwordVectorizer:
        pytest.importorskip("tokenizers")
    return kind(**params).fit(TEXTS)


@pytest.mark.parametrize(
    ("kind", "name", "least", "below"),
    [
        (SequenceVectorizer, "max_length", 1, 0),
        (SubwordVectorizer, "max_length", 1, 0),
        (SubwordVectorizer, "max_features", 1, 0),
        (SubwordVectorizer, "min_frequency", 1, 0),
        (WordVectorTrainer, "vector_size", 1, 0),
        (WordVectorTrainer, "window", 1, 0),
        (WordVectorTrainer, "min_count", 1, 0),
        (WordVectorTrainer, "negative", 1, 0),
        (WordVectorTrainer, "epochs", 1, 0),
        (WordVectorVectorizer, "a", 1e-9, 0),
    ],
)
def test_the_least_value_is_taken_and_none_below(kind, name, least, below):
    fit(kind, **{name: least})
    with pytest.raises(ValueError, match=f"'{name}' parameter of {kind.__name__} must"):
        fit(kind, **{name: below})


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [
        (TextCleaner, "lowercase", "yes"),
        (TextCleaner, "html", None),
        (TextCleaner, "urls", 1),
        (TextCleaner, "numbers", True),
        (TextCleaner, "strip_accents", "latin"),
        (SubwordVectorizer, "token_pattern", None),
        (SubwordVectorizer, "lowercase", "yes"),
        (WordVectorTrainer, "sg", 2),
        (WordVectorTrainer, "random_state", "seed"),
        (WordVectorVectorizer, "weighting", "idf"),
        (WordVectorVectorizer, "remove_common", 2),
        (WordVectorVectorizer, "vectorizer_params", []),
    ],
)
def test_values_of_another_kind_are_refused(kind, name, wrong):
    with pytest.raises(ValueError, match=f"'{name}' parameter of {kind.__name__} must"):
        fit(kind, **{name: wrong})
    if kind is TextCleaner:  # which needs no fit
        with pytest.raises(ValueError, match=f"'{name}' parameter of TextCleaner must"):
            kind(**{name: wrong}).transform(TEXTS)


def test_the_cleaner_needs_no_fit_and_reads_texts():
    cleaner = TextCleaner()
    assert cleaner.__sklearn_is_fitted__() is True
    for estimator in (cleaner, WordVectorVectorizer({})):
        tags = estimator.__sklearn_tags__()
        assert tags.input_tags.string is True
        assert tags.input_tags.two_d_array is False
    assert cleaner.__sklearn_tags__().requires_fit is False
    assert WordVectorVectorizer({}).__sklearn_tags__().requires_fit is True


def test_letters_that_are_capitals_without_their_style_become_small():
    mathematical = "\N{MATHEMATICAL BOLD CAPITAL A}b É"
    assert TextCleaner(strip_accents="unicode")(mathematical) == "ab e"
    cleaner = TextCleaner(strip_accents="unicode", lowercase=False)
    assert cleaner(mathematical) == "Ab E"
    assert TextCleaner()("É") == "é"
    assert TextCleaner(strip_accents="ascii")("É ж") == "e "


def test_the_cleaner_knows_case_and_lines_in_markup():
    clean = TextCleaner(numbers="#")
    assert clean("a<!-- b\nc -->d").split() == ["a", "d"]
    assert clean("a<STYLE>b\nc</style >d").split() == ["a", "d"]
    assert clean("<P>a</P>1,000.5 x").split() == ["a", "#", "x"]
    assert clean("HTTP://x.y WWW.z.w").split() == ["url", "url"]
    assert clean(r"1 \1") == r" #  \ # "  # the word is no pattern
    assert TextCleaner(urls=r"\1")("www.a.b") == " \\1 "
    assert TextCleaner(urls=None)("www.a.b") == "www.a.b"
    assert TextCleaner(html=False)("<p>&amp;") == "<p>&amp;"
    assert TextCleaner(lowercase=False)("A") == "A"


# Ids ---------------------------------------------------------------------------------


def test_a_text_is_cut_at_the_greatest_length():
    long = " ".join(["good"] * 257)
    rows = SequenceVectorizer().fit_transform([long])
    assert rows.shape == (1, 256)
    assert rows.nnz == 256
    assert rows.dtype == np.int32
    names = SequenceVectorizer(max_length=3).get_feature_names_out()
    assert names.tolist() == ["token0", "token1", "token2"]
    assert names.dtype == object


def test_ids_have_names_and_rows_their_tokens():
    vectorizer = SequenceVectorizer(max_length=5)
    with pytest.raises(AttributeError, match="tokens_ is available after fit"):
        vectorizer.tokens_  # noqa: B018
    rows = vectorizer.fit_transform(["b a", "", "c b a"])
    assert vectorizer.tokens_.tolist() == ["<padding>", "<unknown>", "a", "b", "c"]
    assert vectorizer.tokens_.dtype == object
    assert rows.toarray().tolist() == [
        [3, 2, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [4, 3, 2, 0, 0],
    ]
    tokens = vectorizer.inverse_transform(rows)
    assert [row.tolist() for row in tokens] == [["b", "a"], [], ["c", "b", "a"]]
    unknown = vectorizer.transform(["a new a"])
    assert unknown.data.tolist() == [2, 1, 2]
    assert unknown.indices.tolist() == [0, 1, 2]


def test_a_pattern_that_nothing_uses_gives_the_warning_of_scikit_learn():
    with pytest.warns(UserWarning, match="'token_pattern' will not be used"):
        SequenceVectorizer(analyzer=str.split, token_pattern=r"\w").fit(TEXTS)
    SequenceVectorizer(analyzer=str.split).fit(TEXTS)  # warnings are errors here


# Word vectors ------------------------------------------------------------------------


def test_weights_and_means_of_word_vectors():
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0], "c": [2.0, 2.0]}
    # Of the 8 words, a is 4, b is 2, c is 1, and one has no vector.
    texts = ["a a a b", "a b", "c new"]
    params = {"a": 0.5, "remove_common": False}
    vectorizer = WordVectorVectorizer(vectors, **params)
    rows = vectorizer.fit_transform(texts)
    a, b, c = 0.5 / (0.5 + 0.5), 0.5 / (0.5 + 0.25), 0.5 / (0.5 + 0.125)
    expected = [[3 * a / 4, b / 4], [a / 2, b / 2], [2 * c, 2 * c]]
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    assert rows.dtype == np.float32
    assert vectorizer.coverage_ == 7 / 8
    np.testing.assert_array_equal(vectorizer.transform(texts), rows)
    assert vectorizer.transform(["new"]).tolist() == [[0, 0]]
    assert vectorizer.common_ is None
    names = vectorizer.get_feature_names_out().tolist()
    assert names == ["wordvectorvectorizer0", "wordvectorvectorizer1"]

    fitted = WordVectorVectorizer(vectors, a=0.5).fit(texts)
    _, _, directions = np.linalg.svd(np.array(expected))
    common = directions[0]
    without = expected - np.outer(expected @ common, common)
    np.testing.assert_allclose(fitted.transform(texts), without, atol=1e-6)


def test_words_are_cut_as_asked():
    vectors = {"A": [1.0], "a": [3.0]}
    params = {"weighting": "mean", "remove_common": False}
    rows = WordVectorVectorizer(vectors, **params).fit_transform(["A", "a"])
    assert rows.tolist() == [[3], [3]]
    cased = WordVectorVectorizer(
        vectors, vectorizer_params={"lowercase": False}, **params
    )
    assert cased.fit_transform(["A", "a"]).tolist() == [[1], [3]]
    with pytest.raises(
        ValueError,
        match=r"None of the 6 words of X has a vector; the first are "
        r"\['b', 'c', 'd', 'e', 'f'\]\. Check that case",
    ):
        WordVectorVectorizer(vectors).fit(["b c d e f g"])


def test_word_vectors_say_what_they_hold():
    vectors = WordVectors(["b", "a", "b"], [[1, 2], [3, 4], [5, 6]])
    assert len(vectors) == 3
    assert repr(vectors) == "<WordVectors: 3 words, 2 dimensions>"
    matrix, known = vectors.of(["a", "x", "b"])
    assert matrix.tolist() == [[3, 4], [0, 0], [1, 2]]
    assert matrix.dtype == np.float32
    assert known.tolist() == [True, False, True]
    message = r"one row per word\. Got shape \(2, 1\) for 1 words"
    with pytest.raises(ValueError, match=message):
        WordVectors(["a"], [[1.0], [2.0]])
    with pytest.raises(ValueError, match=r"Got shape \(1,\) for 1 words"):
        WordVectors(["a"], [1.0])
    with pytest.raises(ValueError, match="The vector of 'b' holds NaN or infinity"):
        WordVectors(["a", "b"], [[1.0, 2.0], [np.inf, 1.0]])


@pytest.mark.parametrize(
    ("content", "params", "words", "message"),
    [
        ("a 1 2\nb 3 4\n", {}, ["a", "b"], None),
        ("a 1 2\nb 3 4\n", {"limit": 1}, ["a"], None),
        ("a 1 2\nb x 4\n", {"limit": 1}, ["a"], None),  # no further than asked
        ("a 1 2\nb 3 4\n", {"limit": 2}, ["a", "b"], None),
        ("2 2\na 1 2\nb 3 4\n", {}, ["a", "b"], None),
        ("2 2\na 1 2\nb 3 4\n", {"limit": 1}, ["a"], None),
        ("3 2\na 1 2\nb 3 4\n", {"limit": 2}, ["a", "b"], None),
        ("3 2\na 1 2\nb 3 4\n", {}, None, "ends after 2 of 3 word vectors.*limit=2"),
        ("3 2\na 1 2\n", {"limit": 2}, None, "ends after 1 of 3 word vectors"),
        ("1 2\n", {}, None, "holds no word vectors"),
        ("", {}, None, "holds no word vectors"),
        ("1 2\n1 2 3\n", {}, ["1"], None),
        (
            "a b 1 2\n",
            {},
            None,
            "line 1 should be .* 3 numbers, but is b'a b 1 2",
        ),
        ("a 1 2\nb c 3 4\n", {}, ["a", "b c"], None),
        ("a 1 2\n3 4\n", {}, None, "line 2 should be a word and 2 numbers"),
        ("a 1 2\nb 3\n", {}, None, "line 2 should be a word and 2 numbers"),
        ("a\n", {}, None, "line 1 should be a word and 0 numbers"),
        ("x 3\na 1 2\n", {}, ["x", "a 1"], None),
    ],
)
def test_files_of_text(content, params, words, message, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text(content)
    if message is None:
        assert WordVectors.from_file(path, **params).words == words
    else:
        with pytest.raises(ValueError, match=message):
            WordVectors.from_file(path, **params)


def binary(n_words, width, *pairs):
    parts = [f"{n_words} {width}\n".encode()]
    for word, values in pairs:
        parts += [word.encode(), b" ", np.array(values, "<f4").tobytes(), b"\n"]
    return b"".join(parts)


@pytest.mark.parametrize(
    ("content", "params", "words", "message"),
    [
        (binary(2, 2, ("a", [1, 2]), ("é", [3, 4])), {}, ["a", "é"], None),
        (binary(2, 2, ("a", [1, 2]), ("b", [3, 4])), {"limit": 1}, ["a"], None),
        (binary(1, 2, ("a", [1, 2])), {"limit": 5}, ["a"], None),
        (binary(2, 2, ("a", [1, 2])), {}, None, "ends after 1 of 2 .*limit=1"),
        (binary(2, 2, ("a", [1])), {}, None, r"ends after 0 of 2 word vectors\. Get"),
        (b"a 2\n", {}, None, r"first line should be two sizes, but is b'a 2'"),
        (b"1 2 3\n", {}, None, r"first line should be two sizes, but is b'1 2 3'"),
    ],
)
def test_binary_files(content, params, words, message, tmp_path):
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    if message is None:
        found = WordVectors.from_file(path, **params)
        assert found.words == words
        assert found.vectors[0].tolist() == [1, 2]
    else:
        with pytest.raises(ValueError, match=message):
            WordVectors.from_file(path, **params)
