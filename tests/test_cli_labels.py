"""Texts and labels out of tables: missing ones, several in a cell, numbers, orders."""

import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from sklearn_mtl._cli import _demo, _fit
from sklearn_mtl._cli._doubts import (
    warn_of_joined_labels,
    warn_of_separator,
    warn_of_unused,
)
from sklearn_mtl._cli._errors import CommandError
from sklearn_mtl._cli._labels import LabelColumn, read_texts
from sklearn_mtl._cli._model import fit
from sklearn_mtl._cli._numbers import as_number
from sklearn_mtl._cli._tables import Table
from sklearn_mtl._cli._tags import (
    AS_LISTS,
    find_separator,
    join,
    looks_joined,
    looks_like_list,
    separator_for,
    split,
)
from sklearn_mtl.labels._missing import MARKERS
from sklearn_mtl.labels._tables import as_label_table


def table(cells, path="t.csv"):
    return Table(path, {"y": cells}, lines=list(range(2, len(cells) + 2)))


def learn(cells, **settings):
    column = LabelColumn("y", **settings)
    return column, column.learn(table(cells))


class TestTexts:
    def test_several_columns_are_joined(self):
        columns = {"title": ["a", "", None, ""], "body": ["b", "c", "d", ""]}
        texts = read_texts(Table("t.jsonl", columns), ["title", "body"])
        assert texts == ["a\nb", "c", "d", ""]

    def test_a_row_of_nulls_has_no_text(self):
        columns = {"title": ["a", None], "body": ["b", None]}
        with pytest.raises(CommandError, match="row 2: column 'title' must hold texts"):
            read_texts(Table("t.jsonl", columns), ["title", "body"])


class TestMissing:
    def test_markers_are_labels_and_are_told_of(self, capsys):
        cells = ["a", "NA", "<NA>", "NA", "b"]
        assert learn(cells)[1] == cells
        err = capsys.readouterr().err
        assert "t.csv: column 'y' has 'NA' in 2 cells, read as a label." in err
        advice = re.findall("--missing (.*)", err)
        assert advice == ["NA", "'<NA>'"]
        missing = [word.strip("'") for word in advice]
        assert learn(cells, missing=missing)[1] == ["a", None, None, None, "b"]
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize(
        ("cells", "tags", "advice"),
        [
            (["a|b", "NA", "a"], True, "use --missing NA"),
            (["a|b", "a|NA", "a"], True, "remove it from these cells"),
            ([["a", "b"], ["NA"]], False, "remove it from these cells"),
        ],
    )
    def test_markers_among_several_labels(self, cells, tags, advice, capsys):
        learn(cells, tags=tags)
        assert f"If it means no label, {advice}\n" in capsys.readouterr().err
        if "--missing" in advice:  # which helps
            assert learn(cells, tags=tags, missing=["NA"])[1][1] is None
            assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("mark", [*sorted(MARKERS - {""}), " NA ", "['a']"])
    def test_the_library_does_not_tell_again(self, mark, capsys):
        _, cells = learn([mark, "b", "c"] * 3)
        assert capsys.readouterr().err.count("\n") == 1
        texts = ["one", "two", "three"] * 3
        fit(texts, {"y": cells}, max_iter=1)  # where warnings are errors

    def test_a_number_means_the_same_however_it_is_written(self, capsys):
        cells = ["1.0", "0.0", "-1.0", ""]
        assert learn(cells, missing=["-1"])[1] == ["1.0", "0.0", None, None]
        assert "column 'y' contains '-1.0', another spelling of --missing '-1'" in (
            capsys.readouterr().err
        )

    def test_spaces_alone_are_no_label(self):
        assert learn(["a", " ", "b"])[1] == ["a", None, "b"]

    def test_what_matches_no_cell_is_told_of(self, capsys):
        cells = table(["a", "NULL", "-1.0", "n/a"])
        warn_of_unused(["null", "-1", "n/a", "x"], cells, ["y"])
        assert capsys.readouterr().err.splitlines() == [
            "sklearn_mtl: warning: t.csv: --missing null matches no cell of 'y', so "
            "it has no effect. Did you mean 'NULL'?",
            "sklearn_mtl: warning: t.csv: --missing x matches no cell of 'y', so it "
            "has no effect.",
        ]


