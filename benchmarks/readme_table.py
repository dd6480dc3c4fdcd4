"""Write the results into README.md and docs/measured.md, between their two markers.

With --check nothing is written, and the exit status is 1 if a page says anything else
than the results.
"""

import argparse
import sys
from pathlib import Path

from _measured import measured_section
from _notes import all_notes
from _report import interval
from _results import (
    RESULTS,
    cell,
    markdown_table,
    read_results,
    seconds,
    total_seconds,
)
from _summary import SCORES, summarise_sets
from _systems import SYSTEMS

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- benchmark table -->", "<!-- end of benchmark table -->"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT, metavar="DIR")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    options = parser.parse_args()
    pages = {"README.md": section, "docs/measured.md": measured_section}
    for page, write in pages.items():
        path = options.root / page
        before = path.read_text(encoding="utf-8")
        after = filled(before, write(options.results), page)
        if options.check and before != after:
            sys.exit(f"{page} differs from the results: run benchmarks/readme_table.py")
        if before != after:
            path.write_text(after, encoding="utf-8")


def filled(text, content, page):
    """Return the text with other content between the markers."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{page} must hold the lines {BEGIN} and {END}, in this order.")
    return f"{head}{begin}\n\n{content}\n\n{end}{tail}"


def section(folder):
    """Return all that the README says of results."""
    peers = read_results(folder / "peers.json")
    epochs = read_results(folder / "epoch.json")
    if not peers:
        sys.exit("There are no results yet: run benchmarks/bench_peers.py")
    scale = read_results(folder / "scale.json")
    summary = summarise_sets(peers)
    parts = [
        "Accuracy / macro-F1, means over tasks, labelled cells of the test split:",
        score_table(peers, summary["mean_rank"]),
        "Seconds from raw train texts to the labels of the test texts, and ours as a "
        "multiple of the sum (in brackets: over the sets that a system ended on):",
        seconds_table(peers, summary["seconds"]),
    ]
    if any(result.get("differences") for result in peers.values()):
        parts += [
            "MultiTaskTextClassifier minus the best peer of each set, in points, with "
            "the 95% interval of a bootstrap over test rows:",
            best_peer_table(peers),
        ]
    notes = all_notes(peers, epochs, scale, summary)
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in notes)])


def score_table(peers, ranks):
    """Return a row per system, a column per set, and the mean rank."""
    rows = []
    for key, label, found in measured(peers):
        rank = f"{ranks[key]:.1f}" if key in ranks else "-"
        rows.append([label, *[cell(row, scores) for row in found], rank])
    return markdown_table(["system", *peers, "mean rank"], rows)


def seconds_table(peers, times):
    """Return a row per system, a column per set, their sum, and our share of it."""
    rows = []
    for key, label, found in measured(peers):
        total, ratio = "-", "-"
        if key in times and set(times[key]["sets"]) == set(peers):
            total = seconds(times[key]["sum"])
            ratio = f"{times[key]['ratio']:.2f}"
        elif key in times:  # over the sets that it ended on
            ratio = f"({times[key]['ratio']:.2f})"
        written = [cell(row, lambda row: seconds(total_seconds(row))) for row in found]
        rows.append([label, *written, total, ratio])
    return markdown_table(["system", *peers, "sum", "ours / it"], rows)


def measured(peers):
    """Yield key, label and the rows by set of each system that has any."""
    for key, system in SYSTEMS.items():
        found = [result["systems"].get(key) for result in peers.values()]
        if any(found):
            yield key, system.label, found


def best_peer_table(peers):
    """Return for each set and score the peer that is hardest to beat."""
    rows = []
    for name, result in peers.items():
        row = [name]
        for score in SCORES:
            compared = {
                key: entry
                for key, entry in result.get("differences", {}).items()
                # Our own variant is no peer, and few tasks are another question.
                if SYSTEMS[key].family != "own"
                and "only_tasks" not in result["systems"][key]
            }
            if compared:
                best = min(compared, key=lambda key: compared[key][score]["difference"])
                row += [SYSTEMS[best].label, interval(compared[best], score)]
            else:
                row += ["-", "-"]
        rows.append(row)
    header = ["set", "best accuracy", "ours minus it", "best macro-F1", "ours minus it"]
    return markdown_table(header, rows)


def scores(row):
    text = f"{row['accuracy']:.3f} / {row['macro_f1']:.3f}"
    return f"{text} *" if "only_tasks" in row else text


if __name__ == "__main__":
    main()
