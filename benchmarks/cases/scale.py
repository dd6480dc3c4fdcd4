"""Measure how time and memory of a fit grow with rows, tasks and classes.

Each point is a fit of the default estimator, from raw synthetic texts, in a separate
process. Further results: the cost of all tasks of a set compared with one task, and a
profile of a training epoch.
"""

import math
from statistics import linear_regression
from time import perf_counter

from benchmarks.data import load_set
from benchmarks.measure import Failed, peak_mib
from benchmarks.options import Option, common, names

WORDS = 50_000
LENGTH = 20  # mean words per text
N_TOPICS = 1000
TOPICAL = 0.25  # share of words that belong to the topic of their text
NOISE = 0.1  # share of random labels
TEST_ROWS = 10_000
BLOCK = 20_000  # texts

# The fixed sizes of an axis, and its values.
AXES = {
    "rows": ({"tasks": 8, "classes": 4}, [10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6]),
    "tasks": ({"rows": 30_000, "classes": 4}, [1, 4, 16, 36, 64, 256]),
    "classes": ({"rows": 30_000, "tasks": 1}, [2, 10, 100, 1000, 10_000]),
}
COSTS = [1, 36]  # tasks
COST_SET, PROFILE_SET = "disaster", "fdu_mtl"
GROWING = (
    "vectorise_seconds",
    "train_seconds",
    "fit_seconds",
    "step_milliseconds",
    "predict_seconds",
    "fit_mib",
)
OPTIONS = [
    *common(needs_data=False, threads=2, among=(COST_SET, PROFILE_SET)),
    Option(
        "points",
        "what to measure; rows=10000 is a single point",
        names,
        [*AXES, "cost", "profile"],
    ),
]


def check(context):
    known = [*AXES, "cost", "profile"]
    for point in context.points:
        axis, _, value = point.partition("=")
        if axis not in known or (value and int(value) not in AXES[axis][1]):
            raise ValueError(f"there is no {point}, only {', '.join(known)}")


def run(context):
    for axis, (fixed, values) in AXES.items():
        for value in values:
            if {axis, f"{axis}={value}"} & set(context.points):
                point = measure(context, "measure_made_up", **fixed, **{axis: value})
                yield (axis, str(value)), point
    found = context.sets if context.data else []
    if "cost" in context.points and COST_SET in found:
        place = {"folder": context.data, "name": COST_SET}
        for n_tasks, word in ((1, "one"), (None, "all")):
            point = measure(context, "measure_set", **place, n_tasks=n_tasks)
            yield ("cost", COST_SET, word), point
    if "profile" in context.points:
        name = PROFILE_SET if PROFILE_SET in found else None
        point = measure(context, "profiling:measure", folder=context.data, name=name)
        yield ("profile", name or "synthetic texts"), point


def measure(context, target, **arguments):
    try:
        result = context.call(target, **arguments)
    except Failed as failure:
        return {"failed": str(failure)}
    return {**result, "machine": context.machine()}


