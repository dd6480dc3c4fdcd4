"""Tables in files: every format there and back, and every way a file can be wrong."""

import csv
import gzip
import os
import re
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_mtl._cli import _files
from sklearn_mtl._cli._csv import LONGEST_CELL, _is_plain, csv_text
from sklearn_mtl._cli._encodings import decode
from sklearn_mtl._cli._errors import CommandError, UsageError
from sklearn_mtl._cli._files import check_output, write_bytes
from sklearn_mtl._cli._formats import json_lines
from sklearn_mtl._cli._tables import (
    Dialect,
    Table,
    check_format,
    read_table,
    table_format,
    write_table,
)

TEXT_FORMATS = ["csv", "tsv", "jsonl", "ndjson"]
ALL_FORMATS = [*TEXT_FORMATS, "parquet", *(f"{name}.gz" for name in TEXT_FORMATS)]

COLUMNS = {
    "body": ["a, b", 'say "x"', "two\nlines", "", "tab\there", "carriage\rreturn"],
    "tone": ["é", "漢字", "😉", " padded ", "none", "\u2028"],
}


def write(path, contents):
    data = contents if isinstance(contents, bytes) else contents.encode()
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("ending", ALL_FORMATS)
def test_strings_come_back_from_every_format(tmp_path, ending):
    path = str(tmp_path / f"table.{ending}")
    write_table(path, COLUMNS)
    assert read_table(path).columns == COLUMNS


names = st.text(min_size=1).filter(lambda name: not name.startswith("\ufeff"))


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    data=st.data(),
    header=st.lists(names, min_size=1, max_size=3, unique=True),
    n_rows=st.integers(1, 4),
    ending=st.sampled_from(TEXT_FORMATS),
)
def test_any_strings_come_back(tmp_path, data, header, n_rows, ending):
    cells = st.lists(st.text(), min_size=n_rows, max_size=n_rows)
    columns = {name: data.draw(cells) for name in header}
    path = str(tmp_path / f"table.{ending}")
    write_table(path, columns)
    assert read_table(path).columns == columns


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "parquet"])
def test_types_come_back_where_the_format_has_them(tmp_path, ending):
    columns = {"n": [1, None, 3], "x": [0.5, 2.0, None], "b": [True, False, None]}
    path = str(tmp_path / f"table.{ending}")
    write_table(path, columns)
    found = read_table(path).columns
    assert found == columns
    assert [type(cell) for cell in found["b"]] == [bool, bool, type(None)]


def test_csv_writes_none_as_an_empty_cell(tmp_path):
    path = tmp_path / "table.csv"
    write_table(str(path), {"a": ["x", None], "b": [None, True]})
    assert path.read_text() == "a,b\nx,\n,True\n"


def test_json_lines_write_null_for_what_json_has_no_number_for(tmp_path):
    path = tmp_path / "table.jsonl"
    write_table(str(path), {"x": [float("nan"), float("inf"), 1.0]})
    assert path.read_text() == '{"x": null}\n{"x": null}\n{"x": 1.0}\n'


def test_half_a_surrogate_pair_does_not_stop_the_writing(tmp_path):
    path = str(tmp_path / "table.jsonl")
    write_table(path, {"x": ["a\ud83d"]})
    assert read_table(path).columns == {"x": ["a?"]}


def test_equal_tables_give_equal_gzip_files(tmp_path):
    first, second = tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"
    write_table(str(first), COLUMNS)
    write_table(str(second), COLUMNS)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[4:8] == bytes(4)  # the time stamp


def test_a_delimiter_is_for_csv_only(tmp_path):
    columns = {"a": ["1;2"], "b": ["x,y"]}
    csv_path, tsv_path = tmp_path / "table.csv", tmp_path / "table.tsv"
    write_table(str(csv_path), columns, Dialect(";"))
    write_table(str(tsv_path), columns, Dialect(";"))
    assert csv_path.read_text() == 'a;b\n"1;2";x,y\n'
    assert tsv_path.read_text() == "a\tb\n1;2\tx,y\n"
    assert read_table(str(csv_path), Dialect(";")).columns == columns
    assert read_table(str(tsv_path), Dialect(";")).columns == columns


def test_gzip_is_known_by_its_contents_too(tmp_path):
    path = write(tmp_path / "table.csv", gzip.compress(b"a,b\n1,2\n"))
    assert read_table(path).columns == {"a": ["1"], "b": ["2"]}


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = write(tmp_path / "table.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n")
    assert read_table(path).columns == {"a": ["1"], "b": ["2"]}


