"""The notes below the tables of docs/results.md."""

from statistics import mean

from benchmarks.measure import PACKAGES
from benchmarks.results import SCORES, above_start, has_numbers
from benchmarks.systems import BASELINE, OURS, SYSTEMS

VERSIONS = ("python", *PACKAGES)


def all_notes(peers, epochs, scale, summary):
    """Return the lines; results of each kind may be missing."""
    rows = [row for result in peers.values() for row in result["systems"].values()]
    notes = [
        "Fitted to the train split; [Benchmarks](../benchmarks/README.md) has the "
        "settings of each system. TF-IDF is scikit-learn's, of words and word pairs; "
        "*our features* are those of the default vectorizer of "
        "MultiTaskTextClassifier, with its term weights.",
        "Mean rank: over sets and both scores, 1 is best; a system that did not finish "
        "on a set is last there.",
        seeds_note([row for row in rows if "accuracy_spread" in row]),
        *left_out_notes(peers),
        *few_tasks_notes(peers),
        *linear_notes(summary["best_linear"]),
        rates_note(summary["predict_texts_per_second"]),
        published_note(summary["published"]),
        memory_note(peers),
        epoch_note(epochs),
        *scale_notes(scale),
        *machine_notes([*rows, *epochs.values(), *points(scale)]),
    ]
    return [note for note in notes if note]


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
                note += f"; ours on these tasks: {own[0]:.3f} / {own[1]:.3f}"
            notes.append(f"{note}.")
    return notes


def linear_notes(best_linear):
    """Return our lead in macro-F1 over the best linear model of each set."""
    words = {
        "tfidf": "TF-IDF, one per task with default class weights",
        "tfidf_any": "TF-IDF, including balanced class weights and one model for all "
        "tasks",
        "ours": "our features, one per task with default class weights",
        "ours_any": "our features, including balanced class weights and one model for "
        "all tasks",
    }
    return [
        f"Our macro-F1 minus that of the best linear model over {words[family]} (best "
        "on the test split of each set), in points: "
        + ", ".join(
            f"{name} {100 * entry['macro_f1_difference']:+.1f}"
            for name, entry in found["sets"].items()
        )
        + f"; mean {100 * found['mean_macro_f1_difference']:+.1f}."
        for family, found in best_linear.items()
        if found
    ]


def published_note(published):
    """Return accuracies on the intents of CLINC150, which others have published."""
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
        "Texts predicted per second, all tasks, from raw text, ours and "
        f"{SYSTEMS[BASELINE].label}: {by_set}."
    )


def left_out_notes(peers):
    return [
        f"{name}: without {', '.join(result['left_out'])} (a single class in train)."
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
        f"Peak memory of a fit as a multiple of {SYSTEMS[BASELINE].label}, in "
        f"parentheses without interpreter, imports and data: {', '.join(ratios)}."
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
        "One training epoch of our net, and of a net of the same size over dense rows "
        "from skorch's own Dataset (extrapolated from some batches): "
        f"{by_set}."
    )


def scale_notes(scale):
    """Return the growth of a fit, the cost of tasks, and the profile of an epoch."""
    notes = []
    if slopes := scale.get("slopes"):
        grown = "; ".join(
            f"{axis} ({', '.join(scale[axis])}): fit {of['fit_seconds']:.2f}, memory "
            f"{of['fit_mib']:.2f}"
            for axis, of in slopes.items()
        )
        notes.append(
            "Growth of fit time and added memory, from raw synthetic texts, as the "
            f"exponent of the number of {grown}."
        )
    if ratios := scale.get("cost_ratios"):
        by_set = ", ".join(
            f"{label} {ratio['fit_seconds']:.2f}" for label, ratio in ratios.items()
        )
        notes.append(
            "Time of a fit with many tasks as a multiple of a fit with one task on the "
            f"same rows, from raw texts: {by_set}."
        )
    for name, profile in scale.get("profile", {}).items():
        if "shares" in profile:
            shares = sorted(profile["shares"].items(), key=lambda pair: -pair[1])
            parts = ", ".join(f"{part} {share:.0%}" for part, share in shares)
            notes.append(
                f"A training epoch on {name}: {parts}. Copying the data that it must "
                f"read and write would take {profile['floor_share']:.0%} of its time."
            )
    return notes


def points(scale):
    """Yield all measurements of `scale`, at any depth."""
    for value in scale.values():
        if isinstance(value, dict):
            if "machine" in value:
                yield value
            else:
                yield from points(value)


def machine_notes(rows):
    """Return a line for each machine and set of versions."""
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
