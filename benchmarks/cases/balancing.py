"""Loss weights: all named methods beside equal, random and searched weights.

Every method trains the default network on the train split and is scored on the test
split. The default was chosen on the dev split, whose scores are stored too. The rows of
a set and seed are made once, and so are the settings that do not depend on loss
weights; seconds are processor time of the training that follows, so that methods stay
comparable if other work runs on the machine.

The best of 8 fixed weightings (those of the default, and 7 random ones) is chosen by
macro-F1 on the dev split. Its seconds are those of all 8. Slow methods have fewer
seeds: 3 for methods that use gradients, 1 for separate networks.

With --keep, runs that the results file has are not measured again.
"""

from statistics import mean

from benchmarks.data import load_set
from benchmarks.options import Option, common, names
from benchmarks.results import SCORES, markdown_table, signed, task_means

DEFAULT, EQUAL, STATIC, SEPARATE = "auto", "equal", "static", "separate"
LABELS = {
    DEFAULT: 'the default, "auto"',
    EQUAL: "None, all cells alike",
    "random": '"random", the baseline of methods',
    STATIC: "best of 8 fixed weightings",
    SEPARATE: 'sharing="separate"',
}
OF_LOSSES = (
    *("uncertainty", "dwa", "cosmos", "famo", "geometric-mean", "imtl-l", "pbi"),
    *("stch", "uw", "validation"),
)
OF_GRADIENTS = (
    *("gradnorm", "db-mtl", "aligned-mtl", "cagrad", "config", "dual-proj"),
    *("excess-mtl", "fair-grad", "grad-drop", "grad-vac", "imtl-g", "mgda", "pcd"),
    *("pcgrad", "upgrad"),
)
# It solves a problem in each step, which takes minutes for a set of many batches.
LEFT_OUT = ("nash-mtl",)
METHODS = (*LABELS, *OF_LOSSES, *OF_GRADIENTS)
MOST_SEEDS = dict.fromkeys(OF_GRADIENTS, 3) | {STATIC: 3, SEPARATE: 1}
CANDIDATES = 8
GROUP = 10  # methods that a process measures
RANKED = 3  # seeds that a method needs for a mean rank

OPTIONS = [
    *common(seeds=5, threads=1),
    Option("methods", "default: all", names, among=METHODS),
    Option("keep", "skip runs that the results file has", default=False),
]


def run(context):
    for seed in range(context.seeds):
        for name in context.sets:
            known = context.results().get("sets", {}).get(name, {})
            wanted = [
                method
                for method in context.methods
                if seed < MOST_SEEDS.get(method, context.seeds)
                and not (context.keep and str(seed) in known.get(method, {}))
            ]
            # A process for a few methods, so that an interruption loses little.
            for start in range(0, len(wanted), GROUP):
                found = context.call(
                    "measure",
                    folder=context.data,
                    name=name,
                    methods=wanted[start : start + GROUP],
                    seed=seed,
                )
                for method, record in found.items():
                    yield ("sets", name, method, str(seed)), record
                yield ("machine",), context.machine()


def measure(folder, name, methods, seed):
    """Fit the network with each method; runs in a separate process."""
    splits = load_set(folder, name).splits
    found = {}
    for sharing in ("auto", SEPARATE):
        own = [each for each in methods if (each == SEPARATE) == (sharing == SEPARATE)]
        if own:
            fits = Fits(splits, seed, sharing=sharing)
            found |= {method: fits.scores(method) for method in own}
    return found