class TestNumbers:
    @pytest.mark.parametrize(
        ("cells", "read"),
        [
            (["1.0", "1", "0"], ["1", "1", "0"]),
            ([1, "1", 2.0], [1, 1, 2]),
            ([1, "2", "1"], [1, 2, 1]),  # one type for all
            (["01", "1", "1.0"], ["01", "1", "1.0"]),  # codes
            (["1.10", "1.1"], ["1.10", "1.1"]),  # versions
            (["1", "1.0", "x"], ["1", "1.0", "x"]),  # words
        ],
    )
    def test_of_one_column(self, cells, read, capsys):
        assert learn(cells)[1] == read
        assert ("equal numbers are read as one label" in capsys.readouterr().err) == (
            cells != read
        )

    def test_of_two_tables(self, capsys):
        column, _ = learn(["1.0", "0.0"])
        assert column.read(table(["0", "1", ""], "test.csv")) == ["0.0", "1.0", None]
        assert "test.csv: in column 'y' equal numbers" in capsys.readouterr().err
        column, _ = learn([1, 0])
        assert column.read(table(["0", "1.0"])) == [0, 1]

    def test_types_are_not_mixed(self):
        message = r"types: 1 in line 2 is a number, 'a' in line 3 .*as strings"
        with pytest.raises(CommandError, match=message):
            learn([1, "a"])
        learn(["1", "a"])  # as advised
        with pytest.raises(CommandError, match=r"True in line 3 is a boolean"):
            learn([1, True])
        message = r"line 3: .* holds 0\.5, which is a measurement, not a class"
        with pytest.raises(CommandError, match=message):
            learn([1.0, 0.5])
        learn([10, 5]), learn(["1.0", "0.5"])  # as advised

    def test_a_new_number_has_the_type_of_the_others(self):
        column, _ = learn([1, 2])
        assert column.read(table(["1", "7"], "test.csv")) == [1, 7]
        column, _ = learn(["1", "2"])
        assert column.read(table([1, 7], "test.csv")) == ["1", "7"]


class TestTags:
    @pytest.mark.parametrize(
        ("cells", "separator"),
        [
            (["a|b", "a", "b|c; d"], "|"),
            (["a, b", "c"], ","),
            (["a; b, c", "c; a", "b"], ";"),
            (["['a', 'b']", "[]"], AS_LISTS),
        ],
    )
    def test_the_separator_is_found(self, cells, separator):
        column, _ = learn(cells, tags=True)
        assert column.separator == separator

    def test_cells_are_taken_apart(self):
        column, cells = learn(["a | b", "|", "", "b"], tags=True)
        assert cells == [["a", "b"], [], None, ["b"]]
        assert column.labels == ["a", "b"]
        assert column.read(table(["b|a", None])) == [["b", "a"], None]

    @pytest.mark.parametrize(
        ("cells", "others", "message"),
        [
            ([["a"], ["a", "b"]], ["a"], "one label in a cell, 'a', and several lab"),
            (["a", "b"], [["a"]], r"several labels in a cell, \['a'\], and one label"),
        ],
    )
    def test_tables_are_alike(self, cells, others, message):
        with pytest.raises(CommandError, match=f"line 2: .*{message}.*Use --tags inst"):
            learn(cells)[0].read(table(others))
        column, _ = learn(cells, tags=True, separator="|")  # as advised
        assert column.read(table(others)) == [["a"]]

    def test_a_separator_may_be_anything(self):
        _, cells = learn(["a | b", "c and d"], tags=True, separator=" and ")
        assert cells == [["a | b"], ["c", "d"]]

    def test_lists_stay_as_they_are(self):
        column, cells = learn([["a"], [], None, ["b", "a"]])
        assert cells == [["a"], [], None, ["b", "a"]]
        assert column.holds_lists
        assert column.labels == ["a", "b"]

    def test_a_cell_must_hold_labels(self):
        with pytest.raises(CommandError, match="line 3: column 'y' must hold strings"):
            learn([["a"], [["b"]]])
        with pytest.raises(CommandError, match=r"line 3: .*'\[b' is not a list"):
            learn(["['a']", "[b"], tags=True, separator=AS_LISTS)

    def test_a_column_without_a_separator(self, capsys):
        message = (
            "several labels joined.*Use --separator, or name the column in --tasks"
        )
        with pytest.raises(CommandError, match=message):
            learn(["a", "b/c"], tags=True)
        learn(["a", "b/c"], tags=True, separator="/")  # as advised
        learn(["a", "b/c"])
        assert capsys.readouterr().err == ""
        learn(["a", "b/c"], tags=True, separator="|")
        assert (
            "no cell of column 'y' contains the separator '|'"
            in capsys.readouterr().err
        )

    @pytest.mark.parametrize(
        "cells", [["a,b", "c,b", "a", "c"], ["['a']", "['a', 'b']"]]
    )
    def test_labels_that_look_joined_are_told_of(self, cells, capsys):
        learn(cells)
        err = capsys.readouterr().err
        assert f"labels like {cells[0]!r}, read as one" in err
        assert "use --tags instead of --tasks" in err
        assert learn(cells, tags=True)[0].labels != cells  # as advised

    def test_labels_with_commas_are_labels(self, capsys):
        learn(["Toys, games", "Health, beauty", "Books"])
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("separator", ["|", ", ", AS_LISTS])
    def test_labels_come_back_as_they_are_written(self, separator):
        for labels in (["a", "b c"], ["a"], []):
            assert split(join(labels, separator), separator) == labels

    def test_a_label_does_not_hold_its_separator(self):
        assert separator_for(["a|b", "c"], None, "o.csv", "y") == ";"
        with pytest.raises(
            CommandError, match=r"'a;b' contains ';'.*another --separator"
        ):
            separator_for(["a;b"], ";", "o.csv", "y")
        assert separator_for(["a;b"], "|", "o.csv", "y") == "|"  # as advised
        # Lists, written out, may hold anything.
        assert separator_for(["a;b"], AS_LISTS, "o.csv", "y") == AS_LISTS


