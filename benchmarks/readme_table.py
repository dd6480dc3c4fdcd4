"""Write the results into the README, between its two markers.

With --check nothing is written, and the exit status is 1 if the README says anything
else than the results.
"""

import argparse
import sys
from pathlib import Path

from _results import (
    RESULTS,
    above_start,
    is_over,
    markdown_table,
    over,
    read_results,
    seconds,
)
from _systems import SYSTEMS

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmark table -->", "<!-- end of benchmark table -->"
OURS, LINEAR = "shared", "linear_svc"
VERSIONS = (
    "python",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "skorch",
    "sklearn_mtl",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--readme", type=Path, default=README, metavar="FILE")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    options = parser.parse_args()
    before = options.readme.read_text(encoding="utf-8")
    after = filled(before, section(options.results))
    if options.check and before != after:
        sys.exit("README.md differs from the results: run benchmarks/readme_table.py")
    if before != after:
        options.readme.write_text(after, encoding="utf-8")


def filled(text, content):
    """Return the text with other content between the markers."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        sys.exit(f"README.md must hold the lines {BEGIN} and {END}, in this order.")
    return f"{head}{begin}\n\n{content}\n\n{end}{tail}"


def section(folder):
    """Return all that the README says of results."""
    peers = read_results(folder / "peers.json")
    epochs = read_results(folder / "epoch.json")
    if not peers:
        sys.exit("There are no results yet: run benchmarks/bench_peers.py")
    rows = [row for result in peers.values() for row in result["systems"].values()]
    notes = [
        "Fitted to the train split with default settings, on TF-IDF of words and pairs "
        "of words. MultiTaskTextClassifier's own vectorizer leaves out words of a "
        "single text and counts sublinearly; scikit-learn's, in the others, does not.",
        seeds_note([row for row in rows if "accuracy_spread" in row]),
        *left_out_notes(peers),
        memory_note(peers),
        *[epoch_note(name, epoch) for name, epoch in epochs.items()],
        *machine_notes([*rows, *epochs.values()]),
    ]
    return "\n\n".join(
        [
            "Accuracy / macro-F1, means over tasks, labelled cells of the test split:",
            table(peers, scores),
            "Seconds from raw texts to fitted models, and peak memory of the process:",
            table(peers, cost),
            "\n".join(f"- {note}" for note in notes if note),
        ]
    )


def table(peers, written):
    """Return a row per system and a column per set."""
    rows = []
    for key, system in SYSTEMS.items():
        found = [result["systems"].get(key) for result in peers.values()]
        if any(found):
            rows.append([system.label, *[cell(row, written) for row in found]])
    return markdown_table(["system", *peers], rows)


def cell(row, written):
    if row is None:
        return "-"
    return over(row) if is_over(row) else written(row)


def scores(row):
    return f"{row['accuracy']:.3f} / {row['macro_f1']:.3f}"


def cost(row):
    total = row["vectorise_seconds"] + row["fit_seconds"]
    return f"{seconds(total)} s, {row['fit_peak_mib']:,.0f} MiB"


def seeds_note(rows):
    if not rows:
        return None
    counts = sorted({len(row["runs"]) for row in rows})
    most = max(max(row["accuracy_spread"], row["macro_f1_spread"]) for row in rows)
    return (
        "MultiTaskTextClassifier and SGDClassifier: mean of "
        f"{' or '.join(map(str, counts))} seeds, standard deviation at most {most:.3f}."
    )


def left_out_notes(peers):
    return [
        f"{name}: without {', '.join(result['left_out'])}, of one class in train."
        for name, result in peers.items()
        if result["left_out"]
    ]


def memory_note(peers):
    ratios = []
    for name, result in peers.items():
        pair = [result["systems"].get(key) for key in (OURS, LINEAR)]
        if all(pair) and not any(map(is_over, pair)):
            total = pair[0]["fit_peak_mib"] / pair[1]["fit_peak_mib"]
            added = above_start(pair[0]) / above_start(pair[1])
            ratios.append(f"{name} {total:.2f} ({added:.2f})")
    if not ratios:
        return None
    return (
        f"Peak memory of a fit as a multiple of {SYSTEMS[LINEAR].label}, in brackets "
        f"without interpreter, imports and data: {', '.join(ratios)}."
    )


def epoch_note(name, epoch):
    return (
        f"One training epoch on {name}: {epoch['epoch_seconds']:.1f} s. A net of the "
        "same sizes over dense rows, fed through skorch's own Dataset: "
        f"{epoch['dense_epoch_seconds']:,.0f} s, {epoch['ratio']:,.0f} times as long "
        f"(extrapolated from {epoch['batches_timed']} of {epoch['batches']} batches)."
    )


def machine_notes(rows):
    """Return a line for each machine and set of versions that was measured on."""
    lines = {}
    for machine in (row["machine"] for row in rows):
        versions = ", ".join(f"{key} {machine[key]}" for key in VERSIONS)
        line = (
            f"{machine['cpus']} CPUs, OMP_NUM_THREADS={machine['threads']}, "
            f"{machine['platform']}, {versions}"
        )
        lines.setdefault(line, []).append(machine["date"])
    return [f"Measured {span(dates)}: {line}." for line, dates in lines.items()]


def span(dates):
    first, last = min(dates), max(dates)
    return first if first == last else f"{first} to {last}"


if __name__ == "__main__":
    main()
