"""Build the site into docs/_build/html and follow all links: ``python docs/build.py``.

Nothing needs the network. Addresses of other sites are only checked for their form.
"""

import argparse
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

DOCS = Path(__file__).resolve().parent
HTML = DOCS / "_build" / "html"
# Pages of the theme and of Sphinx, which have no content of ours.
NOT_OURS = {"genindex.html", "search.html", "py-modindex.html"}
MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)|<(?:img|a)[^>]+(?:src|href)=\"([^\"]+)\"")


class Page(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep what leads somewhere, and what can be led to."""
        attrs = dict(attrs)
        self.anchors.update(attrs[key] for key in ("id", "name") if attrs.get(key))
        for key in ("href", "src"):
            if attrs.get(key) and tag != "link":
                self.links.append(attrs[key])


def main(arguments=None):
    """Build, then follow links; the exit status is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="do not run the examples")
    options = parser.parse_args(arguments)
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q"]
    command += ["-D", "plot_gallery=0"] if options.fast else []
    built = subprocess.run([*command, str(DOCS), str(HTML)])
    if built.returncode:
        sys.exit(built.returncode)
    problems = broken_links(HTML) + broken_markdown_links(DOCS.parent / "README.md")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(list(HTML.rglob('*.html')))} pages in {HTML}")
    sys.exit(bool(problems))


def broken_links(folder):
    """Return a line for each link of a site that leads nowhere.

    Parameters
    ----------
    folder : Path
        Of the built pages.
    """
    pages = {
        path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")
    }
    problems = []
    for path, page in pages.items():
        if path.name in NOT_OURS or "_static" in path.relative_to(folder).parts:
            continue
        for link in page.links:
            fault = fault_of(link, path, pages)
            if fault:
                problems.append(f"{path.relative_to(folder)}: {link} {fault}")
    text = folder / "llms.txt"
    for link in MARKDOWN_LINK.findall(text.read_text("utf-8")) if text.exists() else ():
        fault = fault_of(link[0], text, pages)
        if fault:
            problems.append(f"llms.txt: {link[0]} {fault}")
    return problems


def fault_of(link, path, pages):
    """Return what is wrong with a link of a page, or None."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        is_address = parts.scheme in ("http", "https") and "." in parts.netloc
        is_other = parts.scheme in ("mailto", "data", "javascript")
        return None if is_address or is_other else "is no address"
    target = path
    if parts.path:
        target = (path.parent / unquote(parts.path)).resolve()
        if target.is_dir():
            target /= "index.html"
    if not target.exists():
        return "leads to no file"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "leads to no place on its page"
    return None


def broken_markdown_links(path):
    """Return a line for each link of a Markdown file that leads nowhere."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    problems = []
    for links in MARKDOWN_LINK.findall(text):
        link = links[0] or links[1]
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            fault = fault_of(link, path, {})
        else:
            target = path.parent / unquote(parts.path) if parts.path else path
            fault = None if target.exists() else "leads to no file"
            if not fault and parts.fragment and target.suffix == ".md":
                own = target.read_text(encoding="utf-8")
                is_there = parts.fragment in anchors_of(own)
                fault = None if is_there else "leads to no heading"
        if fault:
            problems.append(f"{path.name}: {link} {fault}")
    return problems


def anchors_of(text):
    """Return the anchors that GitHub gives to the headings of a Markdown text."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


if __name__ == "__main__":
    main()
