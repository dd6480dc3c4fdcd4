"""All that reads y, over all containers of labels: the same as for a dict of lists."""

import warnings
from array import array
from collections import UserList, deque
from copy import deepcopy
from functools import cache

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_equal
from pyarrow.compute import run_end_encode
from sklearn.base import clone
from sklearn.model_selection import cross_validate
from versions import HAS_INT128, HAS_RUNS_OF_LISTS, needs_scikit_learn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._targets import Targets
from sklearn_mtl.inspection import (
    CalibrationCurvesDisplay,
    ConfusionMatricesDisplay,
    LabelOverviewDisplay,
)
from sklearn_mtl.labels._tables import as_label_table
from sklearn_mtl.metrics import multitask_report, multitask_scorer, multitask_scores
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    compare_sharing,
    loss_weight_grid,
    task_affinity,
    task_view,
    train_test_split,
)
from sklearn_mtl.search import LossWeightSearchCV

plt = pytest.importorskip("matplotlib.pyplot")
plt.switch_backend("agg")

TEXTS = ["late parcel", "wrong bill", "late box", "bill again"] * 3
CELLS = {
    "str": ["ship", "pay", None, "other"] * 3,
    "int": [1, 3, 2, None] * 3,
    "float": [1.0, None, 0.0, 1.0] * 3,
    "bool": [True, None, False, True] * 3,
    "lists of str": [["late", "box"], ["box"], None, []] * 3,
    "lists of int": [[1, 2], [2], None, []] * 3,
}
CLF = MultiTaskTextClassifier(random_state=0, max_iter=1)
FITTED = {kind: clone(CLF).fit(TEXTS, {"own": cells}) for kind, cells in CELLS.items()}


class Cells:
    """A column that makes its cells when it is asked for them, as Hugging Face has."""

    def __init__(self, cells):
        self.cells = cells

    def __len__(self):
        return len(self.cells)

    def __iter__(self):
        return iter(self.cells)

    def __getitem__(self, rows):
        if isinstance(rows, int | slice):
            return self.cells[rows]
        return [self.cells[row] for row in rows]


class Dataset(Cells):
    """A table of such columns."""

    def __init__(self, columns):
        self.columns_ = columns
        cells = zip(*columns.values(), strict=True)
        super().__init__([dict(zip(columns, row, strict=True)) for row in cells])

    @property
    def column_names(self):
        return list(self.columns_)

    def __getitem__(self, rows):
        if isinstance(rows, str):
            return Cells(self.columns_[rows])
        if isinstance(rows, int):
            return self.cells[rows]
        return {name: Cells(own)[rows] for name, own in self.columns_.items()}


# One column --------------------------------------------------------------------------


