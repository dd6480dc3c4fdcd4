"""Word vectors: files of all kinds, bags of them, embeddings that start from them."""

import copy
import gzip
import struct

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import WordVectors, WordVectorVectorizer
from sklearn_mtl.trunks import AttentionTrunk, ConvTrunk, RecurrentTrunk

WORDS = ["good", "bad", "film"]
MATRIX = np.array([[1, 0, 0.5], [-1, 0, 0.25], [0, 1, 0]], dtype=np.float32)
LINES = [f"{word} {a} {b} {c}" for word, (a, b, c) in zip(WORDS, MATRIX, strict=True)]


def write_text(path, header=True):
    lines = [f"{len(WORDS)} 3", *LINES] if header else LINES
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_binary(path, newlines=True):
    parts = [f"{len(WORDS)} 3\n".encode()]
    for word, vector in zip(WORDS, MATRIX, strict=True):
        parts.append(f"{word} ".encode() + struct.pack("<3f", *vector))
        parts.append(b"\n" if newlines else b"")
    content = b"".join(parts)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


FILES = {
    "word2vec text": lambda d: write_text(d / "vectors.txt"),
    "fastText": lambda d: write_text(d / "wiki.vec"),
    "GloVe": lambda d: write_text(d / "glove.txt", header=False),
    "packed": lambda d: write_text(d / "vectors.vec.gz"),
    "binary": lambda d: write_binary(d / "vectors.bin"),
    "binary without line ends": lambda d: write_binary(d / "v.bin", newlines=False),
    "packed binary": lambda d: write_binary(d / "vectors.bin.gz"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files(kind, tmp_path):
    vectors = WordVectors.from_file(FILES[kind](tmp_path))
    assert vectors.words == WORDS
    np.testing.assert_array_equal(vectors.vectors, MATRIX)
    assert WordVectors.from_file(FILES[kind](tmp_path), limit=2).words == WORDS[:2]


def test_a_word_may_hold_blanks(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("a 1 2\n. . 3 4\n", encoding="utf-8")
    assert WordVectors.from_file(path).words == ["a", ". ."]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.txt", "a 1 2\nb 1 x\n", "line 2 should be a word and 2 numbers"),
        ("a.txt", "a 1 2\nb 1\n", "line 2 should be a word and 2 numbers"),
        ("a.txt", "", "holds no word vectors"),
        ("a.bin", "a 1 2\n", "is not a binary word2vec file"),
        ("a.bin", "2 3\nab", "ends after 0 of 2 word vectors"),
        ("a.txt", "3 1\na 1\nb 2\n", "after 2 of 3 word vectors.*with limit=2"),
    ],
)
def test_files_that_are_none(name, content, match, tmp_path):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=match):
        WordVectors.from_file(path)


class KeyedVectors:
    """What gensim's class of this name has."""

    index_to_key, vectors = WORDS, MATRIX


class Model:
    wv = KeyedVectors()


class StaticModel:
    """What model2vec's class of this name has."""

    tokens, embedding = WORDS, MATRIX


@pytest.mark.parametrize(
    "source",
    [
        KeyedVectors(),
        Model(),
        StaticModel(),
        dict(zip(WORDS, MATRIX, strict=True)),
        WordVectors(WORDS, MATRIX),
    ],
    ids=lambda s: type(s).__name__,
)
def test_whatever_holds_vectors(source):
    vectors = WordVectors.of_any(source)
    assert vectors.words == WORDS
    np.testing.assert_array_equal(vectors.vectors, MATRIX)


def test_anything_else_is_refused():
    with pytest.raises(TypeError, match="Got int"):
        WordVectors.of_any(3)


def test_vectors_are_checked():
    with pytest.raises(ValueError, match="one row per word"):
        WordVectors(["a"], [[1.0], [2.0]])
    with pytest.raises(ValueError, match="vector of 'b' holds NaN"):
        WordVectors(["a", "b"], [[1.0], [np.nan]])


def test_of_a_word_that_comes_twice_the_first_counts():
    matrix, known = WordVectors(["a", "a"], [[1.0], [2.0]]).of(["a", "b"])
    assert matrix.tolist() == [[1.0], [0.0]]
    assert known.tolist() == [True, False]


def test_copies_are_the_object_itself():
    vectors = WordVectors(WORDS, MATRIX)
    assert copy.deepcopy(vectors) is vectors
    assert clone(ConvTrunk(vectors=vectors)).vectors is vectors


TEXTS = ["a good film", "bad bad film", "unheard of"]