def test_empty_lines_are_skipped_and_lines_counted(tmp_path):
    path = write(tmp_path / "table.csv", '\na,b\n\n1,"2\n2"\n\n3,4\n\n')
    table = read_table(path)
    assert table.columns == {"a": ["1", "3"], "b": ["2\n2", "4"]}
    assert [table.place(row) for row in range(2)] == ["line 4", "line 7"]


def test_an_empty_line_is_an_empty_cell_where_there_is_one_column(tmp_path):
    path = write(tmp_path / "table.csv", "body\none\n\nthree\n\n\n")
    assert read_table(path).columns == {"body": ["one", "", "three"]}


def test_a_long_cell_is_read(tmp_path):
    long = "x" * 200_000
    path = write(tmp_path / "table.csv", f"body\n{long}\n")
    assert read_table(path).columns == {"body": [long]}


def test_json_keys_may_be_absent(tmp_path):
    path = write(tmp_path / "t.jsonl", '{"a": "x"}\n\n{"b": 2, "a": "y"}\r\n')
    table = read_table(path)
    assert table.columns == {"a": ["x", "y"], "b": [None, 2]}
    assert table.place(1) == "line 3"


def test_parquet_rows_have_no_lines(tmp_path):
    path = str(tmp_path / "t.parquet")
    write_table(path, {"a": ["x"]})
    assert read_table(path).place(0) == "row 1"


class TestQuotationMarks:
    """In TSV they are characters wherever they cannot hold a cell together."""

    PLAIN = {
        "a quoted beginning": ('"I love it". So do I', "x"),
        "lines between marks": ('"starts here', "between", 'ends here"'),
        "an inch": ('15" screen', "x"),
        "a single mark": ('"', "x"),
    }

    @pytest.mark.parametrize("texts", PLAIN.values(), ids=PLAIN)
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_that_are_characters(self, tmp_path, texts, end):
        rows = ["text\ty", *(f"{text}\t1" for text in texts)]
        path = write(tmp_path / "t.tsv", end.join(rows) + end)
        table = read_table(path)
        assert table.columns == {"text": list(texts), "y": ["1"] * len(texts)}
        assert table.place(1) == "line 3"
        # They are written as they were read, and read as they were written.
        out = str(tmp_path / "out.tsv")
        write_table(out, table.columns, Dialect(quoting=table.quoting))
        assert (tmp_path / "out.tsv").read_text() == "\n".join(rows) + "\n"
        assert read_table(out).columns == table.columns

    @pytest.mark.parametrize(
        ("contents", "texts"),
        [
            ('"say ""x"""\t1\n"say"\t1\n', ['say "x"', "say"]),
            ('"two\nlines"\t1\n', ["two\nlines"]),
            ('"a\ttab"\t1\n', ["a\ttab"]),
        ],
    )
    def test_that_hold_cells_together(self, tmp_path, contents, texts):
        path = write(tmp_path / "t.tsv", f"text\ty\n{contents}")
        assert read_table(path).columns["text"] == texts

    def test_a_header_in_marks_shows_the_rules(self, tmp_path):
        path = write(tmp_path / "t.tsv", '"text"\t"y"\n"a\nb\tc"\t"1"\n')
        assert read_table(path).columns == {"text": ["a\nb\tc"], "y": ["1"]}

    def test_what_would_be_misread_is_written_in_marks(self, tmp_path):
        columns = {"x": ["1"], "y": ["a\nb\tc"]}
        path = tmp_path / "t.tsv"
        write_table(str(path), columns)
        assert path.read_text() == '"x"\t"y"\n"1"\t"a\nb\tc"\n'
        assert read_table(str(path)).columns == columns

    def test_one_column_follows_the_rules_unless_it_breaks_them(self, tmp_path):
        path = write(tmp_path / "t.tsv", 'text\n"I" said\nyes\n')
        assert read_table(path).columns == {"text": ['"I" said', "yes"]}
        write(tmp_path / "t.tsv", 'text\n"two\nlines"\n')
        assert read_table(path).columns == {"text": ["two\nlines"]}

    def test_csv_follows_the_rules(self, tmp_path, capsys):
        path = write(tmp_path / "t.csv", 'text,y\n"I love it". So do I,1\n')
        with pytest.raises(CommandError, match=r"line 2: .* use --quoting none\."):
            read_table(path)
        found = read_table(path, Dialect(quoting="none"))  # as advised
        assert found.columns["text"] == ['"I love it". So do I']
        write(tmp_path / "t.csv", 'text,y\n"starts,1\nends",1\n')
        assert read_table(path).columns["text"] == ["starts,1\nends"]
        err = capsys.readouterr().err
        assert "quotation marks join lines" in err
        plain = read_table(path, Dialect(quoting="none"))  # as advised
        assert plain.columns["text"] == ['"starts', 'ends"']
        read_table(path, Dialect(quoting="csv"))
        assert capsys.readouterr().err == ""

    def test_a_tab_needs_them(self, tmp_path):
        path = write(tmp_path / "t.tsv", 'text\ty\n"a\tb"\t1\n')
        message = "line 2: 3 cells.* marks, which needs --quoting csv"
        with pytest.raises(CommandError, match=message):
            read_table(path, Dialect(quoting="none"))
        found = read_table(path, Dialect(quoting="csv"))  # as advised
        assert found.columns["text"] == ["a\tb"]

    def test_cells_that_need_them_get_them(self, tmp_path):
        path = str(tmp_path / "t.csv")
        write_table(path, {"a": ['1" x', "b,c"]}, Dialect(quoting="none"))
        assert read_table(path).columns == {"a": ['1" x', "b,c"]}


