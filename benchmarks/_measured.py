"""What docs/measured.md says of the results: parts of the default, and tools."""

from statistics import mean

from _results import markdown_table, read_results

DEFAULT = "default"


def measured_section(folder):
    """Return the tables and lines for which there are results."""
    writers = {
        "ablation": ablation_part,
        "search": search_part,
        "splitters": splitters_part,
        "sharing": sharing_part,
        "architectures": architectures_part,
        "sequences": sequences_part,
        "embeddings": embeddings_part,
        "ordinal": ordinal_part,
    }
    parts = []
    for name, write in writers.items():
        if results := read_results(folder / f"{name}.json"):
            parts += write(results)
    return "\n\n".join(parts) or "Nothing was measured yet."


def ablation_part(results):
    seeds = {row["seeds"] for sets in results["changes"].values() for row in
             sets.values()}  # fmt: skip
    return [
        "## The parts of the default",
        "Scores on the dev splits, on which the defaults were chosen, after a change "
        "of one part: mean over sets and "
        f"{' or '.join(map(str, sorted(seeds)))} seed(s), in points above or below the "
        "default; seconds of a fit as a multiple of the default's; macro-F1 of each "
        "set. Of one seed, half a point may be chance.",
        ablation_table(results),
    ]


def ablation_table(results):
    """Return a row for each change: its means minus the default's, in points."""
    changes, labels = results["changes"], results["labels"]
    default = changes[DEFAULT]
    rows = []
    for change in filter(changes.get, labels):
        own = changes[change]
        cells = [labels[change]]
        for score in ("accuracy", "macro_f1"):
            values = [(own[name][score], default[name][score]) for name in own]
            found, usual = map(mean, zip(*values, strict=True))
            cells.append(
                f"{found:.4f}" if change == DEFAULT else f"{100 * (found - usual):+.1f}"
            )
        seconds = [sum(table[n]["seconds"] for n in own) for table in (own, default)]
        cells.append(f"{seconds[0] / seconds[1]:.2f}")
        cells += [
            f"{own[name]['macro_f1']:.3f}" if name in own else "-"
            for name in sorted(default)
        ]
        rows.append(cells)
    header = ["change", "accuracy", "macro-F1", "time", *sorted(default)]
    return markdown_table(header, rows)


ORDINAL = {
    "ordinal": "ordinal",
    "categorical": "categorical, the default",
    "unadjusted": "categorical, `logit_adjustment=0`",
    "median": "the same, and the median of its probabilities",
    "slow_median": "the same, and `learning_rate_init=25`",
}
ORDINAL_SCORES = {
    "mean_absolute_error": "error",
    "quadratic_kappa": "kappa",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
}
SEARCHES = {
    "grid": "GridSearchCV",
    "grid_memory": "GridSearchCV, memory=",
    "grid_2_jobs": "GridSearchCV, n_jobs=2",
    "one_pass": "LossWeightSearchCV",
    "one_pass_2_jobs": "LossWeightSearchCV, n_jobs=2",
}


def search_part(results):
    parts = ["## Searching loss weights"]
    for name, runs in results.items():
        n_candidates = len(runs["grid"]["candidates"])
        rows = [
            [
                label,
                f"{runs[key]['seconds']:.0f}",
                f"{runs[key]['ratio']:.2f}",
                "yes" if runs[key]["same_ranking"] else "no",
                f"{runs[key]['largest_difference']:.4f}",
            ]
            for key, label in SEARCHES.items()
            if key in runs
        ]
        header = ["search", "seconds", "ratio", "same ranking", "largest difference"]
        vectorizer = "" if "," in name else ", the estimator's own vectorizer"
        parts += [
            f"{n_candidates} candidates, three folds of {name}{vectorizer}; the "
            "largest difference is over all mean scores of tasks and candidates.",
            markdown_table(header, rows),
        ]
    return parts


def splitters_part(results):
    labels = {
        "ours": "MultiTaskStratifiedKFold",
        "iterative": "iterative-stratification",
        "kfold": "KFold",
    }
    rows = []
    for name, found in results.items():
        cells = [name]
        for key in labels:
            row = found.get(key, {})
            if "deviation" in row:
                cells.append(f"{row['deviation']:.4f}, {row['seconds']:.2f} s")
            else:
                over = row.get("over_seconds")
                cells.append(f"over {over:.0f} s" if over else "-")
        rows.append(cells)
    return [
        "## Even folds",
        "How far the share of a class's cells in a fold is from a fifth, mean over "
        "folds, classes, tasks and seeds; and the seconds of a split into five. "
        "iterative-stratification is given a column for each class.",
        markdown_table(["set", *labels.values()], rows),
    ]


def ordinal_part(results):
    tasks = "; ".join(f"{name}: {found['task']}" for name, found in results.items())
    seeds = {row["seeds"] for found in results.values() for row in
             found["systems"].values()}  # fmt: skip
    return [
        "## Classes in an order",
        f"One ordered task a set ({tasks}), test split, means over "
        f"{' or '.join(map(str, sorted(seeds)))} seeds. The error is in steps of the "
        "scale; the last columns are what the ordinal task has more or less, with the "
        "95% interval of a paired bootstrap over test rows.",
        ordinal_table(results),
    ]