class TestOrder:
    @pytest.mark.parametrize(
        ("cells", "listed", "order"),
        [
            (["10", "9", "1"], None, ["1", "9", "10"]),
            ([10, 9, 1], None, [1, 9, 10]),
            ([10, 1], ["1", "9", "10"], [1, 9, 10]),
            (["low", "high"], ["low", "middle", "high"], ["low", "middle", "high"]),
            (["1.0", "2.0"], ["2", "1"], ["2.0", "1.0"]),
        ],
    )
    def test_of_numbers_and_of_words(self, cells, listed, order):
        assert learn(cells)[0].order(listed) == order

    def test_words_need_all_their_labels(self):
        column, _ = learn(["low", "high", "middle"])
        with pytest.raises(CommandError, match=r"--ordinal y=LOWEST,.*all of 'low'"):
            column.order(None)
        message = "lists 'low', 'high'. The column also holds 'middle'. List all"
        with pytest.raises(CommandError, match=message):
            column.order(["low", "high"])
        column.order(["low", "middle", "high"])  # as advised

    def test_several_labels_have_none(self):
        with pytest.raises(CommandError, match="several labels, which have no order"):
            learn([["a"], ["b"]])[0].order(None)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("7.", 7),
        ("70.00", 70),
        ("9" * 99, int("9" * 99)),
        ("9" * 100, None),
        (7, 7),
        (7.0, 7),
        *[(cell, None) for cell in ("07", "7.1", "7.10", "-", "", " 7", "7a", "1e3")],
        *[(cell, None) for cell in (True, False, 7.5, float("inf"), None, ["7"])],
    ],
)
def test_whole_numbers(cell, number):
    assert as_number(cell) == number


