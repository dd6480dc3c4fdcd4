"""Write the results into README.md and pages under docs/, between two markers.

--check writes nothing, and exits with status 1 if a page differs from the results.
"""

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.growth import growth_section
from benchmarks.options import Option
from benchmarks.readme import comparison_section, results_section
from benchmarks.results import RESULTS, read_results

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- benchmark table -->", "<!-- end of benchmark table -->"
OPTIONS = (
    Option("check", "only compare the pages with the results", default=False),
    Option("root", "folder of README.md and docs", Path, ROOT),
    Option("results", "folder of the results files", Path, RESULTS),
)


def run(context):
    pages = {
        "README.md": comparison_section,
        "docs/results.md": results_section,
        "docs/measured.md": measured_section,
        "docs/scale.md": growth_section,
    }
    for page, write in pages.items():
        path = context.root / page
        before = path.read_text(encoding="utf-8")
        after = filled(before, write(context.results), page)
        if context.check and before != after:
            sys.exit(
                f"{page} differs from the results: run python -m benchmarks tables"
            )
        if before != after:
            path.write_text(after, encoding="utf-8")
    return []


def measured_section(folder):
    """Return the sections of all cases, in the order of their names."""
    parts = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        case = import_module(f"{__package__}.{path.stem}")
        if hasattr(case, "section") and (
            results := read_results(folder / f"{path.stem}.json")
        ):
            parts += case.section(results)
    return "\n\n".join(parts) or "No results yet."


def filled(text, content, page):
    """Return the text with other content between the markers."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{page} must hold the lines {BEGIN} and {END}, in this order.")
    return f"{head}{begin}\n\n{content}\n\n{end}{tail}"
