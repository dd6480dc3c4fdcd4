"""Reading, writing and formatting of results."""

import json
from pathlib import Path
from statistics import mean

RESULTS = Path(__file__).parent / "results"
SCORES = ("accuracy", "macro_f1")
PROBABILITY_SCORES = ("log_loss", "calibration_error")  # of systems that have them
NOT_MEASURED = "not measured"


def read_results(path):
    """Return the content of a results file, {} if there is none."""
    path = Path(path)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_results(path, results):
    """Write results, sorted by name."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(dict(sorted(results.items()))), indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


def prediction_file(folder, name, system, seed):
    return Path(folder) / name / f"{system}-{seed}.npz"


def markdown_table(header, rows):
    """Return a Markdown table; all columns but the first are numbers."""
    ruler = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ruler, *rows])


def seconds(value):
    """Return seconds formatted for a table."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def above_start(row):
    """Return the MiB that a fit added to interpreter, imports and data."""
    return row["fit_peak_mib"] - row["start_mib"]


def has_numbers(row):
    """Whether a system finished, on some tasks at least."""
    return row is not None and "runs" in row


def total_seconds(row):
    """Return the seconds from raw train texts to the labels of the test texts."""
    return row["vectorise_seconds"] + row["fit_seconds"] + row["predict_seconds"]


def cell(row, written):
    """Return the cell of a row: its numbers, or the reason why there are none."""
    if row is None:
        return "-"
    if "over_seconds" in row:
        return f"over {row['over_seconds']:g} s"
    if "not_installed" in row:
        return "not installed"
    return f"failed, {row['failed']}" if "failed" in row else written(row)


def interval(difference, key):
    """Return a difference with its interval, in points."""
    return "-" if difference is None else signed(difference[key])


def signed(entry, factor=100, digits=1):
    """Return a difference with its interval, if it has one."""
    text = f"{factor * entry['difference']:+.{digits}f}"
    if entry["low"] is None:
        return text
    low, high = (f"{factor * entry[end]:+.{digits}f}" for end in ("low", "high"))
    return f"{text} [{low}, {high}]"


def task_means(tasks, keys=SCORES):
    """Return the mean of each score over the tasks that have it."""
    values = {
        key: [scores[key] for scores in tasks.values() if key in scores] for key in keys
    }
    return {key: mean(found) for key, found in values.items() if found}


def scores_or_limit(row, written):
    """Return the cell of a row, "-" if there is none."""
    if "over_seconds" in row:
        return f"over {row['over_seconds'] or 0:.0f} s"
    return written(row) if row and "failed" not in row else "-"