class TestMarks:
    """What several labels in a cell look like."""

    @pytest.mark.parametrize(
        ("cells", "separator"),
        [
            ([], None),
            (["a", "b"], None),
            (["['a']"], AS_LISTS),
            (["['a']", "b"], None),
            (["a,b", "a;b", "a|b"], "|"),  # the first of them where all are as many
            (["a,b", "a;b"], ";"),
            (["a,b", "a,b", "a;b"], ","),
            (["a,b,c", "a;b", "c;d"], ";"),  # cells are counted, not marks
        ],
    )
    def test_the_separator_is_that_of_most_cells(self, cells, separator):
        assert find_separator(cells) == separator

    @pytest.mark.parametrize(
        ("labels", "separator"),
        [
            (["a|b", "b|c", "a", "c"], "|"),
            (["a|b", "b|c", "a"], None),  # as many parts as labels
            (["a|b", "a", "b"], None),  # one label holds the mark
            (["a;b", "b;a", "a"], ";"),
            (["a, b", "b, c", "c", "a"], ","),
            (["a", "b"], None),
        ],
    )
    def test_joined_labels_have_parts_in_common(self, labels, separator):
        assert looks_joined(labels) == separator

    def test_lists_have_both_brackets(self):
        found = [looks_like_list(cell) for cell in ("[a]", "[a", "a]", "a", ["a"], 1)]
        assert found == [True, False, False, False, False, False]

    def test_parts_have_no_space_around_them(self):
        assert split(" a | b c||  |d", "|") == ["a", "b c", "d"]
        assert split("['a', 1]", AS_LISTS) == ["a", 1]
        for cell in ("{'a': 1}", "'a'", "[a]", "[" * 50):
            with pytest.raises(ValueError, match="is not a list of labels") as caught:
                split(cell, AS_LISTS)
            assert str(caught.value).startswith(repr(cell[:40]))

    def test_no_label_is_the_separator_alone(self):
        assert join([], "|") == "|"
        assert join([1, "b"], ", ") == "1, b"
        assert join([1, "b"], AS_LISTS) == "[1, 'b']"

    def test_a_separator_is_one_that_no_label_holds(self):
        assert separator_for(["a", 1], None, "o.csv", "y") == "|"
        assert separator_for(["a|b;c"], None, "o.csv", "y") == ","
        message = (
            r"^o\.csv cannot store several labels of 'y' in a cell: 'b\|c;d,e' "
            r"contains '\|'\. Use another --separator, or write JSON lines "
            r"\(\.jsonl\)\.$"
        )
        with pytest.raises(CommandError, match=message):
            separator_for(["a", "b|c;d,e"], None, "o.csv", "y")


class TestAttributes:
    def test_before_learning(self):
        column = LabelColumn("y")
        assert (column.tags, column.separator, column.missing) == (False, None, ())
        assert column.holds_lists is column.joined is False
        assert column.labels == []

    @pytest.mark.parametrize(
        ("cells", "tags", "holds_lists", "joined"),
        [
            (["a", "b"], False, False, False),
            (["a|b", "b"], True, True, True),
            ([["a"], ["b"]], False, True, False),
            ([["a"], ["b"]], True, True, False),
            ([["a"], "a|b"], True, True, True),
            ([1, 2], True, True, False),
        ],
    )
    def test_after_learning(self, cells, tags, holds_lists, joined):
        column, read = learn(cells, tags=tags)
        assert (column.holds_lists, column.joined) == (holds_lists, joined)
        assert all(isinstance(cell, list) is holds_lists for cell in read)

    @pytest.mark.parametrize(
        ("cells", "missing", "read"),
        [
            ([1, 0, 2], (), [1, 0, 2]),
            ([1, 0, 2], ("0",), [1, None, 2]),
            ([True, False], ("False",), [True, None]),
            ([True, False], ("0",), [True, False]),
            ([1.0, float("nan"), None], (), [1.0, None, None]),
            ([["a"], []], ("a", "[]"), [["a"], []]),
            (["a", "b", "\t"], ("b",), ["a", None, None]),
        ],
    )
    def test_missing_cells(self, cells, missing, read):
        assert learn(cells, missing=missing)[1] == read

    def test_a_number_of_another_spelling_is_told_of_once(self, capsys):
        learn(["5", "6", "-1.0", "-1", "-1.0"], missing=["-1"])
        assert capsys.readouterr().err == (
            "sklearn_mtl: warning: t.csv: column 'y' contains '-1.0', another spelling "
            "of --missing '-1'. These cells are also read as missing.\n"
        )

    def test_the_shortest_spelling_of_a_number_is_kept(self, capsys):
        cells = ["1.00", "1.0", "2.", "2.00", "3"]
        assert learn(cells)[1] == ["1.0", "1.0", "2.", "2.", "3"]
        assert capsys.readouterr().err == (
            "sklearn_mtl: warning: t.csv: in column 'y' equal numbers are "
            "read as one label: '1.00' as '1.0', '2.00' as '2.'.\n"
        )

    def test_five_spellings_are_enough(self, capsys):
        cells = [word for k in range(6) for word in (f"{k}", f"{k}.0")]
        learn(cells)
        err = capsys.readouterr().err
        assert "'4.0' as '4'.\n" in err
        assert "5" not in err

    def test_numbers_in_lists_have_one_spelling(self):
        column, cells = learn([["1", "2"], ["1.0"], None])
        assert cells == [["1", "2"], ["1"], None]
        assert column.labels == ["1", "2"]

    def test_an_order_may_list_more_than_numbers(self):
        assert learn([10, 1])[0].order(["1", "x", "10"]) == [1, "x", 10]

    def test_labels_of_another_table(self, capsys):
        column, _ = learn(list("abcd"))
        with pytest.raises(CommandError) as caught:
            column.read(table(list("wxyz"), "test.csv"))
        assert str(caught.value) == (
            "test.csv and the training table have no label in common in column 'y': "
            "'w', 'x', 'y', ... (4 in all) here, 'a', 'b', 'c', ... (4 in all) there. "
            "Use the same spelling and type in both tables."
        )
        assert column.read(table([None, ""])) == [None, None]
        assert column.read(table(["a", "w"], "test.csv")) == ["a", "w"]
        assert capsys.readouterr().err == (
            "sklearn_mtl: warning: test.csv: column 'y' has labels that are not in the "
            "training table: 'w'. They count as errors.\n"
        )

    def test_a_table_of_lists(self):
        column, _ = learn([["a"], ["b"]])
        with pytest.raises(CommandError) as caught:
            column.read(table([["a"], None, "a"], "test.csv"))
        assert str(caught.value) == (
            "test.csv, line 4: column 'y' holds one label in a cell, 'a', and several "
            "labels in the training table. Use --tags instead of --tasks for this "
            "column."
        )


