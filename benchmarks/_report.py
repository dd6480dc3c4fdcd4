"""The table of a set that is printed after its runs."""

from collections import Counter

from _results import above_start, cell, markdown_table, score, seconds

HEADER = (
    "system",
    "accuracy",
    "macro-F1",
    "vectorise s",
    "fit s",
    "predict s",
    "fit peak MiB",
    "above start MiB",
    "ours minus it: accuracy",
    "macro-F1",
)


def report(name, result):
    """Return the table of a set, with what must be known to read it."""
    rows = result["systems"]
    lines = [
        f"## {name}",
        "",
        f"{result['train_texts']} texts to learn from, {result['test_texts']} to score "
        f"on; {result['tasks']} tasks.",
    ]
    if result["left_out"]:
        lines.append(f"One class in train, left out: {', '.join(result['left_out'])}.")
    differences = result["differences"]
    table = [table_row(row, differences.get(key)) for key, row in rows.items()]
    lines += ["", markdown_table(HEADER, table), ""]
    for row in rows.values():
        if "only_tasks" in row:
            lines.append(f"{row['system']}: only {', '.join(row['only_tasks'])}")
        caught = sum(
            (Counter(run["warnings"]) for run in row.get("runs", [])), Counter()
        )
        for category, count in caught.items():
            lines.append(f"{row['system']}: {count} {category}")
    return "\n".join(lines)


def table_row(row, difference):
    columns = [
        lambda row: score(row, "accuracy"),
        lambda row: score(row, "macro_f1"),
        lambda row: seconds(row["vectorise_seconds"]),
        lambda row: seconds(row["fit_seconds"]),
        lambda row: seconds(row["predict_seconds"]),
        lambda row: f"{row['fit_peak_mib']:,.0f}",
        lambda row: f"{above_start(row):,.0f}",
    ]
    return [
        row["system"],
        *[cell(row, written) for written in columns],
        *[interval(difference, key) for key in ("accuracy", "macro_f1")],
    ]


def interval(difference, key):
    """Return a difference with its interval, in points."""
    if difference is None:
        return "-"
    difference, low, high = (
        100 * difference[key][part] for part in ("difference", "low", "high")
    )
    return f"{difference:+.1f} [{low:+.1f}, {high:+.1f}]"
