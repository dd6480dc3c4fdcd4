"""A fit to a source of chunks, whose rows are in files and not in memory.

Synthetic texts with 8 tasks, generated chunk by chunk, so that no process holds all of
them. "files" is a fit to the source, "memory" one to the same texts in a list. The
accuracy is that on 20,000 other texts. Memory is the peak of the process, interpreter
and libraries included; the fit must stay below --most-mib. Seconds include two readings
of the source, of which "generating" is the part that makes texts.
"""

from benchmarks.measure import Failed, peak_mib
from benchmarks.options import Option, common, integers
from benchmarks.results import markdown_table

N_TASKS, N_CLASSES, CHUNK, N_TOPICS, NOISE = 8, 4, 20_000, 1000, 0.1
MEMORY_ROWS = 300_000  # above, only the fit to the source runs
OPTIONS = [
    *common(needs_data=False, threads=2),
    Option("rows", "numbers of texts", integers, [300_000, 3_000_000]),
    Option("most_mib", "bound on the peak memory of a fit in files", int, 2048),
]


def run(context):
    for rows in context.rows:
        for place in ("files", "memory"):
            if place == "memory" and rows > MEMORY_ROWS:
                continue
            try:
                found = context.call("measure", rows=rows, place=place)
            except Failed as failure:
                found = {"failed": str(failure)}
            if place == "files" and found.get("peak_mib", 0) > context.most_mib:
                found["failed"] = f"peak above {context.most_mib} MiB"
            yield (str(rows), place), {**found, "machine": context.machine()}


def make_chunk(number, seed=0):
    """Return the texts and labels of a chunk; the same for the same number."""
    import numpy as np

    from benchmarks.cases.scale import WORDS, some_texts

    classes = np.random.default_rng(seed).integers(N_CLASSES, size=(N_TOPICS, N_TASKS))
    generator = np.random.default_rng((seed, number))
    topics = generator.integers(N_TOPICS, size=CHUNK)
    labels = classes[topics]
    noisy = generator.random(labels.shape) < NOISE
    labels[noisy] = generator.integers(N_CLASSES, size=noisy.sum())
    width = WORDS // N_TOPICS
    return some_texts(topics * width, width, generator), labels


def measure(rows, place):
    """Fit to the source or to a list; runs in a separate process."""
    from time import perf_counter

    import numpy as np

    from sklearn_mtl import MultiTaskTextClassifier

    chunks = range(rows // CHUNK)
    generating = [0.0]

    def read():
        for number in chunks:
            start = perf_counter()
            chunk = make_chunk(number)
            generating[0] += perf_counter() - start
            yield chunk

    start_mib = peak_mib()
    classifier = MultiTaskTextClassifier(random_state=0)
    if place == "memory":
        texts, labels = [], []
        for part, cells in read():
            texts += part
            labels.append(cells)
        generating[0], start = 0.0, perf_counter()
        classifier.fit(texts, np.concatenate(labels))
    else:
        start = perf_counter()
        classifier.fit(read)
    seconds = perf_counter() - start
    peak = peak_mib()
    return {
        "rows": rows,
        "tasks": N_TASKS,
        "features": len(classifier.vectorizer_.get_feature_names_out()),
        "seconds": seconds,
        "generating_seconds": generating[0],
        "rows_per_second": rows / (seconds - generating[0]),
        "start_mib": start_mib,
        "peak_mib": peak,
        "accuracy": classifier.score(*make_chunk(10**6)),
    }


def section(results):
    return [
        "## More rows than memory",
        f"Fits to synthetic texts with {N_TASKS} tasks from a source of chunks, whose "
        "rows are kept in files, and to the same texts in memory. Rows per second "
        "exclude the making of texts. Memory is the peak of the process.",
        show(results),
    ]


def show(results):
    """Return a row for each number of rows and place."""
    table = []
    for rows, places in results.items():
        for place, found in places.items():
            if "failed" in found:
                table.append([f"{int(rows):,}, {place}", found["failed"], *[""] * 4])
                continue
            cells = (
                f"{found['seconds']:.0f}",
                f"{found['rows_per_second']:,.0f}",
                f"{found['peak_mib']:,.0f}",
                f"{found['features']:,}",
                f"{found['accuracy']:.4f}",
            )
            table.append([f"{int(rows):,}, {place}", *cells])
    header = ["rows", "seconds", "rows / s", "peak MiB", "features", "accuracy"]
    return markdown_table(header, table)
