"""The fast vectorizers: to the last bit what scikit-learn's own give."""

import copy
import pickle
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.preprocessing import normalize
from sklearn.utils import estimator_checks, murmurhash3_32
from versions import needs_scikit_learn

from sklearn_mtl.feature_extraction import (
    FastCountVectorizer,
    FastHashingVectorizer,
    FastTfidfVectorizer,
    _hashing,
    _ngrams,
    _settings,
    _terms,
    _tokens,
)
from sklearn_mtl.feature_extraction._hashing import sublinear_counts
from sklearn_mtl.feature_extraction._packed import HashTable

OURS = {
    CountVectorizer: FastCountVectorizer,
    TfidfVectorizer: FastTfidfVectorizer,
    HashingVectorizer: FastHashingVectorizer,
}


def without_addresses(parameters):
    """Name a case alike in every process, functions among its parameters included."""
    return re.sub(" at 0x[0-9a-f]+", "", str(parameters))


@pytest.fixture(autouse=True, scope="module")
def _fast_for_few_texts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_terms, "SMALL", 0)
        yield


@pytest.fixture
def n_slow(monkeypatch):
    """Count the calls of scikit-learn's own code."""
    calls = []

    def count_calls(owner, name):
        original = getattr(owner, name)

        def counted(self, *arguments, **keywords):
            if isinstance(self, tuple(OURS.values())):
                calls.append(self)
            return original(self, *arguments, **keywords)

        monkeypatch.setattr(owner, name, counted)

    count_calls(CountVectorizer, "_count_vocab")
    count_calls(HashingVectorizer, "transform")
    return lambda: len(calls)


def assert_same(ours, theirs):
    """Compare two matrices in canonical form, bit by bit."""
    assert type(ours) is type(theirs)
    assert ours.shape == theirs.shape
    for matrix in (ours, theirs):
        matrix.sum_duplicates()
    for part in ("data", "indices", "indptr"):
        found, expected = getattr(ours, part), getattr(theirs, part)
        assert found.dtype == expected.dtype
        assert_array_equal(found, expected)


def outcome(vectorizer, texts, others):
    """Return what a vectorizer makes of texts: matrices, warnings, or an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            matrices = [vectorizer.fit_transform(texts), vectorizer.transform(others)]
            matrices.append(clone(vectorizer).fit(texts).transform(texts))
        except (ValueError, UnicodeError) as error:
            return [], type(error), str(error)
    return matrices, sorted({str(warning.message) for warning in caught}), None


def check(theirs, texts, others, **parameters):
    """Compare our class with scikit-learn's; return ours, fitted."""
    ours, theirs = OURS[theirs](**parameters), theirs(**parameters)
    found, expected = outcome(ours, texts, others), outcome(theirs, texts, others)
    assert found[1:] == expected[1:]
    for matrix, expected_matrix in zip(found[0], expected[0], strict=True):
        assert_same(matrix, expected_matrix)
    if expected[0] and not isinstance(theirs, HashingVectorizer):
        assert ours.vocabulary_ == theirs.vocabulary_
        assert type(ours.vocabulary_) is dict
        names = theirs.get_feature_names_out()
        assert_array_equal(ours.get_feature_names_out(), names, strict=True)
        if getattr(theirs, "use_idf", False):
            assert_array_equal(ours.idf_, theirs.idf_, strict=True)
    return ours


# Any texts, any settings -------------------------------------------------------------

# Blanks of all kinds, combining marks, letters whose lower case depends on what is
# beside them or has two characters, digits that are no decimals, a lone surrogate.
CHARACTERS = "aaabbcAB Z_9 .,-\t\n\0\x1f\u2028\u00a0é\u0301İΣςßǅ½²😀\u212c\u212a"
texts_of = st.lists(
    st.text(CHARACTERS, max_size=40) | st.text(max_size=8), min_size=1, max_size=8
)
counting = st.fixed_dictionaries(
    {
        "min_df": st.sampled_from([1, 1, 2, 0.3]),
        "max_df": st.sampled_from([1.0, 1.0, 0.5, 3]),
        "max_features": st.sampled_from([None, None, 4]),
    }
)
weighting = st.fixed_dictionaries(
    {
        "norm": st.sampled_from(["l1", "l2", None]),
        "sublinear_tf": st.booleans(),
        "use_idf": st.booleans(),
        "smooth_idf": st.just(True),
    }
)
hashing = st.fixed_dictionaries(
    {
        "n_features": st.sampled_from([1, 4, 64]),
        "norm": st.sampled_from(["l1", "l2", None]),
        "alternate_sign": st.booleans(),
    }
)