class TestEncodings:
    @pytest.mark.parametrize("ending", ["csv", "tsv.gz", "jsonl"])
    @pytest.mark.parametrize(
        "encoding", ["latin-1", "utf-16", "utf-16-le", "utf-8-sig"]
    )
    def test_in_and_out(self, tmp_path, ending, encoding):
        path, dialect = str(tmp_path / f"t.{ending}"), Dialect(encoding=encoding)
        write_table(path, {"é": ["ü, ñ"]}, dialect)
        assert read_table(path, dialect).columns == {"é": ["ü, ñ"]}

    @pytest.mark.parametrize(
        ("encoding", "message"),
        [
            (
                "latin-1",
                r"byte 0xe9 in line 3\. Decoded as cp1252 .* 'é,2': "
                r".* --encoding (cp1252)\.",
            ),
            ("utf-16", r"byte 0xff in line 1\. It looks like .* --encoding (utf-16)\."),
            ("utf-16-le", r"every other byte is 0\. Use --encoding (utf-16-le)\."),
            ("utf-16-be", r"every other byte is 0\. Use --encoding (utf-16-be)\."),
        ],
    )
    def test_others_than_utf_8_are_found_out(self, tmp_path, encoding, message):
        contents = "text,topic\nabc,1\né,2\n"
        path = write(tmp_path / "t.csv", contents.encode(encoding))
        with pytest.raises(CommandError, match=message) as caught:
            read_table(path)
        advice = re.search(message, str(caught.value))[1]
        table = read_table(path, Dialect(encoding=advice))
        assert table.columns == {"text": ["abc", "é"], "topic": ["1", "2"]}

    @pytest.mark.parametrize(
        ("contents", "words"),
        [
            (b"a,b\n" + b"x" * 30 + b"\xe9" + b"y" * 30, f"'{'x' * 20}é{'y' * 19}'"),
            ("a\n漢ワ\n".encode("shift_jis"), "Decoded as shift_jis it reads '漢ワ'"),
            (b"a\n\x81\xff\n", "Pass its encoding, such as --encoding latin-1"),
        ],
    )
    def test_advice_shows_the_text(self, contents, words):
        with pytest.raises(CommandError) as caught:
            decode("t.csv", contents)
        assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("contents", "encoding", "message"),
        [
            ("a".encode("utf-16"), "latin-1", "mark of UTF-16.* --encoding utf-16"),
            ("é".encode("utf-8-sig"), "latin-1", "mark of UTF-8.*Remove --encoding"),
        ],
    )
    def test_a_mark_of_another_one(self, contents, encoding, message):
        with pytest.raises(CommandError, match=message):
            decode("t.csv", contents, encoding)

    @pytest.mark.parametrize(
        ("contents", "encoding", "doubted"),
        [
            ("é", "latin-1", True),
            ("é", "utf8", False),
            ("e", "latin-1", False),
        ],
    )
    def test_utf_8_read_as_another(self, contents, encoding, doubted, capsys):
        decode("t.csv", contents.encode(), encoding)
        assert ("also valid UTF-8" in capsys.readouterr().err) == doubted

    def test_a_wrong_one(self, tmp_path):
        path = write(tmp_path / "t.csv", "a,b\n1,é\n".encode())
        message = r"not ascii: byte 0xc3 in line 2\. Use another --encoding"
        with pytest.raises(CommandError, match=message):
            read_table(path, Dialect(encoding="ascii"))

    def test_a_character_that_it_lacks(self, tmp_path):
        path = tmp_path / "t.csv"
        with pytest.raises(CommandError, match=r"Cannot write .*Remove --encoding"):
            write_table(str(path), {"a": ["漢"]}, Dialect(encoding="latin-1"))
        write_table(str(path), {"a": ["漢"]})  # as advised
        assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]

    def test_a_character_0_is_a_character(self, tmp_path):
        path = write(tmp_path / "t.csv", "text,topic\na\0b,1\n")
        assert read_table(path).columns == {"text": ["a\0b"], "topic": ["1"]}