def ordinal_table(results):
    """Return a row for each set and system."""
    rows = []
    for name, found in results.items():
        for system, row in found["systems"].items():
            gaps = found["differences"].get(system)
            rows.append(
                [
                    name,
                    ORDINAL[system],
                    *(f"{row[key]:.3f}" for key in ORDINAL_SCORES),
                    *(
                        f"{gaps[key]['difference']:+.3f} "
                        f"[{gaps[key]['low']:+.3f}, {gaps[key]['high']:+.3f}]"
                        if gaps
                        else "-"
                        for key in ("mean_absolute_error", "accuracy")
                    ),
                ]
            )
    header = ["set", "task", *ORDINAL_SCORES.values(), "error, ordinal minus it",
              "accuracy, ordinal minus it"]  # fmt: skip
    return markdown_table(header, rows)


def sharing_part(results):
    lines = []
    for name, found in results.items():
        if "verdict" in found:
            lines.append(f"- {name}: {found['verdict']}")
            continue
        for case, runs in found.items():
            if isinstance(runs, dict) and "verdicts" in runs:
                counts = ", ".join(f"{t} {n}" for t, n in runs["verdicts"].items())
                gap = runs["mean_difference"]
                low, high = gap["interval"]
                lines.append(
                    f"- {name}, {case}: shared minus separate {gap['mean']:+.3f} "
                    f"[{low:+.3f}, {high:+.3f}] over {gap['data_sets']} data sets; "
                    f"each for itself: {counts}."
                )
    return [
        "## Whether sharing helps",
        "What `compare_sharing` says of made-up tasks that are fully related or not at "
        "all, and of a real set. The interval is over data sets; what is said of each "
        "for itself rests on the folds of that one.",
        "\n".join(lines),
    ]


def architectures_part(results):
    return [
        "## Networks",
        "Accuracy and macro-F1 on the test split, mean over tasks, and seconds from "
        "raw texts to a fitted network, each with its defaults. Of one to three seeds; "
        "seconds are rough, for other work ran beside. Differences are paired, with "
        "95% intervals over the rows of the test split.",
        architectures_table(results),
        "\n".join(difference_lines(results)),
    ]


def difference_lines(results):
    """Return a line for each pair of networks that were compared cell by cell."""
    lines = []
    for name, pairs in results.get("differences", {}).items():
        for pair, scores in pairs.items():
            labels = [results["labels"][key] for key in pair.split(" - ")]
            part = scores["accuracy"]
            lines.append(
                f"- {name}, accuracy, {' minus '.join(labels)}: "
                f"{part['difference']:+.3f} [{part['low']:+.3f}, {part['high']:+.3f}]."
            )
    return lines


def architectures_table(results):
    """Return a row for each network, with a cell for each set and for their mean."""
    found = results["architectures"]
    sets = sorted({name for rows in found.values() for name in rows})
    table = []
    for key, label in results["labels"].items():
        if key not in found:
            continue
        cells = [label]
        for name in sets:
            row = found[key].get(name, {})
            if "accuracy" in row:
                cells.append(
                    f"{row['accuracy']:.3f} / {row['macro_f1']:.3f}, "
                    f"{row['fit_seconds']:.0f} s"
                )
            else:
                over = row.get("over_seconds")
                cells.append(f"over {over:.0f} s" if over else "-")
        table.append(cells)
    return markdown_table(["network", *sets], table)


def sequences_part(results):
    lines = [
        f"- {name}: {found['padding']:.1%} of the places in batches of "
        f"{found['batch_size']} texts are padding (in random batches "
        f"{found['padding_in_random_batches']:.1%}); an epoch of ConvTrunk takes "
        f"{found['ratio']:.2f} of the time of a bare torch loop over the same net."
        for name, found in results.items()
    ]
    return ["## Token sequences", "\n".join(lines)]


def embeddings_part(results):
    return [
        "## Sentence embeddings",
        "Accuracy and macro-F1 on the test split, mean over tasks and seeds, of words, "
        "of embeddings by all-MiniLM-L6-v2, and of both. Seconds are in the results "
        "file, and rough: other work ran beside.",
        embeddings_table(results),
    ]


EMBEDDING_SYSTEMS = {
    "bag": "words, the default",
    "embeddings": "embeddings, DenseTrunk",
    "both": "words and embeddings, FeatureUnion",
}


def embeddings_table(results):
    """Return a row for each system, a column for each set."""
    table = []
    for key, label in EMBEDDING_SYSTEMS.items():
        cells = [label]
        for found in results.values():
            row = found[key]
            cells.append(f"{row['accuracy']:.3f} / {row['macro_f1']:.3f}")
        table.append(cells)
    return markdown_table(["rows", *results], table)
