"""Explanations: whether they add up, what removing their words changes, and seconds.

The default estimator is fitted to the train split, and the first texts of the test
split are explained. Error: the largest difference between a logit and what its
contributions add up to. Deletion: for each text and task, the three words that speak
most for the answer are removed from the text, and in another copy three random words;
the share of the answers that change, mean over tasks. Only texts with more than three
words count. Differences have the 95% interval of a bootstrap over texts.

Networks other than the default are integrated numerically, so that their error is not
only rounding; they explain fewer texts, and nothing is removed.
"""

from benchmarks.data import load_set
from benchmarks.options import Option, common, names
from benchmarks.results import markdown_table

DEFAULT = "default"
NETWORKS = {
    DEFAULT: {},
    "mmoe": {"sharing": "mmoe"},
    "conv": {"trunk": "conv"},
    "recurrent": {"trunk": "recurrent"},
}
REMOVED = 3
OPTIONS = [
    *common(seeds=1, threads=1),
    Option("texts", "texts to explain", int, 1000),
    Option("others", "texts to explain with other networks", int, 100),
    Option("networks", "networks", names, list(NETWORKS), among=tuple(NETWORKS)),
]


def run(context):
    for name in context.sets:
        for network in context.networks:
            runs = context.call_for_seeds(
                "measure",
                folder=context.data,
                name=name,
                network=network,
                n_texts=context.texts if network == DEFAULT else context.others,
            )
            yield (name, network), {"runs": runs, "machine": context.machine()}


def measure(folder, name, network, n_texts, seed):
    """Fit, explain and remove words; runs in a separate process."""
    from time import perf_counter, process_time

    import numpy as np

    from sklearn_mtl import MultiTaskTextClassifier

    splits = load_set(folder, name, ("train", "test")).splits
    classifier = MultiTaskTextClassifier(random_state=seed, **NETWORKS[network])
    classifier.fit(*splits["train"])
    texts = splits["test"].texts[:n_texts]
    classifier.explain(texts[:1])  # what only the first call does
    start, started = process_time(), perf_counter()
    explanations = classifier.explain(texts)
    found = {
        "seed": seed,
        "texts": len(texts),
        "tasks": len(classifier.task_names_),
        "cpu_seconds": process_time() - start,
        "seconds": perf_counter() - started,
        # In millionths, because records keep four decimals.
        "error_millionths": 1e6 * float(explanations.errors.max()),
        "relative_error": relative_error(explanations),
    }
    if network == DEFAULT:
        rng = np.random.RandomState(seed)
        found["deletion"] = deletion(classifier, texts, explanations, rng)
    return found


def relative_error(explanations):
    """Return errors of differences of logits as a share of all contributions."""
    import numpy as np

    pairs = np.array(
        [
            (abs(answer.error), np.abs(answer.contributions).sum())
            for explanation in explanations
            for answer in explanation
        ]
    )
    return float(pairs[:, 0].sum() / pairs[:, 1].sum())


def deletion(classifier, texts, explanations, rng):
    """Return the share of answers that change without the top or random words."""
    import numpy as np

    labels = classifier.predict(texts, output="dict")
    explanations = list(explanations)  # each is made on access
    changed = []
    for task in classifier.task_names_:
        shorter, own = [], []
        for row, explanation in enumerate(explanations):
            answer = explanation[task]
            words = np.flatnonzero(answer.starts >= 0)
            if len(words) <= REMOVED:
                continue
            best = words[np.argsort(-answer.contributions[words], kind="stable")]
            chance = rng.choice(words, REMOVED, replace=False)
            for chosen in (best[:REMOVED], chance):
                shorter.append(without(texts[row], answer, chosen))
            own.append(row)
        after = classifier.predict(shorter, output="dict")[task]
        differs = np.full((len(texts), 2), np.nan)
        differs[own] = after.reshape(-1, 2) != labels[task][own, None]
        changed.append(differs)
    changed = np.array(changed)  # (n_tasks, n_texts, 2)
    shares = changed[:, ~np.isnan(changed).all(axis=(0, 2))]
    shares = np.nanmean(shares, axis=0)
    return {
        "texts": len(shares),
        "top": float(shares[:, 0].mean()),
        "random": float(shares[:, 1].mean()),
        **bootstrap(shares[:, 0] - shares[:, 1], rng),
    }


def without(text, answer, words):
    """Return a text without some words of an answer."""
    for word in sorted(words, key=lambda word: -answer.starts[word]):
        text = text[: answer.starts[word]] + text[answer.ends[word] :]
    return text


def bootstrap(differences, rng, n_draws=2000):
    """Return the mean difference with its 95% interval over texts."""
    import numpy as np

    draws = rng.choice(differences, (n_draws, len(differences))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"difference": float(differences.mean()), "interval": [low, high]}


def section(results):
    return [
        "## Explanations",
        "The first texts of the test split, all tasks. Error: the largest difference "
        "between a logit and what the contributions of its words add up to. Deletion: "
        f"the answers that change without the {REMOVED} words that speak most for "
        "them, and without as many random words of the text, means over tasks in "
        "percent, with the 95% interval of the difference over texts. Seconds are of "
        "the CPU, on one thread, for all of these texts.",
        deletion_table(results),
        *other_networks(results),
    ]


def other_networks(results):
    """Return the paragraph and the table on networks that are integrated."""
    if not any(set(own) - {DEFAULT} for own in results.values()):
        return []
    return [
        "Networks that are integrated numerically, with 50 points: the largest error, "
        "and errors of the difference of label and rival as a share of the "
        "contributions.",
        error_table(results),
    ]


def deletion_table(results):
    rows = []
    for name, networks in results.items():
        for found in networks.get(DEFAULT, {}).get("runs", []):
            own = found["deletion"]
            low, high = (100 * edge for edge in own["interval"])
            rows.append(
                [
                    f"{name}, {found['tasks']} tasks",
                    str(found["texts"]),
                    f"{found['error_millionths'] / 1e6:.0e}",
                    f"{100 * own['top']:.1f}",
                    f"{100 * own['random']:.1f}",
                    f"{100 * own['difference']:+.1f} [{low:+.1f}, {high:+.1f}]",
                    f"{found['cpu_seconds']:.1f}",
                ]
            )
    header = ["set", "texts", "error", "top words", "random words", "difference"]
    return markdown_table([*header, "CPU seconds"], rows)


def error_table(results):
    rows = [
        [
            f"{name}, {network}",
            str(found["texts"]),
            f"{found['error_millionths'] / 1e6:.4f}",
            f"{100 * found['relative_error']:.2f}%",
            f"{found['cpu_seconds']:.1f}",
        ]
        for name, networks in results.items()
        for network, own in networks.items()
        if network != DEFAULT
        for found in own["runs"]
    ]
    header = ["set and network", "texts", "error", "share", "CPU seconds"]
    return markdown_table(header, rows)