class TestKinds:
    """What the library would refuse is told by the line of the file."""

    @pytest.mark.parametrize(
        ("cells", "message"),
        [
            (["a", ["a", "b"]], r"\['a', 'b'\] in line 3, and one .* 'a' in line 2"),
            ([[1, 0], [0, 1]], r"line 2: .*vectors of 0 and 1, \[1, 0\]"),
            (["a", "b\0"], r"line 3: .* ends in a NUL"),
            ([1, 2**63], r"line 3: .*9223372036854775808, .*too large"),
            ([1.0, 2**53 + 1], r"line 3: .*9007199254740993, .*too large"),
            ([[1], [True]], r"1 in line 2 is a number, True in line 3 is a boolean"),
            ([[1], ["a", 2]], r"1 in line 2 is a number, 'a' in line 3 is a string"),
        ],
    )
    def test_what_is_refused(self, cells, message):
        with pytest.raises(CommandError, match=message):
            learn(cells)

    @pytest.mark.parametrize(
        "cells",
        [
            [[1, 0], [0]],
            [["0", "1"], ["1", "0"]],
            [[0], [1]],
            [2**63 - 1, 1],
            [2.0**60, 1.0],
            ["a\0b", "b"],
            [None, [], ["a"]],
        ],
    )
    def test_what_is_taken(self, cells):
        as_label_table({"y": learn(cells)[1]}, what="labels")  # and by the library