@st.composite
def reading(draw):
    shortest = draw(st.integers(1, 4))
    parameters = {
        "ngram_range": (shortest, shortest + draw(st.integers(0, 3))),
        "lowercase": draw(st.booleans()),
        "strip_accents": draw(st.sampled_from([None, "ascii", "unicode"])),
        "analyzer": draw(st.sampled_from(["word", "word", "char_wb", "char"])),
        "binary": draw(st.booleans()),
        "dtype": draw(st.sampled_from([np.float32, np.float64])),
    }
    if parameters["analyzer"] == "word":
        patterns = [r"(?u)\b\w\w+\b"] * 3 + [r"\w+", r"\S+", "[ab]*", "[^b]+", "(a)b?"]
        parameters["token_pattern"] = draw(st.sampled_from(patterns))
        words = st.sampled_from([None, ["aa", "ab", "bb", "a"], "english"])
        parameters["stop_words"] = draw(words)
    return parameters


any_texts = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@any_texts
@given(texts_of, texts_of, reading(), counting, weighting)
def test_tfidf_is_that_of_scikit_learn(texts, others, read, count, weigh):
    texts += texts[:2]
    check(TfidfVectorizer, texts, [*texts, *others], **read, **count, **weigh)


@any_texts
@given(texts_of, texts_of, reading(), counting, st.sampled_from([np.int64, np.int8]))
def test_counts_are_those_of_scikit_learn(texts, others, read, count, dtype):
    check(CountVectorizer, texts, others, **{**read, "dtype": dtype}, **count)


@any_texts
@given(texts_of, texts_of, reading(), hashing)
def test_hashed_counts_are_those_of_scikit_learn(texts, others, read, hash_):
    check(HashingVectorizer, texts, others, **read, **hash_)


@any_texts
@given(texts_of, reading(), st.data())
def test_a_vocabulary_may_be_given(texts, read, data):
    learned = CountVectorizer(**read)
    if not outcome(learned, texts, texts)[0]:
        return
    names = data.draw(st.permutations(sorted(learned.vocabulary_)[:40]))
    extra = data.draw(st.lists(st.text(CHARACTERS, max_size=9), max_size=4))
    vocabulary = list(dict.fromkeys([*names, *extra, "a b c d e f g h", "", " "]))
    check(CountVectorizer, texts, texts, vocabulary=vocabulary, **read)
    check(TfidfVectorizer, texts, texts, vocabulary=vocabulary, **read)


# Settings one by one -----------------------------------------------------------------

TEXTS = [
    "One good film, and one more: a GOOD one.",
    "",
    "Ça ne va pas; un film déjà vu, un bon film!",
    "film " * 30 + "antidisestablishmentarianism " * 2,
    "x",
    "One good film, and one more: a GOOD one.",
    "ΣΑΣ Σ 😀 na\u0308ive naïve İstanbul ½ x² \ud800 don't 12.5%",
]
COVERED = [
    {},
    {"ngram_range": (1, 2)},
    {"ngram_range": (2, 4)},
    {"ngram_range": (1, 9)},
    {"lowercase": False},
    {"strip_accents": "ascii"},
    {"strip_accents": "unicode", "ngram_range": (1, 2)},
    {"stop_words": "english", "ngram_range": (1, 2)},
    {"stop_words": ["film", "one"], "ngram_range": (1, 2)},
    {"binary": True},
    {"dtype": np.float32},
    {"token_pattern": r"(?u)\b\w+\b"},
    {"token_pattern": r"[a-z]+", "ngram_range": (1, 2)},
    {"token_pattern": r"[^,]+"},
    {"analyzer": "char_wb"},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
    {"analyzer": "char_wb", "ngram_range": (6, 7), "lowercase": False},
    {"analyzer": "char", "ngram_range": (1, 3)},
]


