"""Texts to sequences of ids of parts of words, learnt or by a given tokenizer."""

import pickle
import socket
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils import get_tags
from test_text_checks import CHECKS
from tokenizers import Tokenizer, models, pre_tokenizers

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import (
    UNKNOWN,
    SequenceVectorizer,
    SubwordVectorizer,
)
from sklearn_mtl.trunks import ConvTrunk
from sklearn_mtl.utils._compat import InvalidParameterError

TEXTS = ["low low lower lowest", "", "new newer, newest; slow", "我喜欢这本书。我喜欢"]
texts = st.lists(st.text("ab c▁.éÉ<我", max_size=20), min_size=1, max_size=8)


def pieces_of(vectorizer, texts):
    found = vectorizer.inverse_transform(vectorizer.transform(texts))
    return [pieces.tolist() for pieces in found]


def given_tokenizer():
    """A tokenizer of whole words and of the letters of others, with all in its way."""
    vocabulary = ["[UNK]", "[PAD]", "[CLS]", "film", "good", "##s", "a"]
    model = models.WordPiece(
        {piece: place for place, piece in enumerate(vocabulary)}, unk_token="[UNK]"
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_padding(length=9, pad_token="[PAD]", pad_id=1)
    tokenizer.enable_truncation(2)
    return tokenizer


def test_frequent_words_are_one_piece_and_rare_ones_several():
    vectorizer = SubwordVectorizer(max_features=100).fit(TEXTS)
    assert pieces_of(vectorizer, ["Low slower"]) == [["▁low", "▁", "s", "low", "er"]]


@given(texts=texts, max_features=st.integers(1, 30), lowercase=st.booleans())
@settings(max_examples=50, deadline=None)
def test_pieces_join_to_the_words(texts, max_features, lowercase):
    vectorizer = SubwordVectorizer(max_features=max_features, lowercase=lowercase)
    analyze = SequenceVectorizer(lowercase=lowercase).build_analyzer()
    if not any(map(analyze, texts)):
        with pytest.raises(ValueError, match="empty vocabulary"):
            vectorizer.fit(texts)
        return
    X = vectorizer.fit_transform(texts)
    assert X.dtype == np.int32
    assert X.shape == (len(texts), 256)
    assert len(vectorizer.vocabulary_) <= max_features
    pieces = vectorizer.build_analyzer()
    for text in texts:
        assert "".join(pieces(text)) == "".join("▁" + word for word in analyze(text))
    if max_features == 30:  # enough for all characters, so nothing is cut away
        assert not (X.data == UNKNOWN).any()


def test_the_same_texts_give_the_same_pieces():
    rng = np.random.default_rng(0)
    # Many pairs come equally often, so ties must be broken in the same way.
    words = ["".join(rng.choice(list("abcdefgh我喜欢"), 5)) for _ in range(200)]
    first, second = (SubwordVectorizer(max_features=90).fit(words) for _ in range(2))
    assert first.tokens_.tolist() == second.tokens_.tolist()
    assert first.tokenizer_.to_str() == second.tokenizer_.to_str()
    assert pieces_of(first, words) == pieces_of(second, words)


def test_a_script_without_blanks():
    vectorizer = SubwordVectorizer().fit(TEXTS)
    assert pieces_of(vectorizer, ["我喜欢"]) == [["▁我喜欢"]]
    # No text of fit was cut into a piece that is 我 alone.
    assert pieces_of(vectorizer, ["书我"]) == [["▁", "书", "<unknown>"]]


def test_unseen_characters_are_unknown_and_empty_texts_empty():
    vectorizer = SubwordVectorizer().fit(["ab ab c"])
    X = vectorizer.transform(["ab é", "", "☃"])
    assert np.diff(X.indptr).tolist() == [3, 0, 0]
    assert pieces_of(vectorizer, ["ab é"]) == [["▁ab", "▁", "<unknown>"]]
    assert vectorizer.tokens_[:2].tolist() == ["<padding>", "<unknown>"]


def test_frequency_and_length_are_limited():
    texts = ["ab ab ab cd cd"]
    assert "▁cd" in SubwordVectorizer().fit(texts).vocabulary_
    rare = SubwordVectorizer(min_frequency=3, max_length=2).fit(texts)
    assert "▁ab" in rare.vocabulary_
    assert "▁cd" not in rare.vocabulary_
    assert rare.transform(texts).shape == (1, 2)
    assert rare.get_feature_names_out().tolist() == ["token0", "token1"]


def test_texts_are_cleaned_as_for_words():
    vectorizer = SubwordVectorizer(
        strip_accents="unicode", token_pattern=r"\w+|!", preprocessor=None
    )
    assert pieces_of(vectorizer.fit(["É! É! é!"]), [b"e!"]) == [["▁e", "▁!"]]
    shout = SubwordVectorizer(preprocessor=str.upper).fit(["ab"] * 2)
    assert list(shout.vocabulary_) == ["▁AB"]


@pytest.mark.parametrize("kind", ["object", "path", "str", "inside"])
def test_a_given_tokenizer(kind, tmp_path):
    tokenizer = given_tokenizer()
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))

    class Outer:  # as the tokenizers of transformers
        backend_tokenizer = tokenizer

    sources = {"object": tokenizer, "path": path, "str": str(path), "inside": Outer()}
    vectorizer = SubwordVectorizer(pretrained=sources[kind])
    X = vectorizer.fit_transform(["good films good Ω", "films", ""])
    assert vectorizer.tokens_.tolist() == [
        "<padding>",
        "<unknown>",
        "##s",
        "film",
        "good",
    ]
    assert X.toarray()[:, :5].tolist() == [[4, 3, 2, 4, 1], [3, 2, 0, 0, 0], [0] * 5]
    # A piece that fit did not see is unknown, though the tokenizer has it.
    assert pieces_of(vectorizer, ["a film"]) == [["<unknown>", "film"]]
    assert tokenizer.padding is not None  # the user's own is left as it was