def objects(cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def marked(mark):
    """Fill missing cells with a mark, under a mask."""

    def make(cells):
        filled = [mark if cell is None else cell for cell in cells]
        return np.ma.array(filled, mask=[cell is None for cell in cells])

    return make


def with_empty(empty):
    return lambda cells: objects([empty if cell is None else cell for cell in cells])


def series(dtype):
    return lambda cells: pd.Series(cells, dtype=dtype, index=range(5, 5 + len(cells)))


def polars(dtype):
    return lambda cells: pl.Series(cells, dtype=dtype)


def arrow(dtype):
    return lambda cells: pa.array(cells, dtype)


def in_arrow_of_pandas(cells):
    return pd.Series(cells, dtype=pd.ArrowDtype(pa.array(cells).type))


def text_dtype(empty):
    def make(cells):
        cells = [empty if cell is None else cell for cell in cells]
        return np.array(cells, dtype=np.dtypes.StringDType(na_object=empty))

    return make


ANY = {
    "list": list,
    "tuple": tuple,
    "UserList": UserList,
    "deque": deque,
    "sequence": Cells,
    "object": objects,
    "masked objects": lambda cells: np.ma.array(
        objects(cells), mask=[cell is None for cell in cells]
    ),
    "NaN": with_empty(np.nan),
    "pandas.NA": with_empty(pd.NA),
    "NaT": with_empty(np.datetime64("NaT")),
    "pandas": series(object),
    "pandas Index": lambda cells: pd.Index(cells, dtype=object),
    "pandas of arrow": in_arrow_of_pandas,
    "polars": pl.Series,
    "polars object": polars(pl.Object),
    "narwhals": lambda cells: nw.from_native(pl.Series(cells), series_only=True),
    "arrow": pa.array,
    "chunks": lambda cells: pa.chunked_array([cells[:5], [], cells[5:]]),
    "run-end": lambda cells: run_end_encode(pa.array(cells)),
}
SCALARS = {
    "category": series("category"),
    "Categorical": pd.Categorical,
    "CategoricalIndex": pd.CategoricalIndex,
    "dictionary": lambda cells: pa.array(cells).dictionary_encode(),
}
OWN = {
    "str": {
        "masked": marked("?"),
        "StringDType None": text_dtype(None),
        "StringDType NaN": text_dtype(np.nan),
        "pandas str": series("str"),
        "string": series("string"),
        "string[pyarrow]": series("string[pyarrow]"),
        "StringArray": lambda cells: pd.array(cells, dtype="string"),
        "Categorical": polars(pl.Categorical),
        "Enum": polars(pl.Enum(["pay", "ship", "other"])),
        "large_string": arrow(pa.large_string()),
        "string_view": arrow(pa.string_view()),
    },
    "int": {
        "masked": marked(-9),
        "Int64": series("Int64"),
        "UInt8": series("UInt8"),
        "IntegerArray": lambda cells: pd.array(cells, dtype="Int64"),
        "category of Int64": lambda cells: series("Int64")(cells).astype("category"),
        "Int8": polars(pl.Int8),
        "UInt64": polars(pl.UInt64),
        **({"Int128": polars(pl.Int128)} if HAS_INT128 else {}),
        "uint64": arrow(pa.uint64()),
    },
    "float": {
        "masked": marked(-9.0),
        "float16": lambda cells: np.array(cells, dtype=np.float16),
        "float64": lambda cells: np.array(cells, dtype=float),
        "array": lambda cells: array("d", np.array(cells, dtype=float)),
        "pandas float": series(float),
        "Float64": series("Float64"),
        "sparse": lambda cells: pd.Series(pd.arrays.SparseArray(cells)),
        "Float32": polars(pl.Float32),
        "halffloat": lambda cells: pa.array(
            [cell if cell is None else np.float16(cell) for cell in cells], pa.float16()
        ),
    },
    "bool": {
        "masked": marked(False),
        "boolean": series("boolean"),
        "BooleanArray": lambda cells: pd.array(cells, dtype="boolean"),
    },
    "lists of str": {
        "sets": lambda cells: [cell if cell is None else set(cell) for cell in cells],
        "tuples": lambda cells: Cells(
            [cell if cell is None else tuple(cell) for cell in cells]
        ),
        "arrays": lambda cells: Cells(
            [cell if cell is None else np.array(cell, dtype=str) for cell in cells]
        ),
        "Categorical": polars(pl.List(pl.Categorical)),
        "Enum": polars(pl.List(pl.Enum(["box", "late"]))),
        "large_list": arrow(pa.large_list(pa.string())),
        "list_view": arrow(pa.list_view(pa.string())),
        "of dictionary": arrow(pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    },
    "lists of int": {"Int128": polars(pl.List(pl.Int128))} if HAS_INT128 else {},
}
COLUMNS = {
    f"{kind}-{name}": (kind, make)
    for kind in CELLS
    for name, make in (ANY | ({} if "lists" in kind else SCALARS) | OWN[kind]).items()
    if name != "run-end" or "lists" not in kind or HAS_RUNS_OF_LISTS
}
# A list of lists is a table, and so is what can stand for a list.
TABLES_OR_UNCLEAR = {
    f"{kind}-{name}"
    for kind in ("lists of str", "lists of int")
    for name in ("list", "tuple", "UserList", "deque", "sequence", "tuples", "arrays")
}


def cells_of(y):
    table = as_label_table(y)
    return [
        [
            None if gone else cell
            for cell, gone in zip(column.tolist(), own, strict=True)
        ]
        for column, own in zip(table.columns, table.missing.T, strict=True)
    ]


def probabilities(clf):
    found = clf.predict_proba(TEXTS)  # an array for a column, a list for a dict
    return found[0] if isinstance(found, list) else found


def fit(y, kind):
    clf = clone(CLF).fit(TEXTS, y)
    classes = clf.targets_.tasks[0].classes_
    return probabilities(clf), classes.tolist(), [*clf.task_types_.values()]


def scores(y, kind):
    names = as_label_table(y).names
    predicted = {names[0]: FITTED[kind].predict(TEXTS, output="dict")["own"]}
    found = multitask_scores(y, predicted), multitask_report(y, predicted)
    return repr(found).replace("task0", "own")


def folds(y, kind):
    groups = np.arange(12) // 2
    return [
        list(splitter.split(TEXTS, y, own))
        for splitter in (
            MultiTaskStratifiedKFold(n_splits=3),
            MultiTaskStratifiedShuffleSplit(2, test_size=4, random_state=0),
        )
        for own in (None, groups)
    ]


def split(y, kind):
    texts, _, *parts = train_test_split(TEXTS, y, random_state=0)
    return texts, *map(cells_of, parts)


READERS = {
    "read": lambda y, kind: cells_of(y),
    "fit": fit,
    "score": lambda y, kind: FITTED[kind].score(TEXTS, y),
    "scores": scores,
    "folds": folds,
    "train_test_split": split,
}


@cache
def of_a_dict_of_lists(reader, kind):
    return READERS[reader]({"own": CELLS[kind]}, kind)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_is_read_as_a_list_is(column, reader):
    kind, make = COLUMNS[column]
    expected = of_a_dict_of_lists(reader, kind)
    assert_equal(READERS[reader]({"own": make(CELLS[kind])}, kind), expected)
    if column not in TABLES_OR_UNCLEAR:
        assert_equal(READERS[reader](make(CELLS[kind]), kind), expected)


@pytest.mark.parametrize(
    "make",
    [np.array, pd.Series, pl.Series, pa.array, Cells],
    ids=lambda make: make.__name__,
)
@pytest.mark.parametrize(
    ("mark", "missing_label"),
    [("?", "?"), ("?", ["?", -1]), ("", [""]), ("?", pd.Index(["?"])), ("?", {"?"})],
)
def test_a_mark_of_missing_cells_is_read_in_any_container(make, mark, missing_label):
    cells = [mark if cell is None else cell for cell in CELLS["str"]]
    clf = clone(CLF).set_params(missing_label=missing_label).fit(TEXTS, make(cells))
    expected = FITTED["str"]
    assert_equal(probabilities(clf), probabilities(expected))
    score = expected.score(TEXTS, CELLS["str"])
    assert clf.score(TEXTS, make(cells)) == score
    assert multitask_scorer(output="mean")(clf, TEXTS, make(cells)) == score
    found = MultiTaskStratifiedKFold(3, missing_label=missing_label)
    assert_equal(
        list(found.split(TEXTS, make(cells))),
        list(MultiTaskStratifiedKFold(3).split(TEXTS, CELLS["str"])),
    )


# Several columns ---------------------------------------------------------------------

COLUMNS_OF = {"topic": "str", "stars": "int", "rush": "bool"}
Y = {name: CELLS[kind] for name, kind in COLUMNS_OF.items()}
ROWS = list(zip(*Y.values(), strict=True))
TYPES = {"topic": "string", "stars": "Int64", "rush": "boolean"}
TABLES = {
    "rows": lambda: ROWS,
    "array": lambda: np.array(ROWS, dtype=object),
    "sequences": lambda: {name: Cells(cells) for name, cells in Y.items()},
    "dataset": lambda: Dataset(Y),
    "series": lambda: {
        "topic": pd.Series(Y["topic"]),
        "stars": pl.Series(Y["stars"]),
        "rush": pa.array(Y["rush"]),
    },
    "pandas": lambda: pd.DataFrame(Y, dtype=object),
    "nullable": lambda: pd.DataFrame(Y).astype(TYPES),
    "categories": lambda: pd.DataFrame(Y, dtype=object).astype("category"),
    "integer names": lambda: pd.DataFrame(ROWS, dtype=object, columns=[7, 3, 5]),
    "polars": lambda: pl.DataFrame(Y),
    "narwhals": lambda: nw.from_native(pl.DataFrame(Y)),
    "arrow": lambda: pa.table(Y),
    "batch": lambda: pa.record_batch(Y),
}
UNNAMED = {"rows", "array", "integer names"}
FITTED_TO_ALL = clone(CLF).fit(TEXTS, Y)
FITTED_TO_ROWS = clone(CLF).fit(TEXTS, ROWS)


def fitted_like(y):
    """Give the classifier that calls the tasks as labels do."""
    named = as_label_table(y).names == list(Y)
    return FITTED_TO_ALL if named else FITTED_TO_ROWS


def warm_start(y):
    clf = deepcopy(fitted_like(y)).set_params(warm_start=True)
    return clf.fit(TEXTS, y).predict_proba(TEXTS)


def compare(y):
    found = compare_sharing(CLF, TEXTS, y, cv=2, n_seeds=1)
    return found.scores


def affinity(y):
    found = task_affinity(CLF, TEXTS, y, cv=2)
    return found.differences, found.splits


def search(y):
    grid = loss_weight_grid(as_label_table(y).names, "pairs", ratios=[2])
    found = LossWeightSearchCV(CLF, grid, cv=2).fit(TEXTS, y)
    return found.cv_results_["mean_test_score"], found.score(TEXTS, y)


def displays(y):
    overview = LabelOverviewDisplay.from_labels(y)
    clf = fitted_like(y)
    confusion = ConfusionMatricesDisplay.from_estimator(clf, TEXTS, y)
    calibration = CalibrationCurvesDisplay.from_estimator(clf, TEXTS, y)
    plt.close("all")
    found = overview.counts, confusion.matrices, calibration.errors
    return [list(by_task.values()) for by_task in found]


EVERYTHING = {
    "read": cells_of,
    "fit": lambda y: clone(CLF).fit(TEXTS, y).predict_proba(TEXTS),
    "warm start": warm_start,
    "score": lambda y: fitted_like(y).score(TEXTS, y),
    "scorer": lambda y: [
        *multitask_scorer("f1_macro")(fitted_like(y), TEXTS, y).values()
    ],
    "views": lambda y: [
        task_view(clone(CLF).fit(TEXTS, y), k).predict_proba(TEXTS) for k in range(3)
    ],
    "folds": lambda y: folds(y, None),
    "train_test_split": lambda y: split(y, None),
    "compare_sharing": compare,
    "task_affinity": affinity,
    "search": search,
    "displays": displays,
}


# What takes long reads a few tables of each library.
FEW = [
    "array",
    "sequences",
    "integer names",
    "categories",
    "polars",
    "batch",
    "dataset",
]
SLOW = ["views", "compare_sharing", "task_affinity", "search", "displays"]
WALK = [
    (function, table)
    for function in EVERYTHING
    for table in (FEW if function in SLOW else TABLES)
]


@cache
def of_lists(function):
    return EVERYTHING[function](Y)


@pytest.mark.parametrize(("function", "table"), WALK)
def test_a_table_is_read_as_a_dict_is(function, table):
    assert_equal(EVERYTHING[function](TABLES[table]()), of_lists(function))


@pytest.mark.parametrize(
    "table",
    [
        *("array", "pandas", "nullable", "categories", "polars"),
        pytest.param("arrow", marks=needs_scikit_learn(1, 7, why="takes no Table")),
    ],
)
def test_scikit_learn_divides_a_table_as_rows(table):
    settings = {"scoring": multitask_scorer(), "cv": MultiTaskStratifiedKFold(3)}
    scores = [
        cross_validate(CLF, TEXTS, y, error_score="raise", **settings)
        for y in (TABLES[table](), ROWS)
    ]
    for name in ("test_mean", "test_exact_match"):
        assert_equal(scores[0][name], scores[1][name])


# There and back ----------------------------------------------------------------------

LIBRARIES = {
    pd.Series: pd.DataFrame,
    pl.Series: pl.DataFrame,
    pa.Array: pa.table,
    pa.ChunkedArray: pa.table,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_frame_comes_back_as_it_was(column):
    kind, make = COLUMNS[column]
    own = make(CELLS[kind])
    table = [make for library, make in LIBRARIES.items() if isinstance(own, library)]
    if not table:
        return
    frame = table[0]({"own": own})
    read = as_label_table(frame)
    targets = Targets(read)
    found = targets.decode(targets.encode(read).clip(min=0), "frame")
    types = "dtypes" if isinstance(found, pd.DataFrame) else "schema"
    assert type(found) is type(frame)
    assert list(getattr(found, types)) == list(getattr(frame, types))
    expected = [cell for cell in cells_of(frame)[0] if cell is not None]
    labelled = np.flatnonzero(~read.missing[:, 0])
    cells = cells_of(found)[0]
    assert [cells[row] for row in labelled] == expected


words = st.text("ab \u00e9[", max_size=3)
LABELS = {
    "str": words,
    "int": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "lists": st.lists(words, max_size=3, unique=True).map(sorted),
}


@settings(max_examples=80, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(LABELS)))
def test_any_labels_come_back_from_any_container(data, kind):
    cells = data.draw(st.lists(st.none() | LABELS[kind], min_size=1, max_size=6))
    if not any(cells):
        cells.append(["a"] if kind == "lists" else data.draw(LABELS[kind]))
    make = data.draw(st.sampled_from([list, Cells, objects, pl.Series, pa.array]))
    with warnings.catch_warnings():  # of single classes, and of texts like ""
        warnings.simplefilter("ignore")
        table = as_label_table({"own": make(cells)})
        targets = Targets(table)
    found = targets.decode(targets.encode(table).clip(min=0), "dict")["own"].tolist()
    labelled = [row for row, cell in enumerate(cells) if cell is not None]
    assert np.flatnonzero(~table.missing[:, 0]).tolist() == labelled
    assert [found[row] for row in labelled] == [cells[row] for row in labelled]
