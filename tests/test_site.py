"""What docs/build.py says of links, and the pages that others are shown by."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imported(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def build():
    return imported(ROOT / "docs" / "build.py")


@pytest.fixture(scope="module")
def root_pages():
    return imported(ROOT / "docs" / "_ext" / "root_pages.py")


def test_links_of_a_site_are_followed(build, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="sub/page.html#here">1</a> <a href="sub/page.html#gone">2</a>'
        '<a href="sub/">3</a> <img src="none.png"> <a href="https://nothing">5</a>'
        '<a href="https://scikit-learn.org/x">6</a> <a href="mailto:a@b.c">7</a>'
        '<a href="#top">8</a> <b id="top"></b>',
        encoding="utf-8",
    )
    (tmp_path / "sub" / "page.html").write_text('<p id="here">', encoding="utf-8")
    (tmp_path / "llms.txt").write_text("[a](index.html) [b](c.html)", encoding="utf-8")
    assert build.broken_links(tmp_path) == [
        "index.html: sub/page.html#gone leads to no place on its page",
        "index.html: sub/ leads to no file",
        "index.html: none.png leads to no file",
        "index.html: https://nothing is no address",
        "llms.txt: c.html leads to no file",
    ]


def test_links_of_markdown_are_followed(build, tmp_path):
    page = tmp_path / "README.md"
    (tmp_path / "other.md").write_text("# A `b`, c!\n", encoding="utf-8")
    page.write_text(
        "# Top\n[1](other.md#a-b-c) [2](other.md#d) [3](#top) [4](#bottom) [5](no.md)\n"
        '<img src="no.png"> [6](ftp://a.b)\n```\n[7](in-code.md)\n```\n',
        encoding="utf-8",
    )
    assert build.broken_markdown_links(page) == [
        "README.md: other.md#d leads to no heading",
        "README.md: #bottom leads to no heading",
        "README.md: no.md leads to no file",
        "README.md: no.png leads to no file",
        "README.md: ftp://a.b is no address",
    ]


def test_the_readme_has_no_broken_link(build):
    assert build.broken_markdown_links(ROOT / "README.md") == []


def test_links_lead_to_pages_that_show_a_file(root_pages):
    pages = root_pages.shown_files()
    text = "[a](CHANGELOG.md) [b](docs/measured.md#files) [c](https://a.b/c.md) [d](#e)"
    assert root_pages.within_site(text, ROOT / "SECURITY.md", pages) == (
        "[a](/changelog.md) [b](/measured.md#files) [c](https://a.b/c.md) [d](#e)"
    )
    script = "[e](../examples/plot_displays.py)"
    found = root_pages.within_site(script, ROOT / "docs" / "displays.md", pages)
    assert found == "[e](/gallery/plot_displays.rst)"


@pytest.mark.parametrize("page", ["guide", "project", "index"])
def test_lists_of_pages_are_whole(page):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    listed = re.search(r"\{toctree\}\n:hidden:\n\n(.*?)```", text, re.DOTALL)[1].split()
    for name in listed:
        assert name == "gallery/index" or any(
            (ROOT / "docs" / f"{name}{suffix}").exists() for suffix in (".md", ".rst")
        )
        assert page == "index" or f"({name}.md)" in text or name == "service"


def test_every_page_is_in_a_list():
    docs = ROOT / "docs"
    lists = "".join((docs / f"{n}.md").read_text("utf-8") for n in ("guide", "project"))
    lists += (docs / "index.md").read_text(encoding="utf-8")
    missing = [p.stem for p in docs.glob("*.md") if f"\n{p.stem}\n" not in lists]
    assert missing == ["index"]


def test_the_front_page_shows_what_is_printed():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    shown = re.search(r"```text\n(.*?)\n```", text, re.DOTALL)[1]
    *lines, last = code.strip().splitlines()
    namespace = {}
    exec("\n".join(lines), namespace)
    assert repr(eval(last, namespace)) == shown


def test_what_a_language_model_reads_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "llms.txt").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    namespace = {}
    exec(code, namespace)
    assert "sklearn_mtl" in sys.modules
    assert namespace["clf"].n_outputs_ == 2
