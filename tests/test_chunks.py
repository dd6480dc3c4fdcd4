"""A fit to a source of chunks, in memory if it is small and in files if not."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data import _source, _spool
from sklearn_mtl.datasets import ChunkSource, make_multitask_texts
from sklearn_mtl.feature_extraction import (
    FastCountVectorizer,
    FastHashingVectorizer,
    FastTfidfVectorizer,
)
from sklearn_mtl.labels._tables import as_label_table, concat_tables
from sklearn_mtl.tasks import MultiLabel

TEXTS, LABELS = make_multitask_texts(300, n_tasks=2, missing_rate=0.3, random_state=0)
WORDS = FastTfidfVectorizer(min_df=2, dtype=np.float32)


def chunks(texts=TEXTS, labels=LABELS, n=100):
    """Return a source of lists and arrays."""

    def read():
        for start in range(0, len(texts), n):
            yield texts[start : start + n], labels[start : start + n]

    return read


def fitted(X, y=None, **parameters):
    settings = {"random_state": 0, "max_iter": 2, **parameters}
    return MultiTaskTextClassifier(**settings).fit(X, y)


@pytest.fixture
def in_files(monkeypatch):
    """Keep the rows of all sources in files."""
    monkeypatch.setattr(_source, "PARTS_BUDGET", 0)


def same(one, other, texts=TEXTS[:50], tolerance=0.0):
    for a, b in zip(one.predict_proba(texts), other.predict_proba(texts), strict=True):
        assert np.abs(a - b).max() <= tolerance


@pytest.mark.parametrize("n", [7, 100, 300])
def test_a_small_source_gives_the_fit_to_its_texts(n):
    same(fitted(chunks(n=n)), fitted(TEXTS, LABELS))


@pytest.mark.parametrize(
    "vectorizer",
    [
        WORDS,
        FastTfidfVectorizer(
            min_df=0.01, max_df=0.5, ngram_range=(1, 2), dtype=np.float32
        ),
        FastTfidfVectorizer(use_idf=False, norm=None, dtype=np.float32),
        FastCountVectorizer(dtype=np.float32, stop_words=["word"]),
        FastHashingVectorizer(n_features=2**10, dtype=np.float32),
        HashingVectorizer(n_features=2**10, dtype=np.float32),
    ],
    ids=lambda vectorizer: type(vectorizer).__name__,
)
def test_rows_in_files_give_the_fit_in_memory(in_files, vectorizer):
    parameters = {"vectorizer": vectorizer, "term_weighting": "information"}
    stored = fitted(chunks(), **parameters)
    memory = fitted(TEXTS, LABELS, **parameters)
    same(stored, memory, tolerance=1e-5)
    assert np.abs(stored.term_weights_ - memory.term_weights_).max() < 1e-9
    assert stored.get_params() == memory.get_params() | {"vectorizer": vectorizer}
    assert stored.history_[-1] == pytest.approx(memory.history_[-1], rel=1e-3)


def test_auto_counts_words_and_pairs(in_files):
    stored = fitted(chunks())
    words = fitted(TEXTS, LABELS, vectorizer=_source.word_vectorizer())
    assert stored.vectorizer_.vocabulary_ == words.vectorizer_.vocabulary_
    assert np.array_equal(stored.vectorizer_.idf_, words.vectorizer_.idf_)


def test_max_features_keeps_the_most_frequent(in_files):
    stored = fitted(ChunkSource(chunks(), max_features=20))
    frequency = FastCountVectorizer(binary=True, token_pattern=r"(?u)\b\w+\b")
    counts = frequency.fit_transform(TEXTS).sum(axis=0)
    most = frequency.get_feature_names_out()[np.argmax(np.asarray(counts).ravel())]
    assert len(stored.vectorizer_.vocabulary_) == 20
    assert most in stored.vectorizer_.vocabulary_


@pytest.mark.parametrize("class_weight", ["balanced", {"task0": "balanced"}])
def test_class_weights_are_those_in_memory(in_files, class_weight):
    labels = pd.DataFrame(LABELS, columns=["task0", "task1"], dtype=object)
    parameters = {"vectorizer": WORDS, "class_weight": class_weight}
    stored = fitted(chunks(labels=labels), **parameters)
    memory = fitted(TEXTS, labels, **parameters)
    same(stored, memory, tolerance=1e-5)


def test_several_shards_learn_as_well(in_files, monkeypatch):
    for module in ("sklearn_mtl.data._spool", "sklearn_mtl.training._loader"):
        monkeypatch.setattr(f"{module}.BLOCK", 16)
    texts, labels = make_multitask_texts(1200, n_tasks=2, random_state=1)
    source = chunks(texts[:1000], labels[:1000])
    parameters = {"vectorizer": WORDS, "batch_size": 32, "max_iter": 8}
    stored = fitted(source, **parameters)
    memory = fitted(texts[:1000], labels[:1000], **parameters)
    score, usual = (c.score(texts[1000:], labels[1000:]) for c in (stored, memory))
    assert score > usual - 0.03
    assert fitted(source, **parameters).score(texts[1000:], labels[1000:]) == score


def test_rows_without_labels_are_left_out(in_files):
    empty = np.full_like(LABELS, np.nan)
    texts = [*TEXTS, *["never seen"] * 300]
    whole = np.concatenate([LABELS, empty])
    same(fitted(chunks(texts, whole)), fitted(chunks()))


@pytest.mark.parametrize("is_large", [False, True])
def test_the_form_of_predictions_is_that_of_the_first_chunk(monkeypatch, is_large):
    if is_large:
        monkeypatch.setattr(_source, "PARTS_BUDGET", 0)
    words = np.where(np.isnan(LABELS), "", LABELS.astype(str))
    frame = pd.DataFrame(words, columns=["topic", "tone"])
    source = chunks(labels=frame)
    stored = fitted(source, missing_label="")
    found = stored.predict(TEXTS[:3], output="frame")
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == ["topic", "tone"]
    assert set(found["topic"]) <= {"0.0", "1.0", "2.0"}


@pytest.mark.parametrize(
    "make",
    [
        lambda part: pl.DataFrame({"topic": part[:, 0], "tone": part[:, 1]}),
        lambda part: pa.table({"topic": part[:, 0], "tone": part[:, 1]}),
        lambda part: {"topic": part[:, 0], "tone": part[:, 1].tolist()},
        lambda part: part,
        lambda part: part.tolist(),
        lambda part: part[:, 0],
    ],
    ids=["polars", "arrow", "dict", "array", "lists", "vector"],
)
def test_all_containers_of_labels(in_files, make):
    labels = np.where(np.isnan(LABELS), -1, LABELS).astype(int)

    def read():
        for start in range(0, 300, 100):
            part = labels[start : start + 100]
            yield np.array(TEXTS[start : start + 100]), make(part)

    stored = fitted(read, missing_label=-1)
    assert stored.predict(TEXTS[:5]).shape[0] == 5
    assert all(
        set(np.ravel(own)) == {0, 1, 2} or len(np.ravel(own)) == 3
        for own in np.atleast_2d(np.array(stored.classes_))
    )


def test_classes_may_come_late(in_files):
    labels = np.sort(LABELS[:, :1], axis=0)
    stored = fitted(chunks(labels=labels, n=50))
    memory = fitted(TEXTS, labels)
    assert np.array_equal(stored.classes_[0], memory.classes_[0])


def test_cells_of_several_labels(in_files):
    sets = [["a"], ["b", "c"], [], ["a", "c"], None] * 60
    stored = fitted(
        tagged(sets),
        vectorizer=WORDS,
    )
    memory = fitted(TEXTS, {"tags": sets}, vectorizer=WORDS)
    assert stored.classes_[0].tolist() == ["a", "b", "c"]
    same(stored, memory, tolerance=1e-5)


def tagged(sets):
    def read():
        for start in range(0, 300, 100):
            yield TEXTS[start : start + 100], {"tags": sets[start : start + 100]}

    return read


def test_a_fit_in_files_is_saved_and_loaded(in_files, tmp_path):
    stored = fitted(chunks())
    stored.save(tmp_path / "model.mtl")
    same(stored, sklearn_mtl.load(tmp_path / "model.mtl"))


def test_nothing_is_left_on_the_disk(in_files, tmp_path):
    fitted(ChunkSource(chunks(), folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_pipeline_passes_a_source(in_files):
    pipeline = make_pipeline(MultiTaskTextClassifier(random_state=0, max_iter=2))
    same(pipeline.fit(chunks())[-1], fitted(chunks()))


def test_parquet_files(in_files, tmp_path):
    frame = pd.DataFrame(LABELS, columns=["topic", "tone"]).astype("Int64")
    table = pa.Table.from_pandas(frame.assign(body=TEXTS, other=1))
    pq.write_table(table[:150], tmp_path / "part0.parquet")
    pq.write_table(table[150:], tmp_path / "part1.parquet")
    source = ChunkSource.from_parquet(
        tmp_path, "body", ["topic", "tone"], chunk_rows=64
    )
    stored = fitted(source)
    same(stored, fitted(chunks()), tolerance=1e-6)
    assert stored.task_names_ == ["topic", "tone"]
    assert isinstance(stored.predict(TEXTS[:2], output="frame"), pa.Table)
    dataset = pa.dataset.dataset(tmp_path)
    again = ChunkSource.from_parquet(dataset, "body", max_features=10)
    found = next(iter(again.read()))[1]
    assert found.column_names == ["topic", "tone", "other"]
    assert again.max_features == 10
    with pytest.raises(ValueError, match=r"There is no column 'text'. The columns are"):
        ChunkSource.from_parquet(tmp_path)


# Wrong input


def source_of(*items):
    return lambda: iter(items)


ROWS = (TEXTS[:100], LABELS[:100])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (source_of(), "The source has no chunk with rows. Its function must return"),
        (source_of(([], np.zeros((0, 2)))), "The source has no label of"),
        (source_of(ROWS[:1]), r"Chunk 0 \(from row 0\): A chunk must be .* tuple of 1"),
        (source_of(ROWS, TEXTS), r"Chunk 1 \(from row 100\): A chunk must be .* list"),
        (source_of((TEXTS[:9], LABELS[:8])), "There are 9 texts and 8 rows of labels"),
        (source_of((["a", None], LABELS[:2])), "Chunk 0 .*X must hold texts only. Got"),
        (source_of((LABELS, LABELS)), "texts of a chunk must be a list or column"),
        (
            source_of(ROWS, (TEXTS[:5], LABELS[:5, :1])),
            r"Chunk 1 .*the labels of each chunk must have a column for each of the 2",
        ),
        (
            source_of(ROWS, (TEXTS[:5], np.full((5, 2), "text"))),
            "The labels of the task 'task0' have several types: .*'str'",
        ),
        (lambda: 3, "must return an iterator over chunks .* It returned int"),
        (
            source_of((TEXTS[:3], np.full((3, 2), np.nan))),
            "The source has no label of",
        ),
        (
            source_of((TEXTS[:99], np.column_stack([LABELS[:99, 0], [None] * 99]))),
            r"The task\(s\) \['task1'\] have no label",
        ),
    ],
)
def test_wrong_chunks(source, message):
    classifier = fitted(TEXTS[:60], LABELS[:60])
    before = classifier.predict(TEXTS[:5])
    with pytest.raises((ValueError, TypeError), match=message):
        classifier.fit(source)
    assert np.array_equal(classifier.predict(TEXTS[:5]), before)


def test_an_empty_chunk_is_no_error(in_files):
    empty = [], np.zeros((0, 2))
    parts = [(TEXTS[:150], LABELS[:150]), (TEXTS[150:], LABELS[150:])]
    same(fitted(source_of(empty, parts[0], empty, parts[1])), fitted(chunks()))


def test_a_source_that_can_be_read_once(in_files):
    once = iter([ROWS])
    message = "had 100 rows when it was read first, and 0 when it was read again"
    with pytest.raises(ValueError, match=message):
        fitted(lambda: once)


def test_an_iterator_as_source():
    with pytest.raises(ValueError, match=r"can be read only once. .*pass the function"):
        fitted(iter([ROWS]))
    with pytest.raises(TypeError, match="An iterator can be read only once; pass"):
        ChunkSource(iter([ROWS]))
    message = r"Got list. For chunks in a list, pass lambda: iter\(chunks\)"
    with pytest.raises(TypeError, match=message):
        ChunkSource([ROWS])
    rows = [ROWS]
    assert ChunkSource(lambda: iter(rows))  # the advice


@pytest.mark.parametrize("name", ["max_disk_mib", "max_features"])
@pytest.mark.parametrize("value", [0, 1.5, "1"])
def test_bounds_of_a_source(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a positive integer"):
        ChunkSource(chunks(), **{name: value})


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"trunk": "conv"}, "trunk='conv'"),
        ({"embedding": "lsa"}, "embedding='lsa'"),
        ({"early_stopping": True}, "early_stopping=True"),
    ],
)
def test_settings_that_need_memory(in_files, parameters, found):
    with pytest.raises(ValueError, match=f"source of more texts .* not {found}"):
        fitted(chunks(), **parameters)


def test_tuned_thresholds_need_memory(in_files):
    types = {"tags": MultiLabel(threshold="tuned")}
    sets = [["a"], ["b", "a"], []] * 100
    with pytest.raises(ValueError, match=r"tuned thresholds of the task\(s\) \['tags"):
        fitted(tagged(sets), task_types=types)


@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(),
        FastTfidfVectorizer(analyzer="char_wb"),
        FastTfidfVectorizer(ngram_range=(1, 3)),
        FastTfidfVectorizer(vocabulary=["a"]),
    ],
)
def test_vectorizers_that_cannot_count_chunks(vectorizer):
    with pytest.raises(ValueError, match=r"cannot be fitted to chunks\. Use 'auto'"):
        fitted(chunks(), vectorizer=vectorizer)


def test_a_vectorizer_without_features(in_files):
    with pytest.raises(ValueError, match=r"no features in 2.. texts. Lower its min_df"):
        fitted(chunks(), vectorizer=FastTfidfVectorizer(min_df=1000))


@pytest.mark.parametrize(
    ("arguments", "parameters", "found"),
    [
        ({"y": LABELS}, {}, "y"),
        ({"sample_weight": np.ones(300)}, {}, "sample_weight"),
        ({}, {"warm_start": True}, "warm_start=True"),
    ],
)
def test_what_a_source_cannot_be_combined_with(arguments, parameters, found):
    classifier = MultiTaskTextClassifier(**parameters)
    with pytest.raises(ValueError, match=f"cannot be combined with {found}. Pass"):
        classifier.fit(chunks(), **arguments)


def test_a_disk_that_is_too_small(in_files):
    texts = [f"{text} " * 40 for text in TEXTS]
    source = ChunkSource(chunks(texts * 30, np.tile(LABELS, (30, 1))), max_disk_mib=1)
    with pytest.raises(ValueError, match="exceed the 1 MiB of max_disk_mib, after"):
        fitted(source)


def test_joined_tables_are_the_table_of_all_rows():
    frame = pd.DataFrame(
        {
            "count": [1, 2, None, 1],
            "late": [None, None, None, "x"],
            "flag": [True, None, False, None],
            "tags": [["a"], ["a", "b"], None, []],
        }
    )
    parts = [as_label_table(frame[k : k + 1]) for k in range(4)]
    whole, joined = as_label_table(frame), concat_tables(parts)
    assert joined.names == whole.names
    assert np.array_equal(joined.missing, whole.missing)
    assert joined.cell_types == whole.cell_types
    for k, column in enumerate(joined.columns):
        there = ~whole.missing[:, k]
        assert column[there].tolist() == whole.columns[k][there].tolist()
        assert column.dtype == whole.columns[k].dtype


def test_ordered_categories_of_chunks_must_agree():
    kinds = [["low", "high"], ["high", "low"]]
    parts = [
        as_label_table(pd.DataFrame({"a": pd.Categorical(["low"], kind, ordered=True)}))
        for kind in kinds
    ]
    assert concat_tables(parts[:1] * 2).orders == [["low", "high"]]
    with pytest.raises(ValueError, match="'a' has ordered categories that differ"):
        concat_tables(parts)


def test_blocks_do_not_change_the_weights_of_terms(in_files, monkeypatch):
    whole = fitted(chunks(), term_weighting="information").term_weights_
    monkeypatch.setattr(_spool, "BLOCK", 16)
    parts = fitted(chunks(), term_weighting="information").term_weights_
    assert np.abs(whole - parts).max() < 1e-12
