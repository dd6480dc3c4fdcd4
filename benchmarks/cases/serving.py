"""Time a saved classifier from a cold start, with torch and with numpy only.

The default is fitted to the train split and saved. Each start runs in a separate
process: seconds until the first prediction, including imports but not the start of the
interpreter, and peak memory. Then texts of the test split are predicted, one by one and
in batches. The run stops if the two runtimes predict different labels.
"""

import resource
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.data import load_set
from benchmarks.options import Option, common
from benchmarks.results import markdown_table

RUNTIMES = ("torch", "numpy")
OPTIONS = [
    *common(threads=1),
    Option("starts", "cold starts of each runtime", int, 5),
    Option("batch", "texts at once", int, 1000),
    Option("models", "folder to store the fitted models in"),
]
SINGLE_TEXTS = 500


def run(context):
    with TemporaryDirectory() as folder:
        models = Path(context.models or folder)
        for name in context.sets:
            path = str(models / f"{name}.mtl")
            yield (
                (name, "model"),
                context.call("fit", folder=context.data, name=name, path=path),
            )
            for runtime in RUNTIMES:
                starts = [
                    context.call("start", path=path, runtime=runtime)
                    for _ in range(context.starts)
                ]
                answers = context.call(
                    "answer",
                    folder=context.data,
                    name=name,
                    path=path,
                    runtime=runtime,
                    batch=context.batch,
                )
                best = {key: min(each[key] for each in starts) for key in starts[0]}
                yield (name, runtime), {**best, **answers}
            agreement = context.call(
                "compare", folder=context.data, name=name, path=path
            )
            if agreement["labels_that_differ"]:
                raise SystemExit(f"{name}: predicted labels differ.")
            yield (name, "agreement"), agreement
            yield (name, "machine"), context.machine()


def fit(folder, name, path):
    """Fit the default, unless the file exists."""
    from sklearn_mtl import MultiTaskTextClassifier

    if not Path(path).exists():
        texts, labels = load_set(folder, name, ["train"]).splits["train"]
        MultiTaskTextClassifier(random_state=0).fit(texts, labels).save(path)
    return {"megabytes": Path(path).stat().st_size / 1e6}


def start(path, runtime):
    """Load a model and predict once; runs in a separate process."""
    begin = perf_counter()
    import sklearn_mtl

    model = sklearn_mtl.load(path, runtime=runtime)
    model.predict(["a text that nobody has seen before"])
    return {
        "start_seconds": perf_counter() - begin,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def answer(folder, name, path, runtime, batch):
    """Time predictions of single texts, and of batches."""
    import sklearn_mtl

    texts, _ = load_set(folder, name, ["test"]).splits["test"]
    model = sklearn_mtl.load(path, runtime=runtime)
    batches = [texts[k : k + batch] for k in range(0, len(texts), batch)]
    model.predict(batches[0])
    each = [timed(model.predict, [text]) for text in texts[:SINGLE_TEXTS]]
    times = [timed(model.predict, part) for part in batches]
    # The fastest full batch: other processes may have slowed the others.
    rates = [len(part) / t for part, t in zip(batches, times, strict=True)]
    return {
        "milliseconds_per_text": 1e3 * median(each),
        "texts_per_second": max(rates),
        "texts_per_second_median": median(rates),
        "characters_per_text": sum(map(len, texts)) / len(texts),
        "texts": len(texts),
    }


def timed(function, texts):
    begin = perf_counter()
    function(texts)
    return perf_counter() - begin


def compare(folder, name, path):
    """Return how much the predictions of the two runtimes differ."""
    import numpy as np

    import sklearn_mtl

    texts, _ = load_set(folder, name, ["test"]).splits["test"]
    torch, own = (sklearn_mtl.load(path, runtime=runtime) for runtime in RUNTIMES)
    pairs = zip(torch.predict_proba(texts), own.predict_proba(texts), strict=True)
    labels = zip(
        torch.predict(texts, output="dict").values(),
        own.predict(texts, output="dict").values(),
        strict=True,
    )
    return {
        "labels_that_differ": sum(int(np.sum(a != b)) for a, b in labels),
        "largest_difference_of_probabilities": max(
            float(np.abs(a - b).max()) for a, b in pairs
        ),
    }


def section(results):
    apart = [found["agreement"] for found in results.values() if "agreement" in found]
    largest = max(each["largest_difference_of_probabilities"] for each in apart)
    gap = f"differ by at most {largest}" if largest else "agree to 5 decimals"
    return [
        "## Serving saved classifiers",
        "A default fit, saved and loaded with torch and with `runtime='numpy'`, one "
        "thread. Start: seconds from a started interpreter to the first prediction, "
        "including imports. Peak: memory of that process. Then milliseconds for one "
        "text, and texts per second in batches of the test split. No label differs "
        f"between the runtimes, and probabilities {gap}.",
        show(results),
    ]


def show(results):
    """Return a row for each set and runtime."""
    header = ["set, runtime", "start, s", "peak, MB", "file, MB", "ms/text", "texts/s"]
    table = [
        [
            f"{name}, {runtime}",
            f"{found[runtime]['start_seconds']:.2f}",
            f"{found[runtime]['peak_megabytes']:.0f}",
            f"{found['model']['megabytes']:.0f}",
            f"{found[runtime]['milliseconds_per_text']:.2f}",
            f"{found[runtime]['texts_per_second']:.0f}",
        ]
        for name, found in results.items()
        for runtime in RUNTIMES
        if runtime in found
    ]
    return markdown_table(header, table)
