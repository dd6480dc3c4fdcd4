"""The results of `peers` in the README and in docs/results.md."""

import sys
from statistics import mean

from benchmarks.notes import all_notes
from benchmarks.results import (
    NOT_MEASURED,
    SCORES,
    cell,
    has_numbers,
    interval,
    markdown_table,
    read_results,
    seconds,
    total_seconds,
)
from benchmarks.summary import summarise_sets
from benchmarks.systems import OURS, SYSTEMS

# Our estimator, and the most common alternatives.
COMPARED = {
    OURS: "`MultiTaskTextClassifier`",
    "linear_svc": "TF-IDF and `LinearSVC`, one per task",
    "logistic": "TF-IDF and `LogisticRegression`, one per task",
    "separate": "Separate networks, one per task",
}


def comparison_section(folder):
    """Return the comparison of the README: ours and the common alternatives."""
    peers = read_peers(folder)
    sets = [
        name
        for name, result in peers.items()
        if all(is_complete(result["systems"].get(key)) for key in COMPARED)
    ]
    rows = []
    for key, label in COMPARED.items():
        found = [peers[name]["systems"][key] for name in sets]
        score = mean(row["macro_f1"] for row in found)
        rows.append([label, f"{score:.3f}", seconds(sum(map(total_seconds, found)))])
    table = markdown_table(["system", "mean macro-F1", "seconds"], rows)
    *others, last = sets
    return (
        f"{table}\n\nMean macro-F1 over tasks, then over the sets on which all four "
        f"ended ({', '.join(others)} and {last}); seconds from raw texts to the "
        "predictions for these sets together, on two cores."
    )


def read_peers(folder):
    """Return the results of all systems by set."""
    peers = read_results(folder / "peers.json")
    if not peers:
        sys.exit("There are no results yet: run python -m benchmarks peers")
    return peers


def is_complete(row):
    """Whether a system finished on all tasks of a set."""
    return has_numbers(row) and "only_tasks" not in row


def results_section(folder):
    """Return the tables and notes of docs/results.md."""
    peers = read_peers(folder)
    epochs = read_results(folder / "epoch.json")
    scale = read_results(folder / "scale.json")
    summary = summarise_sets(peers)
    notes = all_notes(peers, epochs, scale, summary)
    return f"{tables(peers, summary)}\n\n" + "\n".join(f"- {note}" for note in notes)


def tables(peers, summary):
    """Return the tables of scores, of seconds and of the best peers."""
    parts = [
        "Accuracy / macro-F1, means over tasks, labelled cells of the test split:",
        score_table(peers, summary["mean_rank"]),
        "Seconds from raw train texts to the labels of the test texts, their sum, and "
        "our sum divided by it (in parentheses: over the sets that a system finished):",
        seconds_table(peers, summary["seconds"]),
    ]
    if any(
        "log_loss" in row for _, _, found in measured(peers) for row in found if row
    ):
        parts += [
            "Log loss / calibration error (Guo et al. 2017, 15 bins) of the systems "
            "that give probabilities, means over tasks:",
            probability_table(peers),
        ]
    if any(result.get("differences") for result in peers.values()):
        parts += [
            "MultiTaskTextClassifier minus the best peer of each set, in points, with "
            "the 95% interval of a bootstrap over test rows:",
            best_peer_table(peers),
        ]
    return "\n\n".join(parts)


def score_table(peers, ranks):
    """Return a row per system, a column per set, and the mean rank."""
    rows = []
    for key, label, found in measured(peers):
        rank = f"{ranks[key]:.1f}" if key in ranks else "-"
        rows.append([label, *[cell(row, scores) for row in found], rank])
    return markdown_table(["system", *peers, "mean rank"], rows)


def probability_table(peers):
    """Return a row for each system that gives probabilities, a column per set."""
    rows = [
        [label, *[cell(row, probability_scores) for row in found]]
        for key, label, found in measured(peers)
        if SYSTEMS[key].probabilities
    ]
    return markdown_table(["system", *peers], rows)


def seconds_table(peers, times):
    """Return a row per system, a column per set, their sum, and our share of it."""
    rows = []
    for key, label, found in measured(peers):
        total, ratio = "-", "-"
        if key in times and set(times[key]["sets"]) == set(peers):
            total = seconds(times[key]["sum"])
            ratio = f"{times[key]['ratio']:.2f}"
        elif key in times:  # over the sets that it finished
            ratio = f"({times[key]['ratio']:.2f})"
        written = [cell(row, lambda row: seconds(total_seconds(row))) for row in found]
        rows.append([label, *written, total, ratio])
    return markdown_table(["system", *peers, "sum", "ours / it"], rows)


def measured(peers):
    """Yield key, label and the rows by set of each measured system."""
    for key, system in SYSTEMS.items():
        found = [result["systems"].get(key) for result in peers.values()]
        if any(found):
            yield key, system.label, found


def best_peer_table(peers):
    """Return the best peer for each set and score."""
    rows = []
    for name, result in peers.items():
        row = [name]
        for score in SCORES:
            compared = {
                key: entry
                for key, entry in result.get("differences", {}).items()
                # Exclude our own variant, and systems measured on few tasks only.
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


def probability_scores(row):
    """Return log loss and calibration error, which older runs did not measure."""
    if "log_loss" not in row:
        return NOT_MEASURED
    text = f"{row['log_loss']:.3f} / {row['calibration_error']:.3f}"
    return f"{text} *" if "only_tasks" in row else text