def make_texts(n_rows, n_tasks, n_classes, seed=0):
    """Return texts and labels (n_rows, n_tasks); a million rows take some seconds.

    Words follow Zipf's law. Each text has a topic, which owns a part of the vocabulary
    and some words of the text, and determines the class of each task.
    ``make_multitask_texts`` controls how tasks are related, but takes minutes instead
    of seconds.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    n_topics = max(N_TOPICS, n_classes)
    classes = generator.integers(n_classes, size=(n_topics, n_tasks))
    topics = generator.integers(n_topics, size=n_rows)
    labels = classes[topics]
    noisy = generator.random(labels.shape) < NOISE
    labels[noisy] = generator.integers(n_classes, size=noisy.sum())
    width = WORDS // n_topics
    first = topics * width
    texts = []
    # A few at a time, so that the fit determines the peak of memory.
    for start in range(0, n_rows, BLOCK):
        texts += some_texts(first[start : start + BLOCK], width, generator)
    return texts, labels


def some_texts(first, width, generator):
    """Return a text for each topic, whose own words begin at `first`."""
    import numpy as np

    lengths = np.maximum(generator.poisson(LENGTH, size=len(first)), 1)
    popularity = np.cumsum(1 / (np.arange(WORDS) + 10))
    drawn = generator.random(lengths.sum()) * popularity[-1]
    words = np.searchsorted(popularity, drawn)
    topical = generator.random(len(words)) < TOPICAL
    words[topical] = words[topical] % width + np.repeat(first, lengths)[topical]
    vocabulary = np.array([f"word{word:05}" for word in range(WORDS)], object)
    parts, ends = vocabulary[words].tolist(), np.cumsum(lengths).tolist()
    return [
        " ".join(parts[start:end])
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def measure_made_up(rows, tasks, classes):
    """Time a fit on synthetic texts; runs in a separate process."""
    texts, labels = make_texts(rows + TEST_ROWS, tasks, classes)
    test_texts, test_labels = texts[rows:], labels[rows:]
    del texts[rows:]
    return time_fit(texts, labels[:rows], test_texts, test_labels)


def measure_set(folder, name, n_tasks):
    """Time a fit on the first tasks of a set (None: all), on the same rows."""
    texts, labels = load_set(folder, name, ["train"]).splits["train"]
    return time_fit(texts, dict(list(labels.items())[:n_tasks]))


def time_fit(texts, labels, test_texts=None, test_labels=None):
    from benchmarks.systems.network import Timed
    from sklearn_mtl import MultiTaskTextClassifier

    start_mib = peak_mib()
    vectorising = Timed()
    classifier = MultiTaskTextClassifier(random_state=0, memory=vectorising)
    start = perf_counter()
    classifier.fit(texts, labels)
    total = perf_counter() - start
    steps = classifier.n_iter_ * math.ceil(len(texts) / classifier.batch_size_)
    measured = {
        "rows": len(texts),
        "tasks": classifier.n_outputs_,
        "features": len(classifier.vectorizer_.get_feature_names_out()),
        "sharing": type(classifier.sharing_).__name__,
        "vectorise_seconds": vectorising.seconds,
        "train_seconds": total - vectorising.seconds,
        "fit_seconds": total,
        "steps": steps,
        "step_milliseconds": 1000 * (total - vectorising.seconds) / steps,
        "start_mib": start_mib,
        "fit_peak_mib": peak_mib(),
        "fit_mib": peak_mib() - start_mib,
    }
    if test_texts:
        start = perf_counter()
        predicted = classifier.predict(test_texts).reshape(test_labels.shape)
        measured["predict_seconds"] = perf_counter() - start
        measured["predict_texts"] = len(test_texts)
        measured["accuracy"] = float((predicted == test_labels).mean())
    return measured


def complete(results):
    """Add what is derived from all points."""
    results["slopes"] = {
        axis: slopes(results[axis]) for axis in AXES if len(results.get(axis, {})) > 1
    }
    results["cost_ratios"] = cost_ratios(results)


def slopes(points):
    """Return the exponent with which each measure grows: the log-log slope."""
    done = {int(x): point for x, point in points.items() if "failed" not in point}
    return {
        key: slope([(x, point[key]) for x, point in done.items() if point[key] > 0])
        for key in GROWING
    }


def slope(pairs):
    """Return the slope of the least-squares line through the logarithms."""
    xs, ys = ([math.log(pair[k]) for pair in pairs] for k in (0, 1))
    return linear_regression(xs, ys).slope if len(set(xs)) > 1 else None


def cost_ratios(results):
    """Return fit times with many tasks as multiples of the fit time with one."""
    one, many = (results.get("tasks", {}).get(str(n), {}) for n in COSTS)
    pairs = {f"synthetic texts, {COSTS[1]} tasks": (one, many)}
    for name, points in results.get("cost", {}).items():
        many = points.get("all", {})
        label = f"{name}, {many.get('tasks')} tasks"
        pairs[label] = points.get("one", {}), many
    return {
        label: {key: many[key] / one[key] for key in ("fit_seconds", "train_seconds")}
        for label, (one, many) in pairs.items()
        if "fit_seconds" in one and "fit_seconds" in many
    }