@pytest.mark.parametrize("parameters", COVERED, ids=without_addresses)
@pytest.mark.parametrize("theirs", OURS)
def test_covered_settings_take_the_fast_path(theirs, parameters, n_slow):
    texts = TEXTS[:-1] if theirs is HashingVectorizer else TEXTS
    ours = OURS[theirs](**parameters)
    found = ours.fit_transform(texts), ours.transform(texts[::-1])
    assert n_slow() == 0
    vectorizer = theirs(**parameters)
    assert_same(found[0], vectorizer.fit_transform(texts))
    assert_same(found[1], vectorizer.transform(texts[::-1]))


@pytest.mark.parametrize(
    "parameters",
    [
        {"min_df": 2},
        {"max_df": 0.3},
        {"max_features": 3},
        {"min_df": 2, "max_features": 2, "binary": True},
        {"vocabulary": {"film": 1, "good film": 0, "un bon film": 2}},
        {"vocabulary": ["un film", "film", "one", "FILM"], "lowercase": False},
        pytest.param({"vocabulary": {"good", "film"}}, id="set"),
    ],
    ids=without_addresses,
)
@pytest.mark.parametrize("analyzer", ["word", "char_wb"])
@pytest.mark.parametrize("theirs", [CountVectorizer, TfidfVectorizer])
def test_limits_and_vocabularies_take_the_fast_path(
    theirs, analyzer, parameters, n_slow
):
    parameters = {"analyzer": analyzer, "ngram_range": (1, 2), **parameters}
    found = OURS[theirs](**parameters).fit_transform(TEXTS)
    assert n_slow() == 0
    assert_same(found, theirs(**parameters).fit_transform(TEXTS))
    check(theirs, TEXTS, TEXTS[::-1], **parameters)


def shout(text):
    return text.upper()


@pytest.mark.parametrize(
    "parameters",
    [
        {"analyzer": str.split},
        {"tokenizer": str.split, "token_pattern": None},
        {"preprocessor": shout},
        {"strip_accents": shout},
        {"token_pattern": r"(\w)\w*"},
        {"ngram_range": (0, 2)},
        {"token_pattern": r"[^,]+", "ngram_range": (1, 2)},
    ],
    ids=without_addresses,
)
@pytest.mark.parametrize("theirs", OURS)
def test_other_settings_are_left_to_scikit_learn(theirs, parameters, n_slow):
    check(theirs, TEXTS[:-1], TEXTS[1:-1], **parameters)
    ours = OURS[theirs](**parameters)
    before = n_slow()
    ours.fit_transform(TEXTS[:-1])
    # Without a vocabulary our own loop counts what cannot be joined.
    is_ours = theirs is HashingVectorizer and parameters.get("ngram_range") == (1, 2)
    assert n_slow() == before + (not is_ours)


@pytest.mark.parametrize("name", ["build_analyzer", "build_tokenizer", "decode"])
def test_subclasses_may_read_texts_in_their_own_way(name, n_slow):
    def override(self, *arguments):
        return getattr(FastCountVectorizer, name)(self, *arguments)

    own = type("Own", (FastCountVectorizer,), {name: override})
    found = own().fit_transform(TEXTS)
    assert n_slow() == 1
    assert_same(found, CountVectorizer().fit_transform(TEXTS))


def test_files_are_read(tmp_path, n_slow):
    path = tmp_path / "text"
    path.write_text("a good film", encoding="utf-8")
    vectorizer = FastCountVectorizer(input="filename")
    assert vectorizer.fit_transform([path]).toarray().tolist() == [[1, 1]]
    vectorizer = FastCountVectorizer(input="file")
    assert vectorizer.fit_transform([BytesIO(b"a film")]).toarray().tolist() == [[1]]
    assert n_slow() == 2


@pytest.mark.parametrize(
    "container",
    [list, tuple, iter, np.array, lambda texts: np.array(texts, dtype=object)],
)
def test_texts_come_in_any_container(container, n_slow):
    texts = TEXTS[:-1]
    found = FastTfidfVectorizer().fit_transform(container(texts))
    assert n_slow() == 0
    assert_same(found, TfidfVectorizer().fit_transform(texts))


