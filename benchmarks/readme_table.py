"""Write the results into the README, between its two markers.

With --check nothing is written, and the exit status is 1 if the README says anything
else than the results.
"""

import argparse
import sys
from pathlib import Path
from statistics import mean

from _measure import PACKAGES
from _report import interval
from _results import (
    RESULTS,
    above_start,
    cell,
    has_numbers,
    markdown_table,
    read_results,
    seconds,
    total_seconds,
)
from _summary import SCORES, summarise_sets
from _systems import BASELINE, OURS, SYSTEMS

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmark table -->", "<!-- end of benchmark table -->"
VERSIONS = ("python", *PACKAGES)


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
    summary = summarise_sets(peers)
    rows = [row for result in peers.values() for row in result["systems"].values()]
    notes = [
        "Fitted to the train split with default settings but where a label says "
        "otherwise. TF-IDF is scikit-learn's, of words and pairs of words; *our "
        "features* are what MultiTaskTextClassifier makes of the same texts.",
        "Mean rank: over sets and both scores, 1 is best; a system that did not end on "
        "a set is last there.",
        seeds_note([row for row in rows if "accuracy_spread" in row]),
        *left_out_notes(peers),
        *few_tasks_notes(peers),
        *linear_notes(summary["best_linear"]),
        rates_note(summary["predict_texts_per_second"]),
        published_note(summary["published"]),
        memory_note(peers),
        epoch_note(epochs),
        *machine_notes([*rows, *epochs.values()]),
    ]
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
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in notes if note)])


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


def seeds_note(rows):
    if not rows:
        return None
    counts = sorted({len(row["runs"]) for row in rows})
    most = max(max(row["accuracy_spread"], row["macro_f1_spread"]) for row in rows)
    systems = dict.fromkeys(row["system"] for row in rows)
    return (
        f"Mean of {' or '.join(map(str, counts))} seeds, standard deviation at most "
        f"{most:.3f}: {', '.join(systems)}."
    )


def few_tasks_notes(peers):
    notes = []
    for name, result in peers.items():
        ours = result["systems"].get(OURS)
        for row in result["systems"].values():
            if "only_tasks" not in row:
                continue
            note = f"\\* {name}, {row['system']}: only {', '.join(row['only_tasks'])}"
            if has_numbers(ours):
                own = [
                    mean(ours["tasks"][task][key] for task in row["only_tasks"])
                    for key in SCORES
                ]
                note += f", where we have {own[0]:.3f} / {own[1]:.3f}"
            notes.append(f"{note}.")
    return notes


def linear_notes(best_linear):
    """Return how far the best linear model of each set is behind us in macro-F1."""
    words = {"tfidf": "TF-IDF", "ours": "our features"}
    return [
        f"Our macro-F1 minus that of the best linear model over {words[family]} for "
        "each set (best on the test split), in points: "
        + ", ".join(
            f"{name} {100 * entry['macro_f1_difference']:+.1f}"
            for name, entry in found["sets"].items()
        )
        + f"; mean {100 * found['mean_macro_f1_difference']:+.1f}."
        for family, found in best_linear.items()
        if found
    ]


def published_note(published):
    """Return the accuracy on the intents of CLINC150, for which there are others."""
    found = published.get("clinc150_intents_accuracy", {})
    if not found:
        return None
    by_system = (f"{SYSTEMS[key].label} {value:.3f}" for key, value in found.items())
    return f"Accuracy on the 150 intents of CLINC150: {', '.join(by_system)}."


def rates_note(rates):
    if not rates:
        return None
    by_set = ", ".join(
        f"{name} {rate[OURS]:,.0f} and {rate[BASELINE]:,.0f}"
        for name, rate in rates.items()
    )
    return (
        "Texts labelled in a second, all tasks, from raw text, by us and by "
        f"{SYSTEMS[BASELINE].label}: {by_set}."
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
        pair = [result["systems"].get(key) for key in (OURS, BASELINE)]
        if all(map(has_numbers, pair)):
            total = pair[0]["fit_peak_mib"] / pair[1]["fit_peak_mib"]
            added = above_start(pair[0]) / above_start(pair[1])
            ratios.append(f"{name} {total:.2f} ({added:.2f})")
    if not ratios:
        return None
    return (
        f"Peak memory of a fit as a multiple of {SYSTEMS[BASELINE].label}, in brackets "
        f"without interpreter, imports and data: {', '.join(ratios)}."
    )


def epoch_note(epochs):
    if not epochs:
        return None
    by_set = ", ".join(
        f"{name} {epoch['epoch_seconds']:.1f} s and {epoch['dense_epoch_seconds']:,.0f}"
        f" s ({epoch['ratio']:,.0f} times as long)"
        for name, epoch in epochs.items()
    )
    return (
        "One training epoch, of ours and of a net of the same sizes over dense rows, "
        "fed through skorch's own Dataset (extrapolated from some batches): "
        f"{by_set}."
    )


def machine_notes(rows):
    """Return a line for each machine and set of versions that was measured on."""
    lines = {}
    for machine in (row["machine"] for row in rows):
        versions = [f"{key} {machine[key]}" for key in VERSIONS if key in machine]
        line = (
            f"{machine['cpus']} CPUs, OMP_NUM_THREADS={machine['threads']}, "
            f"{machine['platform']}, {', '.join(versions)}"
        )
        lines.setdefault(line, []).append(machine["date"])
    return [f"Measured {span(dates)}: {line}." for line, dates in lines.items()]


def span(dates):
    first, last = min(dates), max(dates)
    return first if first == last else f"{first} to {last}"


if __name__ == "__main__":
    main()