BROKEN = {
    "empty": ("t.csv", b"", r"t\.csv is empty"),
    "blank": ("t.jsonl", b" \n\n", r"t\.jsonl is empty"),
    "header alone": ("t.csv", b"a,b\n", "column names but no rows"),
    "ragged": ("t.csv", b"a,b\n1,2\n\n1,2,3\n", r"line 4: 3 cells, but .* has 2.*','"),
    "quote left open": ("t.csv", b'a,b\n1,2\n"1,2\n3,4\n', "line 3: .*quotation mark"),
    "quote in a cell": ("t.csv", b'a,b\n"x"y,2\n', "line 2: .*doubled"),
    "not UTF-8": (
        "t.csv",
        b"a,b\n1,\xe9\n",
        "not UTF-8: .* in line 2.*as UTF-8",
    ),
    "UTF-16": ("t.csv", "a,b\n1,2\n".encode("utf-16"), "looks like UTF-16"),
    "not gzip": ("t.csv.gz", b"a,b\n1,2\n", "not a complete gzip file"),
    "gzip cut off": (
        "t.csv.gz",
        gzip.compress(b"a,b\n1,2")[:-6],
        "not a complete gzip",
    ),
    "not JSON": ("t.jsonl", b'{"a": 1}\n{"a": }\n', "line 2: not valid JSON"),
    "deep JSON": ("t.jsonl", b"[" * 100_000, "line 1: not valid JSON"),
    "no object": ("t.jsonl", b'{"a": 1}\n[1, 2]\n', r"line 2: must be an object.*\[1"),
    "key twice": ("t.jsonl", b'{"a": 1, "a": 2}\n', "line 1: .*occurs twice"),
    "no keys": ("t.jsonl", b"{}\n", "only objects without keys"),
    "not Parquet": ("t.parquet", b"a,b\n1,2\n", "Cannot read .* as Parquet"),
}