def test_bytes_are_decoded(n_slow):
    texts = [text.encode("latin-1") for text in TEXTS[:-1]]
    found = FastCountVectorizer(encoding="latin-1").fit_transform([*texts, "film"])
    assert n_slow() == 0
    expected = CountVectorizer().fit_transform([*TEXTS[:-1], "film"])
    assert_same(found, expected)


@needs_scikit_learn(1, 9, why="there is no setting sparse_interface")
@pytest.mark.parametrize("interface", ["sparray", "spmatrix"])
def test_the_sparse_interface_is_the_configured_one(interface):
    for theirs in OURS:
        with sklearn.config_context(sparse_interface=interface):
            found = check(theirs, TEXTS[:-1], TEXTS[:-1]).transform(TEXTS[:-1])
        assert isinstance(found, csr_array) is (interface == "sparray")


# Errors and warnings -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "parameters"),
    [
        ([], {}),
        ([""], {}),
        (["a", "I"], {}),
        (["the"], {"stop_words": "english"}),
        (["one"], {"ngram_range": (2, 2)}),
        (["one", "two"], {"min_df": 2}),
        (["one", "two"], {"min_df": 2, "max_df": 1}),
        (["one"], {"ngram_range": (2, 1)}),
        (["one"], {"token_pattern": r"(a)(b)"}),
        (["one"], {"vocabulary": []}),
        (["one"], {"vocabulary": ["one", "one"]}),
        (["one"], {"vocabulary": {"one": 1}}),
        ([b"\xff"], {}),
        ("one text", {}),
        ([np.nan, "one"], {}),
        (["\ud800"], {"analyzer": "char"}),
    ],
    ids=without_addresses,
)
@pytest.mark.parametrize("theirs", [CountVectorizer, TfidfVectorizer])
def test_errors_are_those_of_scikit_learn(theirs, texts, parameters):
    check(theirs, texts, texts, **parameters)


@pytest.mark.parametrize("texts", [["one", None], [1], [["one"]]])
def test_what_is_no_text_is_refused(texts):
    with pytest.raises(AttributeError, match="has no attribute 'lower'"):
        FastCountVectorizer().fit(texts)
    with pytest.raises(AttributeError, match="has no attribute 'lower'"):
        FastHashingVectorizer().transform(texts)


def test_a_parameter_is_checked():
    with pytest.raises(ValueError, match="The 'min_df' parameter of FastCount"):
        FastCountVectorizer(min_df=-1).fit(TEXTS)


@pytest.mark.parametrize("ours", [FastCountVectorizer, FastTfidfVectorizer])
def test_transform_needs_a_vocabulary(ours):
    with pytest.raises(NotFittedError):
        ours().transform(TEXTS)


def test_inconsistent_stop_words_give_the_warning():
    with pytest.warns(UserWarning, match="Your stop_words may be inconsistent"):
        FastCountVectorizer(stop_words=["don't"]).fit(["one film"])


def test_a_failed_fit_leaves_the_vocabulary():
    vectorizer = FastCountVectorizer().fit(["one film"])
    with pytest.raises(ValueError, match="empty vocabulary"):
        vectorizer.fit([""])
    assert vectorizer.vocabulary_ == {"film": 0, "one": 1}


# As part of scikit-learn -------------------------------------------------------------

CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
]


@pytest.mark.parametrize("check_", CHECKS, ids=lambda check_: check_.__name__)
@pytest.mark.parametrize("ours", OURS.values())
def test_scikit_learn_checks(ours, check_):
    check_(ours.__name__, ours())


