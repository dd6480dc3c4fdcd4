"""The arithmetic of docs/scale.md: from measured fits to a billion texts."""

from itertools import pairwise
from math import log
from statistics import mean

from benchmarks.cases.scale import AXES, LENGTH
from benchmarks.results import above_start, markdown_table, read_results

LARGER = (10**7, 10**8, 10**9)
# Text, and the rows that a fit keeps: a column number and a value for each feature.
WORD_BYTES, CELL_BYTES, FLOAT_BYTES = 10, 8, 4
UNITS, EPOCHS = 64, 3  # of the default network above 3,000 rows
CORES = 64
GIGABIT = 10  # per second, of a network between machines


def growth_section(folder):
    """Return the tables of docs/scale.md."""
    scale = read_results(folder / "scale.json")
    serving = read_results(folder / "serving.json")
    vectorizers = read_results(folder / "vectorizers.json")
    if not (scale.get("rows") and serving and vectorizers):
        return "No results yet."
    points = sorted(scale["rows"].values(), key=lambda point: point["rows"])
    return "\n\n".join(
        [
            *measured(points),
            *extrapolated(points, values_per_text(vectorizers)),
            *exchanged(vectorizers, points),
            *predicted(serving),
            *gained(points),
        ]
    )


def measured(points):
    rows = [
        [
            f"{point['rows']:,}",
            duration(point["vectorise_seconds"]),
            duration(point["train_seconds"]),
            size(above_start(point) * 2**20),
            f"{point['features']:,}",
        ]
        for point in points
    ]
    fixed = AXES["rows"][0]
    machine = points[-1]["machine"]
    header = ["texts", "vectorize", "train", "memory of the fit", "features"]
    return [
        "## Measured on one machine",
        f"Synthetic texts of {LENGTH} words with {fixed['tasks']} tasks of "
        f"{fixed['classes']} classes each; {machine['cpus']} cores, default settings:",
        markdown_table(header, rows),
    ]


def exponent(points, key):
    """Return the growth between the two largest fits, as a power of the rows."""
    before, last = points[-2:]
    grown = key(last) / key(before)
    return log(grown) / log(last["rows"] / before["rows"])


def at(points, key, n_rows):
    """Return the value for more rows, from the growth of the two largest fits."""
    last = points[-1]
    return key(last) * (n_rows / last["rows"]) ** exponent(points, key)


def extrapolated(points, n_values):
    def seconds(point):
        return point["fit_seconds"]

    def memory(point):
        return above_start(point) * 2**20

    rows = [
        [
            f"{n_rows:,}",
            size(n_rows * LENGTH * WORD_BYTES),
            duration(at(points, seconds, n_rows)),
            size(at(points, memory, n_rows)),
            size(n_rows * n_values * CELL_BYTES),
        ]
        for n_rows in LARGER
    ]
    header = ["texts", "text on disk", "a fit", "memory of the fit", "rows alone"]
    exponents = [f"{exponent(points, key):.2f}" for key in (seconds, memory)]
    return [
        "## Carried on",
        "From the growth between the two largest of these fits: time with the power "
        f"{exponents[0]} of the number of texts, and memory with the power "
        f"{exponents[1]}. Nothing in this table is measured. More texts bring new "
        "words; a limit on them (`max_features`) bounds the network; what still "
        f"grows are the rows, with {n_values:.0f} words and pairs of words each, the "
        "mean of the sets of the benchmarks:",
        markdown_table(header, rows),
    ]


def values_per_text(vectorizers):
    return mean(
        found["words 1-2"]["fast"]["values"] / found["words 1-2"]["fast"]["texts"]
        for found in vectorizers.values()
        if "words 1-2" in found
    )


def exchanged(vectorizers, points):
    n_logits = points[-1]["tasks"] * AXES["rows"][0]["classes"]
    n_values = values_per_text(vectorizers)
    by_row = n_values * CELL_BYTES + (UNITS + n_logits) * FLOAT_BYTES
    total = EPOCHS * LARGER[-1] * by_row
    seconds = total * 8 / (GIGABIT * 10**9)
    return [
        "## What processes exchange",
        f"Under `torchrun` each process sends, for each row of its part of a batch, "
        f"its features ({n_values:.0f} of {CELL_BYTES} bytes) and the gradient of "
        f"{UNITS} units and {n_logits} logits: {by_row:,.0f} bytes. In {EPOCHS} epochs "
        f"over a billion texts each process receives up to {size(total)}, which takes "
        f"{duration(seconds)} at {GIGABIT} gigabit per second. Besides, a step has "
        "four exchanges, each of which waits for the slowest process; a step of the "
        f"largest fit takes {points[-1]['step_milliseconds']:.1f} ms for 256 rows.",
    ]


def predicted(serving):
    rates = [found["numpy"]["texts_per_second_median"] for found in serving.values()]
    slowest, fastest = min(rates), max(rates)
    spans = [LARGER[-1] / rate for rate in (fastest, slowest)]
    on_all = [duration(span / CORES) for span in spans]
    return [
        "## Predicting",
        f"Saved classifiers predict {slowest:,.0f} to {fastest:,.0f} texts per second "
        "on one core with the numpy runtime, depending on the length of texts. A "
        f"billion texts take {duration(spans[0])} to {duration(spans[1])} on one core, "
        f"and {on_all[0]} to {on_all[1]} on {CORES}, because partitions do not depend "
        "on each other.",
    ]


def gained(points):
    rows = []
    for before, point in pairwise(points):
        gain = 100 * (point["accuracy"] - before["accuracy"])
        rows.append(
            [
                f"{before['rows']:,} to {point['rows']:,}",
                f"{gain:+.1f}",
                f"{duration(point['fit_seconds'] - before['fit_seconds'])}",
            ]
        )
    return [
        "## What more texts bring",
        "The same fits: points of accuracy gained, and time added, from each to the "
        "next:",
        markdown_table(["texts", "accuracy", "time"], rows),
    ]


def duration(seconds):
    """Return seconds in the largest unit that gives at least 1."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def size(n_bytes):
    """Return bytes in the largest unit that gives at least 1."""
    for unit, power in (("TB", 12), ("GB", 9)):
        if n_bytes >= 10**power:
            return f"{n_bytes / 10**power:.1f} {unit}"
    return f"{n_bytes / 10**6:.0f} MB"