@pytest.mark.parametrize(("name", "contents", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_files_are_told_from_each_other(tmp_path, name, contents, message):
    path = write(tmp_path / name, contents)
    with pytest.raises(CommandError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_names_may_stand_twice_where_the_columns_are_not_used(tmp_path):
    path = write(tmp_path / "t.csv", "v1,v2,,,\nham,hi,,,x\n")
    table = read_table(path)
    table.check_columns(["v1", "v2"])
    assert list(table.columns) == ["v1", "v2", "", ".1", ".2"]
    assert table.columns[".2"] == ["x"]
    with pytest.raises(CommandError, match=r"several columns named ''\. Rename them"):
        table.check_columns([""])
    write(tmp_path / "t.csv", "v1,v2,a,b,c\nham,hi,,,x\n")
    read_table(path).check_columns(["c"])  # as advised


def test_numbered_names_leave_other_names_alone(tmp_path):
    path = write(tmp_path / "t.csv", "a,a,a.1,a\n1,2,3,4\n")
    columns = {"a": ["1"], "a.2": ["2"], "a.1": ["3"], "a.3": ["4"]}
    assert read_table(path).columns == columns


def test_parquet_names_may_stand_twice_too(tmp_path):
    path = str(tmp_path / "t.parquet")
    table = pyarrow.table([[1], [2], [3]], names=["a", "a", "b"])
    pyarrow.parquet.write_table(table, path)
    found = read_table(path)
    assert found.columns == {"a": [1], "a.1": [2], "b": [3]}
    found.check_columns(["b"])
    with pytest.raises(CommandError, match="several columns named 'a'"):
        found.check_columns(["a"])
    pyarrow.parquet.write_table(table.select([]), path)
    with pytest.raises(CommandError, match="has no columns"):
        read_table(path)


def test_a_row_may_end_after_the_columns_in_use(tmp_path):
    path = write(tmp_path / "t.tsv", "a\tb\tc\n1\t2\t3\n4\t5\n")
    table = read_table(path)
    table.check_columns(["a", "b"])
    assert table.columns["c"] == ["3", ""]
    message = r"line 3: the row ends after 2 cells, before column 'c'.*Write a delim"
    with pytest.raises(CommandError, match=message):
        table.check_columns(["a", "c"])
    write(tmp_path / "t.tsv", "a\tb\tc\n1\t2\t3\n4\t5\t\n")
    read_table(path).check_columns(["a", "c"])  # as advised


def test_empty_cells_beyond_the_header_are_none(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n1,2,,\n")
    assert read_table(path).columns == {"a": ["1"], "b": ["2"]}


def test_parquet_refuses_mixed_cells_and_names_a_way_out(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(CommandError, match=r"column has one type.*JSON.*\.jsonl"):
        write_table(str(path), {"a": ["x", 1]})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match=r"Cannot read .*no\.csv: No such file"):
        read_table(str(tmp_path / "no.csv"))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CommandError, match=r"Cannot read .*folder\.csv"):
        read_table(str(tmp_path / "folder.csv"))


def test_a_failed_writing_leaves_nothing_behind(tmp_path):
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(CommandError, match="Cannot write"):
        write_table(str(tmp_path / "t.csv"), {"a": ["x"]})
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_the_longest_name_can_be_written(tmp_path):
    path = tmp_path / f"{'x' * 251}.csv"
    write_table(str(path), {"a": ["1"]})
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.csv").symlink_to("t.csv")
    write_table(str(tmp_path / "link.csv"), {"a": ["1"]})
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "t.csv").read_text() == "a\n1\n"


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(CommandError, match=r"Cannot write .*t\.csv: No space left"):
        write_table(str(tmp_path / "t.csv"), {"a": ["x"]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t", "t.gz", "t.txt", "t.xlsx", "t.parquet.gz"])
def test_unknown_formats(name):
    with pytest.raises(UsageError, match=r"ends in one of \.csv, \.tsv, .*\.gz"):
        check_format(name)


def test_endings_may_be_capital_letters(tmp_path):
    path = write(tmp_path / "T.CSV", "a\n1\n")
    assert read_table(path).columns == {"a": ["1"]}


@pytest.mark.parametrize("module", ["pyarrow", "pyarrow.parquet"])
def test_parquet_without_pyarrow_names_the_extra(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CommandError, match=r'pip install "sklearn-mtl\[parquet\]"'):
        check_format("t.parquet")


@pytest.mark.parametrize(
    ("header", "wanted", "message"),
    [
        (
            "body,tone",
            "Tone",
            "no column 'Tone'. Did you mean 'tone'. .*'body', 'tone'",
        ),
        ("body,topic", "topics", "Did you mean 'topic'"),
        ("body,topic", "xyz", "no column 'xyz'. Its columns are: 'body', 'topic'"),
        ("a,b", "a,b", "spaces between the names, not commas"),
        ("body;tone", "body", "separated by ';', use --delimiter"),
    ],
)
def test_unknown_columns(tmp_path, header, wanted, message):
    n_cells = header.count(",") + 1
    path = write(tmp_path / "t.csv", f"{header}\n{','.join('x' * n_cells)}\n")
    with pytest.raises(CommandError, match=message):
        read_table(path).check_columns([wanted])


def test_many_columns_are_not_all_listed(tmp_path):
    names = [f"column{k}" for k in range(100)]
    path = write(tmp_path / "t.csv", f"{','.join(names)}\n{','.join(names)}\n")
    with pytest.raises(CommandError, match=r"'column11', \.\.\. \(100 in all\)"):
        read_table(path).check_columns(["xyz"])


class TestUnmarkedUTF16:
    """It is known by every other byte of the start, if that is long enough."""

    @pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
    def test_by_the_length(self, name):
        assert decode("t", "a,bcdef".encode(name)) == "\0".join(
            ["", *"a,bcdef"] if name == "utf-16-be" else [*"a,bcdef", ""]
        )
        for text in ("a,bcdefg", "a,bcdefg" * 4 + "漢"):
            with pytest.raises(
                CommandError, match=f"^t looks .* Use --encoding {name}"
            ):
                decode("t", text.encode(name))

    @pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
    def test_by_one_character(self, name):
        data = ("a,bcdefg" * 3 + "a,bcdef\u0101").encode(name)
        assert decode("t", data).count("\0") == 31
        data = ("a,bcdefg" * 3 + "a,bcdef\0").encode(name)
        assert decode("t", data).count("\0") == 33

    def test_an_encoding_that_is_said_is_believed(self):
        assert len(decode("t", "a,bcdefg".encode("utf-16-le"), "utf-8")) == 16


def test_the_limit_of_the_csv_module_is_put_back(tmp_path):
    assert np.iinfo(np.int32).max == LONGEST_CELL
    before = csv.field_size_limit()
    read_table(write(tmp_path / "t.csv", "a\n1\n"))
    assert csv.field_size_limit() == before
    with pytest.raises(CommandError):
        read_table(write(tmp_path / "t.csv", 'a\n"1\n'))
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (
            'a,b\n1,2\n\n"x\ny",2\n"x"z,3\n',
            ", line 6: ',' expected after '\"'. A quotation mark may be unclosed, or "
            "not doubled inside a quoted cell. If quotation marks are ordinary "
            "characters, use --quoting none.",
        ),
        (
            "a,b\n1,2\n1,,\n1,2,3,4\n",
            ", line 4: 4 cells, but the header has 2. A cell that contains ',' or a "
            "line break must be in quotation marks.",
        ),
    ],
)
def test_the_line_of_an_error(tmp_path, contents, message):
    path = write(tmp_path / "t.csv", contents)
    with pytest.raises(CommandError) as caught:
        read_table(path)
    assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize(
    ("contents", "plain"),
    [
        ('a\tb\n"x" y\t1\n', True),
        ('a\tb\n"x"\t1\n', False),  # all marks enclose a cell
        ('a\tb\n"x"\t1\n"x" y\t1\n', True),
        ('a\tb\n"x" y\t1\n"x"\t1\n', True),
        ('a\tb\n"x""y"\t1\n', False),
        ('a\tb\nx"\t1\n1\n', False),  # not all lines are whole rows
        ('"a"\tb\nx"\t1\n', False),  # a header in marks
        ('\n"a"\tb\nx"\t1\n', False),
        ('a\n"x" y\n', True),
        ('a\n"x"\n', False),
        ('a\nx"\n', False),  # which follows the rules
        ('a"\tb\n"x" y\t1\n\n', True),
    ],
)
def test_marks_that_are_characters(contents, plain):
    assert _is_plain(contents, "\t") is plain


@pytest.mark.parametrize(
    ("columns", "delimiter", "quoting", "text"),
    [
        ({"a": ["1", None], "b": ['x"', "y"]}, "\t", "none", 'a\tb\n1\tx"\n\ty\n'),
        ({"a": ["x\ty"], "b": ['"']}, "\t", "none", 'a\tb\n"x\ty"\t""""\n'),
        ({"a": ["x\ry"]}, ",", "none", 'a\n"x\ry"\n'),
        ({"a": ["x\ny"]}, ",", None, 'a\n"x\ny"\n'),
        ({"a": ["x|y"]}, "|", "none", 'a\n"x|y"\n'),
        ({"a": ["x,y", ""], "b": ['"', None]}, ",", None, 'a,b\n"x,y",""""\n,\n'),
        ({"a": ["x"], "b": ['y"']}, "\t", None, 'a\tb\nx\t"y"""\n'),
        ({"a": ["", "x"]}, ",", None, 'a\n""\nx\n'),
    ],
)
def test_csv_as_text(columns, delimiter, quoting, text):
    assert csv_text(columns, delimiter, quoting) == text


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.csv", ("csv", False)),
        ("a.b.TSV.GZ", ("tsv", True)),
        ("a.csv.jsonl", ("jsonl", False)),
        ("a.gz.ndjson", ("jsonl", False)),
        ("a.parquet", ("parquet", False)),
        ("csv.gz/a.tsv", ("tsv", False)),
    ],
)
def test_formats_by_name(name, found):
    assert table_format(name) == found


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("body;tone", " If its cells are separated by ';', use --delimiter."),
        ("body\ttone", " If its cells are separated by '\\t', use --delimiter."),
        ("body|tone", " If its cells are separated by '|', use --delimiter."),
        ("a;b,body", " Did you mean 'body'?"),
        ("xyz", ""),
    ],
)
def test_hints_at_columns(header, hint):
    columns = {name: ["1"] for name in header.split(",")}
    with pytest.raises(CommandError) as caught:
        Table("t.csv", columns).check_columns(["bodi"])
    names = ", ".join(map(repr, columns))
    message = f"t.csv has no column 'bodi'.{hint} Its columns are: {names}."
    assert str(caught.value) == message