@pytest.mark.parametrize("theirs", OURS)
def test_parameters_are_those_of_scikit_learn(theirs):
    ours = OURS[theirs](lowercase=False)
    further = {"sublinear_tf": False} if theirs is HashingVectorizer else {}
    assert ours.get_params() == theirs(lowercase=False).get_params() | further
    assert OURS[theirs].__name__ in ours._repr_html_()


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
@pytest.mark.parametrize("analyzer", ["word", "char_wb"])
def test_copies_give_the_same(copied, analyzer):
    vectorizer = FastTfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2)).fit(TEXTS)
    size = len(pickle.dumps(vectorizer))
    rows = vectorizer.transform(TEXTS)
    assert len(pickle.dumps(vectorizer)) == size  # what transform keeps stays here
    assert_same(copied(vectorizer).transform(TEXTS), rows)


def test_another_vocabulary_or_setting_is_noticed():
    vectorizer = FastCountVectorizer().fit(["one film"])
    assert vectorizer.transform(["two films"]).nnz == 0
    vectorizer.vocabulary_ = {"films": 0, "two films": 1}
    assert vectorizer.transform(["two films"]).toarray().tolist() == [[1, 0]]
    vectorizer.ngram_range = (1, 2)
    assert vectorizer.transform(["two films"]).toarray().tolist() == [[1, 1]]
    vectorizer.vocabulary_["two"] = 2
    assert vectorizer.transform(["two films"]).toarray().tolist() == [[1, 1, 1]]
    vectorizer.stop_words = ["two"]
    assert vectorizer.transform(["two films"]).toarray().tolist() == [[1, 0, 0]]
    vectorizer.fit(["good"])
    assert vectorizer.transform(["two films", "good"]).toarray().tolist() == [[0], [1]]


def test_an_idf_can_be_moved_to_another_vectorizer():
    fitted = FastTfidfVectorizer().fit(TEXTS)
    moved = FastTfidfVectorizer(vocabulary=fitted.vocabulary_)
    moved.idf_ = fitted.idf_
    assert_same(moved.transform(TEXTS), fitted.transform(TEXTS))


def test_threads_may_share_a_vectorizer():
    vectorizer = FastCountVectorizer(ngram_range=(1, 2)).fit(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(vectorizer.transform, [TEXTS] * 8))
    expected = CountVectorizer(ngram_range=(1, 2)).fit(TEXTS).transform(TEXTS)
    for found in results:
        assert_same(found, expected)


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 3), (2, 2), (3, 5)])
@pytest.mark.parametrize("strip_accents", [None, "ascii", "unicode"])
def test_few_short_texts_are_counted_one_by_one(
    monkeypatch, n_slow, analyzer, ngram_range, strip_accents
):
    settings = {
        "analyzer": analyzer,
        "ngram_range": ngram_range,
        "strip_accents": strip_accents,
        "lowercase": analyzer != "char",
        "stop_words": ["the", "of"] if analyzer == "word" else None,
    }
    texts = [*TEXTS, "a", "", " the Café  of\tthe cafés \n ÀÉ ", "ab", "abc abc"]
    fitted = TfidfVectorizer(**settings, sublinear_tf=True).fit(texts)
    ours = FastTfidfVectorizer(**settings, sublinear_tf=True).fit(texts)
    monkeypatch.setattr(_terms, "SMALL", 10**9)
    before = n_slow()
    for text in texts:
        assert_same(ours.transform([text]), fitted.transform([text]))
    assert_same(ours.transform(texts), fitted.transform(texts))
    assert n_slow() == before