class TestDoubts:
    @pytest.mark.parametrize(
        ("cells", "words"),
        [
            (["a", "a", ""], "single label, 'a', which"),
            ([["a"], ["a"], []], None),
            (range(21), "21 labels in 21 labelled cells"),
            (range(20), None),
            ([*range(21), *range(21)], None),
            ([*range(22), *range(21)], "22 labels in 43 labelled cells"),
            ([[k] for k in range(30)], None),
        ],
    )
    def test_of_few_cells(self, cells, words, capsys):
        learn(list(cells))
        err = capsys.readouterr().err
        assert words in err if words else err == ""

    @pytest.mark.parametrize(
        ("cells", "words"),
        [
            (["Red", "red", "blue "], "spaces: 'Red', 'red'. They"),
            ([["a b"], ["a  b"]], "spaces: 'a b', 'a  b'. They"),
            (["a", "b"], None),
            (["ab", "a b"], None),
        ],
    )
    def test_of_spellings(self, cells, words, capsys):
        learn(cells)
        err = capsys.readouterr().err
        assert words in err if words else err == ""

    @pytest.mark.parametrize(
        ("cells", "tags", "n_cells"),
        [
            (["a", "NA", "NA "], False, 2),  # one warning each
            ([1, 2], False, 0),
            (["a", "nap"], False, 0),
            ([["a", "NA"], ["NA"]], False, 1),
            ([["NA"], "a|b"], True, 1),
        ],
    )
    def test_of_missing_labels(self, cells, tags, n_cells, capsys):
        learn(cells, tags=tags)
        assert capsys.readouterr().err.count("read as a label") == n_cells

    def test_of_joined_labels(self, capsys):
        for labels in ([1, "a|b", "b|a", "a"], ["x|y", "b"], ["[a", "b]"]):
            warn_of_joined_labels("t.csv", "y", labels)
        assert capsys.readouterr().err == ""
        warn_of_joined_labels("t.csv", "y", ["b", "a;b", "a", "b;a"])
        assert "labels like 'a;b', read as one" in capsys.readouterr().err
        warn_of_joined_labels("t.csv", "y", ["b", "['a']"])
        assert "labels like \"['a']\", read as one" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("cells", "separator", "told"),
        [
            (["a|b", "a"], "|", False),
            (["a", "b"], "|", True),
            (["a", "b"], AS_LISTS, False),
            ([["a"], None], "|", False),
            ([["a"], "a"], "|", True),
        ],
    )
    def test_of_the_separator(self, cells, separator, told, capsys):
        warn_of_separator(table(cells), "y", separator)
        assert (capsys.readouterr().err != "") is told


class TestHeldOut:
    """Whether rows that are held out can be scored on at all."""

    def hold_out(self, monkeypatch, labels, held):
        split = (["x"], ["x"], labels, held)
        monkeypatch.setattr(_fit, "train_test_split", lambda *given, **settings: split)
        return _fit.hold_out(table(["a"]), ["x"], labels, 0.5, 0)

    @pytest.mark.parametrize(
        ("labels", "held"),
        [
            ({"y": ["a"], "z": [None]}, {"y": ["a"], "z": ["b"]}),  # none to learn
            ({"y": ["a"], "z": ["b"]}, {"y": ["b"], "z": [None]}),  # none to score on
            ({"y": [["a"]]}, {"y": [["b"]]}),
        ],
    )
    def test_too_few_rows(self, monkeypatch, labels, held):
        with pytest.raises(CommandError, match=r"^t\.csv has too few rows to hold"):
            self.hold_out(monkeypatch, labels, held)

    def test_labels_in_one_of_two_tasks_are_enough(self, monkeypatch, capsys):
        labels = {"y": ["a"], "z": [["b"]]}
        held = {"y": ["a"], "z": [["d", "c"]]}
        larger, smaller = self.hold_out(monkeypatch, labels, held)
        assert (larger, smaller) == ((["x"], labels), (["x"], held))
        assert capsys.readouterr().err == (
            "sklearn_mtl: warning: t.csv: column 'z' has labels that occur only "
            "in held-out rows: 'c', 'd'. They count as errors. Use another --seed to "
            "hold out other rows.\n"
        )


def test_the_baseline_reads_words_and_pairs_of_them(monkeypatch):
    made = []

    def spy(kind):
        def make(**settings):
            made.append(settings)
            return kind(**settings)

        return make

    monkeypatch.setattr(_demo, "TfidfVectorizer", spy(TfidfVectorizer))
    monkeypatch.setattr(_demo, "LinearSVC", spy(LinearSVC))
    train = ["a1 b1", "b1 a1", "c1 a1"] * 2, {"y": ["u", "v", "v"] * 2}
    scores, _ = _demo.fit_linear(train, train)
    assert scores["y"]["accuracy"] == 1
    assert made == [{"ngram_range": (1, 2), "dtype": np.float32}, {"random_state": 0}]


def test_rows_without_words_are_told_in_the_words_of_the_command():
    with pytest.raises(
        CommandError, match=r"Cannot fit: .*no words\. Check that --text"
    ):
        fit(["", " "], {"y": ["a", "b"]})