class TestOutputs:
    """Whether a file can be written is found out before there is anything to write."""

    def test_a_new_file(self, tmp_path):
        check_output(str(tmp_path / "new.csv"), [str(tmp_path / "no.csv")])

    def test_an_old_one(self, tmp_path):
        old, other = write(tmp_path / "old.csv", "a"), write(tmp_path / "b.csv", "b")
        check_output(old, [other, str(tmp_path / "no.csv")])
        (tmp_path / "link.csv").symlink_to(other)
        with pytest.raises(
            UsageError, match=r"link\.csv would overwrite an input file"
        ):
            check_output(str(tmp_path / "link.csv"), [old, other])

    def test_a_file_for_a_folder(self, tmp_path):
        path = f"{write(tmp_path / 'old.csv', 'a')}/new.csv"
        with pytest.raises(CommandError, match=r"there is no folder .*old\.csv\."):
            check_output(path, [])

    def test_a_folder_that_is_read_only(self, tmp_path, monkeypatch):
        asked = []
        monkeypatch.setattr(os, "access", lambda *given: asked.append(given))
        with pytest.raises(CommandError, match=r"the folder .* is read-only\."):
            check_output(str(tmp_path / "new.csv"), [])
        assert asked == [(tmp_path, os.W_OK)]

    def test_files_in_the_making_are_removed(self, tmp_path):
        paths = [tmp_path / name for name in "ab"]
        paths[0].write_text("x")
        _files.unfinished.update(paths)  # the second one is not there
        _files.remove_unfinished()
        assert list(tmp_path.iterdir()) == []
        assert _files.unfinished == set()
        write_bytes(str(tmp_path / "c"), b"x")
        assert _files.unfinished == set()