def test_what_was_learnt_can_be_saved_and_given(tmp_path):
    learnt = SubwordVectorizer().fit(TEXTS)
    learnt.tokenizer_.save(str(tmp_path / "tokenizer.json"))
    again = SubwordVectorizer(pretrained=tmp_path / "tokenizer.json").fit(["low slow"])
    assert pieces_of(again, ["low"]) == [["▁low"]]


def test_a_given_tokenizer_reads_the_preprocessors_text():
    vectorizer = SubwordVectorizer(pretrained=given_tokenizer(), preprocessor=str.lower)
    assert pieces_of(vectorizer.fit(["GOOD"]), ["Good"]) == [["good"]]


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (None, FileNotFoundError, "no file .*names of models are not looked up"),
        ("{}", ValueError, r"is not a tokenizer\.json"),
    ],
)
def test_files_that_are_none(content, error, match, tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)  # nothing asks the network
    path = tmp_path / "bert-base-uncased"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=match):
        SubwordVectorizer(pretrained=path).fit(TEXTS)


def test_parameters_are_checked():
    with pytest.raises(InvalidParameterError, match="'max_features' parameter"):
        SubwordVectorizer(max_features=0).fit(TEXTS)
    with pytest.raises(TypeError, match=r"must be a Tokenizer .* Got int"):
        SubwordVectorizer(pretrained=3).fit(TEXTS)


@pytest.mark.parametrize("method", ["fit_transform", "transform"])
def test_a_bare_string_is_refused(method):
    with pytest.raises(ValueError, match="raw text documents expected"):
        getattr(SubwordVectorizer().fit(TEXTS), method)("a text")


@pytest.mark.parametrize("pretrained", [None, given_tokenizer()], ids=["own", "given"])
def test_clone_and_pickle(pretrained):
    vectorizer = clone(SubwordVectorizer(max_features=50, pretrained=pretrained))
    X = vectorizer.fit_transform(text for text in ["good films", "a good film"])
    again = pickle.loads(pickle.dumps(vectorizer))
    assert (again.transform(["good films", "a good film"]) != X).nnz == 0
    assert clone(again).get_params()["max_features"] == 50


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_scikit_learn_checks_that_touch_no_x(check):
    check("SubwordVectorizer", SubwordVectorizer())


def test_it_reads_texts_as_its_kin_does():
    assert get_tags(SubwordVectorizer()) == get_tags(SequenceVectorizer())


@pytest.mark.parametrize("pretrained", [None, given_tokenizer()], ids=["own", "given"])
def test_a_trunk_reads_the_pieces(pretrained):
    X = ["good film", "a film", "good films", "a films"] * 5
    y = {"tone": ["good", "bad"] * 10, "many": [False, False, True, True] * 5}
    clf = MultiTaskTextClassifier(
        SubwordVectorizer(pretrained=pretrained), trunk=ConvTrunk(), random_state=0
    )
    assert clf.fit(X, y).score(X, y) == 1.0
    assert clf.predict(["", "☃"]).shape == (2, 2)


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    vectorizers = SubwordVectorizer(), SubwordVectorizer(pretrained="tokenizer.json")
    for vectorizer in vectorizers:
        with pytest.raises(
            ImportError, match=r'needs tokenizers.*"sklearn-mtl\[subwords\]"'
        ):
            vectorizer.fit(TEXTS)


def test_ids_close_the_gap_of_the_unknown_piece():
    # It stands in the midst of the sorted pieces, those behind it move up.
    vectorizer = SubwordVectorizer(pretrained=given_tokenizer())
    X = vectorizer.fit_transform(["a film good xyz a"])
    names = vectorizer.tokens_[2:].tolist()
    assert "[UNK]" not in names
    assert sorted(vectorizer.vocabulary_.values()) == list(range(len(names)))
    assert pieces_of(vectorizer, ["film a xyz good"]) == [
        ["film", "a", "<unknown>", "good"]
    ]
    assert X.data.max() == len(names) + 1