def test_mean():
    vectorizer = WordVectorVectorizer(
        WordVectors(WORDS, MATRIX), weighting="mean", remove_common=False
    )
    rows = vectorizer.fit_transform(TEXTS)
    expected = [MATRIX[[0, 2]].mean(0), MATRIX[[1, 1, 2]].mean(0), [0, 0, 0]]
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    assert vectorizer.coverage_ == 5 / 8
    np.testing.assert_array_equal(vectorizer.transform(TEXTS), rows)
    assert len(vectorizer.get_feature_names_out()) == 3


def test_frequent_words_count_less():
    vectorizer = WordVectorVectorizer(
        WordVectors(WORDS, MATRIX), a=0.1, remove_common=False
    )
    row = vectorizer.fit(TEXTS).transform(["good film"])[0]
    good, film = 0.1 / (0.1 + 1 / 8), 0.1 / (0.1 + 2 / 8)
    expected = (good * MATRIX[0] + film * MATRIX[2]) / 2
    np.testing.assert_allclose(row, expected, rtol=1e-6)


def test_what_all_have_in_common_is_taken_away():
    vectorizer = WordVectorVectorizer(WordVectors(WORDS, MATRIX))
    rows = vectorizer.fit_transform(TEXTS)
    whole = clone(vectorizer).set_params(remove_common=False).fit_transform(TEXTS)
    _, _, directions = np.linalg.svd(whole, full_matrices=False)
    np.testing.assert_allclose(rows @ directions[0], 0, atol=1e-6)
    np.testing.assert_allclose(
        rows, whole - np.outer(whole @ directions[0], directions[0]), atol=1e-6
    )
    np.testing.assert_allclose(vectorizer.transform(TEXTS), rows, atol=1e-6)


def test_texts_without_any_word_that_has_a_vector():
    with pytest.raises(ValueError, match="None of the 2 words of X has a vector"):
        WordVectorVectorizer({"x": [1.0]}).fit(["not there"])


X = ["good phone", "bad phone", "good film", "bad film"] * 5
Y = {"tone": ["good", "bad"] * 10, "topic": ["tech", "tech", "arts", "arts"] * 5}


def test_bags_of_vectors_in_a_pipeline():
    vectors = {**dict(zip(WORDS, MATRIX, strict=True)), "phone": [0.0, 0.0, 1.0]}
    steps = make_pipeline(
        WordVectorVectorizer(vectors), MultiTaskTextClassifier(random_state=0)
    )
    assert steps.fit(X, Y).score(X, Y) == 1.0


@pytest.mark.parametrize(
    "trunk", [ConvTrunk(), RecurrentTrunk(), AttentionTrunk()], ids=str
)
@pytest.mark.parametrize("freeze", [True, False])
def test_embeddings_start_from_vectors(trunk, freeze):
    trunk = clone(trunk).set_params(vectors=WordVectors(WORDS, MATRIX), freeze=freeze)
    clf = MultiTaskTextClassifier(trunk=trunk, random_state=0).fit(X, Y)
    assert clf.trunk_.coverage_ == 3 / 4  # of good, bad, film and phone
    embedding = clf.net_.module_.trunk.embedding.weight.detach().numpy()
    ids = [clf.vectorizer_.tokens_.tolist().index(word) for word in WORDS]
    assert embedding.shape[1] == 3
    assert np.array_equal(embedding[ids], MATRIX) == freeze
    assert not embedding[0].any()
    assert clf.score(X, Y) == 1.0


def test_ids_without_their_words_have_no_vectors():
    from sklearn_mtl.feature_extraction import SequenceVectorizer

    rows = SequenceVectorizer().fit_transform(X)
    clf = MultiTaskTextClassifier(trunk=ConvTrunk(vectors={"good": [1.0]}))
    with pytest.raises(ValueError, match="token ids without their words"):
        clf.fit(rows, Y)


def test_dimensions_must_agree():
    trunk = ConvTrunk(embedding_dim=5, vectors={"good": [1.0]})
    with pytest.raises(ValueError, match="embedding_dim=5, but the vectors have 1"):
        MultiTaskTextClassifier(trunk=trunk).fit(X, Y)


def test_vectors_of_other_words():
    trunk = ConvTrunk(vectors={"Good": [1.0]})
    with pytest.raises(ValueError, match="None of the 4 tokens has a vector"):
        MultiTaskTextClassifier(trunk=trunk).fit(X, Y)


def test_what_is_there_of_a_truncated_file_can_be_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("3 1\na 1\nb 2\n", encoding="utf-8")
    assert WordVectors.from_file(path, limit=2).words == ["a", "b"]


def test_vectors_are_not_the_array_of_the_caller():
    array = np.ones((2, 3), dtype=np.float32)
    vectors = WordVectors(["a", "b"], array)
    array[:] = 7
    assert vectors.vectors.tolist() == [[1, 1, 1]] * 2
