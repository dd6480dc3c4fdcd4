"""Where the terms of a vectorizer are in a text."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_mtl.explanation._places import WORD, places_of_terms
from sklearn_mtl.feature_extraction import (
    FastTfidfVectorizer,
    SequenceVectorizer,
    SubwordVectorizer,
)

TEXT = "A great  phone, café İn ﬁne\tstate! Not good; it's 我喜欢 x2 a"

VECTORIZERS = {
    "words": CountVectorizer(),
    "pairs": FastTfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b"),
    "as written": CountVectorizer(lowercase=False, ngram_range=(2, 3)),
    "accents": CountVectorizer(strip_accents="unicode"),
    "stop words": CountVectorizer(stop_words=["great"], ngram_range=(1, 2)),
    "group": CountVectorizer(token_pattern=r"\b(\w)\w+\b"),
    "parts": FastTfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4)),
    "short parts": CountVectorizer(analyzer="char_wb", ngram_range=(1, 3)),
    "characters": CountVectorizer(analyzer="char", ngram_range=(1, 3)),
    "tokenizer": CountVectorizer(tokenizer=str.split, token_pattern=None),
    "callable": CountVectorizer(analyzer=str.split),
}


def terms_and_places(vectorizer, text):
    (found,) = places_of_terms(vectorizer, [text])
    names = vectorizer.get_feature_names_out()
    return [(names[number], start, end) for number, start, end in found]


def is_subsequence(part, whole):
    remaining = iter(whole)
    return all(sign in remaining for sign in part)


@pytest.mark.parametrize("name", VECTORIZERS)
@settings(max_examples=10, deadline=None)
@given(text=st.text(alphabet="aB é\tﬁ,.-我1 ", max_size=30))
def test_all_terms_are_found_where_they_are(name, text):
    vectorizer = VECTORIZERS[name]
    try:
        vectorizer.fit([text, TEXT])
    except ValueError:
        return
    clean = vectorizer.build_preprocessor()
    found = terms_and_places(vectorizer, text)
    assert Counter(term for term, _, _ in found) == Counter(
        term for term in vectorizer.build_analyzer()(text)
    )
    for term, start, end in found:
        if start < 0:
            continue
        piece = text[start:end] if name == "callable" else clean(text[start:end])
        # Between the tokens of a pair there may be signs that are no tokens.
        letters = [sign for sign in term if sign.isalnum()]
        assert letters[:1] == [sign for sign in piece if sign.isalnum()][:1]
        assert is_subsequence(letters, piece)


@pytest.mark.parametrize("name", sorted(set(VECTORIZERS) - {"short parts", "callable"}))
def test_every_term_has_a_place(name):
    vectorizer = VECTORIZERS[name].fit([TEXT])
    found = terms_and_places(vectorizer, TEXT)
    assert found
    assert all(0 <= start < end <= len(TEXT) for _, start, end in found)


def test_places_refer_to_the_text_as_written():
    vectorizer = CountVectorizer(ngram_range=(1, 2)).fit(["great phone"])
    text = "İİ GREAT  Phone"  # lower case makes it longer
    assert terms_and_places(vectorizer, text) == [
        ("great", 3, 8),
        ("phone", 10, 15),
        ("great phone", 3, 15),
    ]


def test_parts_lie_within_their_word():
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(4, 4)).fit(["ship"])
    assert terms_and_places(vectorizer, "a ship") == [
        (" shi", 2, 5),
        ("ship", 2, 6),
        ("hip ", 3, 6),
    ]


def test_spaces_around_a_word_have_no_place():
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(1, 1)).fit(["ab"])
    assert terms_and_places(vectorizer, "İ ab") == [
        (" ", -1, -1),
        (" ", -1, -1),
        (" ", -1, -1),
        ("a", 2, 3),
        ("b", 3, 4),
        (" ", -1, -1),
    ]


def test_a_word_that_occurs_twice_has_two_places():
    vectorizer = CountVectorizer(analyzer=str.split).fit(["b a b"])
    assert terms_and_places(vectorizer, "b a b") == [
        ("b", 0, 1),
        ("a", 2, 3),
        ("b", 4, 5),
    ]


def test_terms_that_are_not_in_the_text_have_no_place():
    vectorizer = CountVectorizer(analyzer=lambda text: ["long"] * len(text)).fit(["ab"])
    assert terms_and_places(vectorizer, "ab") == [("long", -1, -1)] * 2


def test_tokens_of_a_sequence_are_numbered_and_cut_off():
    vectorizer = SequenceVectorizer(max_length=2).fit(["a good film"])
    (found,) = places_of_terms(vectorizer, ["so good a film"])
    assert found == [(0, 0, 2), (1, 3, 7)]


def test_subwords_have_places_without_their_marks():
    pytest.importorskip("tokenizers")
    vectorizer = SubwordVectorizer(max_features=24).fit(["low lower lowest slow"])
    text = "Lower slow"
    (found,) = places_of_terms(vectorizer, [text])
    placed = [text[start:end].lower() for _, start, end in found if start >= 0]
    assert "".join(placed) == "lowerslow"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't, it\u2019s fine!", ["Don't", ",", "it\u2019s", "fine", "!"]),
        ("我喜欢 film", ["我", "喜", "欢", "film"]),
        (":-) 10.5€", [":-)", "10", ".", "5", "€"]),
        ("", []),
    ],
)
def test_words_as_readers_see_them(text, words):
    assert WORD.findall(text) == words