class Fits:
    """Fits that differ in their loss weights alone, as by the estimator's ``fit``."""

    def __init__(self, splits, seed, **parameters):
        from sklearn_mtl import MultiTaskTextClassifier

        self.classifier = MultiTaskTextClassifier(random_state=seed, **parameters)
        self.seed, self.splits = seed, splits
        self.config, X, self.cells = self.classifier._read(*splits["train"], None)
        self.run = self.classifier._prepare(self.config, X, self.cells)
        self.rows = {
            split: self.classifier._transform_rows(splits[split].texts)[0]
            for split in ("dev", "test")
        }

    def scores(self, method):
        """Return seconds and the scores of both splits, for a method of the case."""
        from time import process_time

        from sklearn_mtl.model_selection import loss_weight_grid

        candidates = [{EQUAL: None, SEPARATE: DEFAULT}.get(method, method)]
        if method == STATIC:
            tasks, n_drawn = self.cells.targets.names, CANDIDATES - 1
            candidates = loss_weight_grid(
                tasks, "random", n=n_drawn, random_state=self.seed
            )
        start = process_time()
        fitted = self.fitted(candidates)
        seconds = process_time() - start
        scored = [self.score(each, "dev") for each in fitted]
        best = max(range(len(fitted)), key=lambda k: scored[k]["macro_f1"])
        dev = {f"dev_{key}": value for key, value in scored[best].items()}
        record = {**self.score(fitted[best], "test"), **dev, "seconds": seconds}
        if method == STATIC:
            record["weights"] = candidates[best]
        return record

    def fitted(self, candidates):
        """Return a fitted classifier for each of several loss weights."""
        from copy import copy

        from sklearn_mtl._fitting._joint_fit import JointFit
        from sklearn_mtl.training._balancing import build_balancing
        from sklearn_mtl.training._runtime import computing

        built = [build_balancing(each, self.cells, self.config) for each in candidates]
        if len(built) > 1:
            parts = self.classifier, candidates, built, self.run, self.cells
            classifiers = JointFit(*parts).train()
            for each in classifiers:
                if isinstance(each, Exception):
                    raise each
            return classifiers
        fitted = copy(self.classifier)
        with computing():
            net = self.run.fit(*built)
            calibration = self.run.finish(net)
        fitted._set_fitted(net, self.run, self.cells, calibration)
        return [fitted]

    def score(self, fitted, split):
        from benchmarks.scores import as_lists, score_tasks
        from sklearn_mtl.search._folds import _reader_of_rows

        rows = self.rows[split]
        predicted = _reader_of_rows(fitted, rows).predict(rows, output="dict")
        return task_means(score_tasks(self.splits[split].labels, as_lists(predicted)))


def complete(results):
    """Add a summary of each method that has been measured on all sets."""
    sets = results.get("sets", {})
    if not all(DEFAULT in methods for methods in sets.values()):
        return
    ranks = mean_ranks(sets)
    results["summary"] = {
        method: summary(sets, method) | {"rank": ranks.get(method)}
        for method in METHODS
        if all(method in methods for methods in sets.values())
    }


def summary(sets, method):
    """Return means, and differences from the default in the same runs."""
    own = {name: methods[method] for name, methods in sets.items()}
    usual = {name: methods[DEFAULT] for name, methods in sets.items()}
    seeds = [
        seed
        for seed in next(iter(own.values()))
        if all(seed in runs[name] for runs in (own, usual) for name in sets)
    ]
    found = {"seeds": len(seeds), "sets": {}}
    if not seeds:
        return found
    keys = (*SCORES, *(f"dev_{key}" for key in SCORES))
    gaps = {
        key: {
            name: [own[name][seed][key] - usual[name][seed][key] for seed in seeds]
            for name in sets
        }
        for key in keys
    }
    for key in keys:
        found[key] = mean(own[name][seed][key] for name in sets for seed in seeds)
        each_seed = [mean(row) for row in zip(*gaps[key].values(), strict=True)]
        found[f"{key}_difference"] = with_interval(each_seed)
    for name in sets:
        found["sets"][name] = {
            key: mean(own[name][seed][key] for seed in seeds) for key in SCORES
        } | {f"{key}_difference": with_interval(gaps[key][name]) for key in SCORES}
    ratios = [
        own[name][seed]["seconds"] / sets[name][EQUAL][seed]["seconds"]
        for name in sets
        for seed in seeds
        if seed in sets[name].get(EQUAL, {})
    ]
    return found | {"seconds_ratio": mean(ratios) if ratios else None}