@pytest.mark.parametrize("norm", ["l1", "l2", None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sublinear", [True, False])
def test_weights_are_those_of_scikit_learn(norm, dtype, sublinear):
    settings = {"norm": norm, "dtype": dtype, "sublinear_tf": sublinear}
    texts = [" ".join(TEXTS), *TEXTS, "", "unknownword"]
    for use_idf in (True, False):
        fitted = TfidfVectorizer(**settings, use_idf=use_idf).fit(texts)
        ours = FastTfidfVectorizer(**settings, use_idf=use_idf).fit(texts)
        assert_same(ours.transform(texts * 9), fitted.transform(texts * 9))


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
@pytest.mark.parametrize("norm", ["l1", "l2", None])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("small", [0, 10**9])
def test_hashes_of_few_and_of_many_texts(monkeypatch, analyzer, norm, signed, small):
    monkeypatch.setattr(_terms, "SMALL", small)
    texts = [*TEXTS[:-1], "ΣΑΣ Σ 😀 naïve İstanbul ½ x² don't 12.5%"]
    common = {"analyzer": analyzer, "ngram_range": (1, 3), "norm": norm}
    common |= {"alternate_sign": signed, "n_features": 97}
    for other in ({"binary": True}, {"dtype": np.float32}):
        found = FastHashingVectorizer(**common, **other).transform(texts)
        assert_same(found, HashingVectorizer(**common, **other).transform(texts))


def test_hashes_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    alphabet = list("abcé日😀 z")
    names = ["".join(rng.choice(alphabet, size)) for size in list(range(40)) * 20]
    expected = [murmurhash3_32(name) for name in names]
    assert_array_equal(_hashing.murmur_hashes(names), expected)
    assert _hashing.murmur_hashes([]).shape == (0,)


def test_settings_are_read_by_their_names():
    vectorizer = FastCountVectorizer(stop_words=["a"])
    before = _settings.settings_of(vectorizer)
    for name, value in [
        ("analyzer", "char_wb"),
        ("lowercase", False),
        ("ngram_range", (1, 2)),
        ("strip_accents", "ascii"),
        ("token_pattern", "x"),
        ("stop_words", ["b"]),
    ]:
        other = clone(vectorizer).set_params(**{name: value})
        assert _settings.settings_of(other) != before
    assert _settings.settings_of(clone(vectorizer).set_params(min_df=2)) == before


# Large input -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many_texts():
    """Return texts of words of all lengths; some are not ASCII, one is very long."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdeé_1"), size)) for size in range(1, 31)] * 3
    words += ["".join(rng.choice(list("abcdefgh"), 6)) for _ in range(4000)]
    sizes = [*rng.integers(0, 40, 300), 8_000, 0, 5]
    return [" ".join(rng.choice(words, size)) for size in sizes]


@pytest.mark.parametrize(
    "parameters",
    [
        {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True, "dtype": np.float32},
        {"ngram_range": (1, 6), "lowercase": False},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
    ],
    ids=without_addresses,
)
def test_many_and_long_texts(many_texts, parameters):
    ours = FastTfidfVectorizer(**parameters)
    theirs = TfidfVectorizer(**parameters)
    assert_same(ours.fit_transform(many_texts), theirs.fit_transform(many_texts))
    assert ours.vocabulary_ == theirs.vocabulary_
    assert_same(ours.transform(many_texts), theirs.transform(many_texts))


@pytest.mark.parametrize("piece", [1, 50])
@pytest.mark.parametrize("bits", [16, 24])
def test_small_pieces_and_integers_change_nothing(monkeypatch, piece, bits):
    monkeypatch.setattr(_tokens, "PIECE", piece)
    monkeypatch.setattr(_ngrams, "BITS", bits)
    for analyzer in ("word", "char_wb", "char"):
        reading = {"analyzer": analyzer, "ngram_range": (1, 4)}
        check(CountVectorizer, TEXTS, TEXTS[::-1], **reading)
        check(CountVectorizer, TEXTS, TEXTS[::-1], **reading, min_df=2)


def test_a_hash_table_computes_each_value_once():
    seen = []

    def compute(keys):
        seen.extend(keys.tolist())
        return (keys % np.uint64(1000)).astype(np.int32)

    table = HashTable(compute)
    rng = np.random.default_rng(0)
    for n_keys in (10, 3000, 3000, 30_000, 30_000, 30_000):
        keys = rng.integers(1, 40_000, n_keys).astype(np.uint64) << np.uint64(40)
        assert_array_equal(table(keys), keys % np.uint64(1000))
        # It grows before the ways from slot to slot become long, and not much more.
        n_seen = len(set(seen))
        assert 4 * n_seen <= len(table._keys) <= max(16 * n_seen, 2**14)
    assert len(seen) == len(set(seen))


def test_texts_are_in_their_order_again():
    cutter = _tokens.Cutter.of_runs(1, str.lower, lowercase=True)
    codes = _tokens.NewCodes()
    sequences = cutter.code(["é a", "b", "", "ü é", "a b"], codes)
    words = [codes.words[code] for code in sequences.symbols]
    assert words == ["é", "a", "b", "ü", "é", "a", "b"]
    assert sequences.rows.tolist() == [0, 0, 1, 3, 3, 4, 4]


def test_the_word_patterns_find_what_the_cutter_cuts():
    for pattern, shortest in _tokens.RUNS.items():
        text = "".join(map(chr, range(128))) + " ab a_b 1 "
        cutter = _tokens.Cutter.of_runs(shortest, str, lowercase=False)
        codes = _tokens.NewCodes()
        symbols = cutter.code([text], codes).symbols
        found = [codes.words[code] for code in symbols]
        assert found == re.findall(pattern, text)


def test_a_vocabulary_that_grew_is_read_anew():
    vectorizer = FastCountVectorizer().fit(["late parcel"])
    vectorizer.transform(["late"])
    vectorizer.vocabulary_["bill"] = 2
    assert vectorizer.transform(["late bill"]).toarray().tolist() == [[1, 0, 1]]


def test_pieces_end_where_they_are_long_enough(monkeypatch):
    monkeypatch.setattr(_tokens, "PIECE", 5)
    texts = ["abc", "de", "fghi", "j", "klmnopq", "r"]
    found = [["abc", "de"], ["fghi", "j"], ["klmnopq"], ["r"]]
    assert list(_tokens._pieces(texts)) == found
    assert list(_tokens._pieces(texts[:2])) == found[:1]
    assert list(_tokens._pieces([])) == []


def test_symbols_are_numbered_and_found_again():
    sequences = _ngrams.Sequences(np.array([0, 2, 1, 2]), np.array([0, 0, 0, 1]), 3)
    numbering = _ngrams.Numbering(3)
    windows = numbering.windows(sequences, _ngrams.Lengths(1, 3))
    found = [(n, a.tolist(), b.tolist()) for n, (a, b) in windows]
    # A number is one of base 3, and no window reaches from one sequence to the next.
    assert found == [
        (1, [0, 2, 1, 2], [0, 1, 2, 3]),
        (2, [2, 7], [0, 1]),
        (3, [7], [0]),
    ]
    assert numbering.symbols_of(np.array([7]), 3).tolist() == [[0, 2, 1]]
    whole = _ngrams.Lengths(2, 2, whole=True)
    found = [(n, b.tolist()) for n, (_, b) in numbering.windows(sequences, whole)]
    assert found == [(1, [3]), (2, [0, 1])]
    assert _ngrams.find(np.array([1, 4, 9]), np.array([1, 3, 4])).tolist() == [0, 2, -1]
    assert _ngrams.find(np.array([1]), np.array([])).tolist() == [-1]


@pytest.mark.parametrize("n_symbols", [3, 2**40])
def test_shorter_ngrams_come_first(n_symbols):
    symbols = np.array([[1, 0], [0, 2], [1, -1], [0, -1], [0, 1]])
    assert _ngrams.order_of(symbols, n_symbols).tolist() == [3, 4, 1, 2, 0]


@pytest.mark.parametrize("norm", ["l1", "l2", None])
@pytest.mark.parametrize("settings", [{}, {"tokenizer": str.split}], ids=str)
def test_sublinear_counts_of_hashed_terms(norm, settings):
    texts = ["to be or not to be", "be be be be", ""]
    common = {"n_features": 16, "token_pattern": None if settings else r"\w+"}
    counts = HashingVectorizer(**common, **settings, norm=None).transform(texts)
    expected = counts.toarray()
    there = expected != 0
    expected[there] = np.sign(expected[there]) * (1 + np.log(np.abs(expected[there])))
    if norm is not None:
        expected = normalize(expected, norm)
    found = FastHashingVectorizer(**common, **settings, norm=norm, sublinear_tf=True)
    assert_allclose(found.transform(texts).toarray(), expected)
    twin = pickle.loads(pickle.dumps(found))
    assert_array_equal(
        twin.transform(texts).toarray(), found.transform(texts).toarray()
    )


def test_signs_of_hashed_terms_that_cancel_out_count_as_nothing():
    assert_array_equal(sublinear_counts(np.array([0.0, 1.0, -1.0])), [0, 1, -1])
