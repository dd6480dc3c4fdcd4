"""Pages of the site that are files elsewhere in the repository.

A page under docs/ that says ``<!-- page: ../CHANGELOG.md -->`` shows that file. In all
Markdown pages, links to such files, to examples and to the README become links within
the site.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SHOWN = re.compile(r"<!-- page: (\S+) -->")
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")


def shown_files():
    """Return the page of the site that shows each file outside docs/."""
    pages = {ROOT / "README.md": DOCS / "index.md"}
    for page in DOCS.glob("*.md"):
        found = SHOWN.match(page.read_text(encoding="utf-8"))
        if found:
            pages[(DOCS / found[1]).resolve()] = page
    for script in (ROOT / "examples").glob("*.py"):
        pages[script] = DOCS / "gallery" / f"{script.stem}.rst"
    pages[ROOT / "examples" / "README.md"] = DOCS / "gallery" / "index.rst"
    pages[ROOT / "examples"] = DOCS / "gallery" / "index.rst"
    return pages


def within_site(text, file, pages):
    """Return Markdown with links between files as links between pages.

    Parameters
    ----------
    text : str
        Of a file.

    file : path
        Where links in the text start from.

    pages : dict of {path: path}
        The page of each file that is outside docs/.
    """

    def replaced(link):
        target = (file.parent / link[1]).resolve()
        target = pages.get(target, target)
        if not target.is_relative_to(DOCS):
            return link[0]  # Sphinx warns of it
        return f"](/{target.relative_to(DOCS).as_posix()}{link[2] or ''})"

    return LINK.sub(replaced, text)


def read_source(app, docname, source):
    """Put the file that a page shows in its place, and mend links."""
    page = Path(app.env.doc2path(docname))
    if page.suffix != ".md":
        return
    file = page
    found = SHOWN.match(source[0])
    if found:
        file = (page.parent / found[1]).resolve()
        app.env.note_dependency(str(file))
        source[0] = file.read_text(encoding="utf-8")
    source[0] = within_site(source[0], file, app.shown_files)


def setup(app):
    """Connect the functions above."""
    app.shown_files = shown_files()
    app.connect("source-read", read_source)
    return {"parallel_read_safe": True}