def test_json_lines_are_counted_from_one(tmp_path):
    path = write(tmp_path / "t.jsonl", '\n{"a": 1}\n \n{"b": "\u2028"}\n')
    table = read_table(path)
    assert table.columns == {"a": [1, None], "b": [None, "\u2028"]}
    assert table.lines == [2, 4]
    write(tmp_path / "t.jsonl", f'\n{{"a": 1}}\n  [{"1," * 30} 2]\n')
    with pytest.raises(CommandError) as caught:
        read_table(path)
    assert str(caught.value) == (
        f"{path}, line 3: must be an object, {{column: cell, ...}}. Got [{'1,' * 19}1"
    )


def test_json_lines_write_what_json_has_no_type_for_as_text():
    assert json_lines({"é": [1.5, -float("inf")], "b": [None, Path("x")]}) == (
        '{"é": 1.5, "b": null}\n{"é": null, "b": "x"}\n'
    )


def test_a_dialect_of_nothing_is_that_of_each_format():
    assert Dialect() == Dialect(delimiter=None, quoting=None, encoding=None)
    assert [Dialect().delimiter_of(kind) for kind in ("csv", "tsv")] == [",", "\t"]
    assert [Dialect(";").delimiter_of(kind) for kind in ("csv", "tsv")] == [";", "\t"]


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("a.xlsx", "Save the sheet as CSV"),
        ("a.json", r"one object per line and name it \.jsonl"),
        ("a.tab", r"rename it to \.tsv"),
        ("a.csv.zip", "pack it with gzip"),
    ],
)
def test_other_kinds_of_files_come_with_advice(path, advice):
    with pytest.raises(UsageError, match=advice):
        table_format(path)


def test_a_note_for_excel(tmp_path):
    path = write(tmp_path / "t.csv", "sep=;\nbody;topic\na;b\n")
    table = read_table(path, Dialect(";"))
    with pytest.raises(CommandError, match=r"a note for Excel\. Remove it"):
        table.check_columns(["body"])
