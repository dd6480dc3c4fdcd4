"""Every block of Python in the README, under docs/ and in examples/ runs."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("**/*.md")),
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def python_blocks(page):
    """Yield each block's code, led by empty lines so that tracebacks name the line."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        yield "\n" * text.count("\n", 0, block.start(1)) + block.group(1)


def test_the_readme_has_examples():
    assert list(python_blocks(ROOT / "README.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for code in python_blocks(page):
        exec(compile(code, str(page), "exec"), namespace)


SESSION = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_SESSIONS = [page for page in PAGES if SESSION.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: page.name)
def test_sessions_print_what_they_show(page):
    text = "\n\n".join(SESSION.findall(page.read_text(encoding="utf-8")))
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    said = []
    results = doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
    assert results.attempted
    assert not results.failed, "".join(said)


def test_the_readme_shows_what_its_first_example_prints(capsys):
    first = next(python_blocks(ROOT / "README.md"))
    code, shown = first.split("\n# ")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing, f"{page.name} links to files that do not exist: {missing}"


def test_the_readme_has_the_test_command_where_ci_looks_for_it():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- test command -->\n```bash\n(.*?)```", text, re.DOTALL)
    assert found, "the marker `<!-- test command -->` must stand right above its block"
    (line,) = found.group(1).splitlines()
    assert line.startswith("python3 -m venv")
    assert line.endswith("-m pytest -n 2")


MODULES = sorted((ROOT / "sklearn_mtl").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_headings_of_docstrings_stand_alone(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"^ *\w[\w ]* -{4,}", text, re.MULTILINE)