def mean_ranks(sets):
    """Return mean ranks by macro-F1 on the test split, 1 the best, and differences.

    Over sets and seeds in which all ranked methods have a run. Ties share their mean
    rank.
    """
    ranked = [
        method
        for method in METHODS
        if all(len(methods.get(method, {})) >= RANKED for methods in sets.values())
    ]
    if DEFAULT not in ranked:
        return {}
    ranks = {method: [] for method in ranked}
    for methods in sets.values():
        for seed in methods[DEFAULT]:
            if any(seed not in methods[method] for method in ranked):
                continue
            values = {method: methods[method][seed]["macro_f1"] for method in ranked}
            for method, value in values.items():
                better = sum(other > value for other in values.values())
                equal = sum(other == value for other in values.values())
                ranks[method].append(better + (equal + 1) / 2)
    if not ranks[DEFAULT]:
        return {}
    return {
        method: {
            "mean": mean(own),
            "runs": len(own),
            **with_interval([a - b for a, b in zip(own, ranks[DEFAULT], strict=True)]),
        }
        for method, own in ranks.items()
    }


def with_interval(gaps):
    """Return the mean of differences with Student's 95% interval, if there are two."""
    from statistics import stdev

    from scipy.stats import t

    found = {"difference": mean(gaps), "low": None, "high": None}
    if len(gaps) > 1:
        half = float(t.ppf(0.975, len(gaps) - 1)) * stdev(gaps) / len(gaps) ** 0.5
        found |= {"low": found["difference"] - half, "high": found["difference"] + half}
    return found


def section(results):
    summaries = results.get("summary", {})
    if not summaries:
        return []
    sets = ", ".join(results["sets"])
    ranks = [row["rank"] for row in summaries.values() if row["rank"]]
    runs = f"{len(ranks)} methods in {ranks[0]['runs']} runs" if ranks else "no runs"
    return [
        "## Weighting tasks",
        f"The default network with each method of `loss_weights`, on {sets}: macro-F1 "
        "on the test splits, mean over tasks, sets and seeds. Differences are from the "
        "default in the same runs, in points, with Student's 95% intervals over seeds; "
        "the column dev has those on the dev splits, on which the default was chosen. "
        f"Ranks are by macro-F1, among {runs} (a set and a seed each), with the "
        "difference from the default's rank and its interval over these runs. Time is "
        "processor time of training as a multiple of that with equal weights. The best "
        f"of {CANDIDATES} fixed weightings was chosen on the dev split; its time is "
        f"that of all {CANDIDATES}. Not measured, because too slow: "
        f"{', '.join(LEFT_OUT)}.",
        methods_table(summaries),
        "Macro-F1 minus the default's, by set, in points:",
        sets_table(summaries, list(results["sets"])),
    ]


def methods_table(summaries):
    rows = []
    for method, found in summaries.items():
        if not found["seeds"]:
            continue
        rank, ratio = found["rank"], found["seconds_ratio"]
        rows.append(
            [
                LABELS.get(method, f'"{method}"'),
                f"{found['macro_f1']:.4f}",
                *(
                    "" if method == DEFAULT else signed(found[f"{key}_difference"], 100)
                    for key in ("macro_f1", "accuracy", "dev_macro_f1")
                ),
                f"{rank['mean']:.1f}" if rank else "-",
                signed(rank, 1) if rank and method != DEFAULT else "",
                f"{ratio:.2f}" if ratio else "-",
                str(found["seeds"]),
            ]
        )
    header = ["loss_weights", "macro-F1", "difference", "accuracy", "dev", "rank",
              "rank, difference", "time", "seeds"]  # fmt: skip
    return markdown_table(header, rows)


def sets_table(summaries, sets):
    rows = [
        [
            LABELS.get(method, f'"{method}"'),
            *(signed(found["sets"][name]["macro_f1_difference"]) for name in sets),
        ]
        for method, found in summaries.items()
        if found["seeds"] and method != DEFAULT
    ]
    return markdown_table(["loss_weights", *sets], rows)


def show(results):
    return "\n\n".join(section(results)[2:]) or "Also measure the default, on all sets."
