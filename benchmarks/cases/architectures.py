"""Compare networks: combinations of trunk and sharing, on every set.

Each is fitted with its defaults on the train split, in a separate process, and scored
on the test split (use the dev split to choose settings). With --predictions and
--against, paired differences from the named network are written too.
"""

from statistics import mean

from benchmarks.options import LIMIT, PREDICTIONS, SPLIT, Option, common, names
from benchmarks.results import markdown_table, prediction_file, scores_or_limit


def conv():
    from sklearn_mtl.trunks import ConvTrunk

    return ConvTrunk()


def sharing(name, **parameters):
    import sklearn_mtl.sharing

    return getattr(sklearn_mtl.sharing, name)(**parameters)


# The label of a row, and a function that returns parameters of the estimator.
ARCHITECTURES = {
    "bag": ("bag, shared-private (the default)", dict),
    "bag_hard": ("bag, hard", lambda: {"sharing": "hard"}),
    "bag_shared_heads": (
        "bag, shared-private, heads shared by tasks of the same classes",
        lambda: {"sharing": sharing("SharedPrivate", share_heads=True)},
    ),
    "bag_mmoe": ("bag, mixture of experts", lambda: {"sharing": "mmoe"}),
    "bag_ple": ("bag, progressive layers", lambda: {"sharing": "ple"}),
    "bag_adversarial": (
        "bag, adversarial shared-private",
        lambda: {"sharing": "adversarial"},
    ),
    "conv": ("conv, shared-private", lambda: {"trunk": "conv"}),
    # Embedding of 64, 64 filters of width 3, maximum over time, 32 dense units.
    "conv_hard": (
        "conv, hard (the article's network)",
        lambda: {"trunk": conv(), "sharing": "hard"},
    ),
    "conv_adversarial": (
        "conv, adversarial shared-private",
        lambda: {"trunk": "conv", "sharing": "adversarial"},
    ),
    # The same network without an adversary to separate shared from private features.
    "conv_private_trunks": (
        "conv, shared and private trunks without adversary",
        lambda: {
            "trunk": "conv",
            "sharing": sharing(
                "AdversarialSharedPrivate", adversarial_weight=0, orthogonality_weight=0
            ),
        },
    ),
    "recurrent": ("LSTM, shared-private", lambda: {"trunk": "recurrent"}),
    "recurrent_hard": ("LSTM, hard", lambda: {"trunk": "recurrent", "sharing": "hard"}),
    "attention": ("attention, shared-private", lambda: {"trunk": "attention"}),
    "attention_hard": (
        "attention, hard",
        lambda: {"trunk": "attention", "sharing": "hard"},
    ),
}

OPTIONS = [
    *common(seeds=1, threads=2),
    Option("architectures", "default: all", names, among=tuple(ARCHITECTURES)),
    SPLIT,
    PREDICTIONS,
    Option("against", "the one of --architectures to compare the others with"),
    LIMIT,
]


def check(context):
    if context.against and not (
        context.predictions and context.against in context.architectures
    ):
        raise ValueError(
            "--against names one of --architectures, and needs --predictions"
        )


def run(context):
    yield ("labels",), {key: label for key, (label, _) in ARCHITECTURES.items()}
    for architecture in context.architectures:
        for name in context.sets:
            runs = context.call_for_seeds(
                "measure",
                architecture=architecture,
                folder=context.data,
                name=name,
                split=context.split,
                predictions=context.predictions,
                limit=context.limit,
            )
            if None in runs:
                row = {"over_seconds": context.limit}
            else:
                row = {key: mean(run[key] for run in runs) for key in runs[0]}
                row["runs"] = runs
            row["machine"] = context.machine()
            yield ("architectures", architecture, name), row
    if context.against:
        yield from paired_differences(context)


def paired_differences(context):
    """Yield differences with 95% intervals, over the rows of the split."""
    for name in context.sets:
        found = context.call(
            "scores:differences",
            folder=context.predictions,
            name=name,
            ours=context.against,
            peers=[key for key in context.architectures if key != context.against],
            seeds={key: list(range(context.seeds)) for key in context.architectures},
        )
        for other, scores in found.items():
            # The other network minus the reference network.
            yield (
                ("differences", name, f"{other} - {context.against}"),
                {
                    score: {
                        "difference": -part["difference"],
                        "low": -part["high"],
                        "high": -part["low"],
                    }
                    for score, part in scores.items()
                },
            )


def measure(architecture, folder, name, split, seed, predictions=None):
    """Fit a network and score it; runs in a separate process."""
    from benchmarks.scores import fit_and_score

    parameters = ARCHITECTURES[architecture][1]()
    path = predictions and prediction_file(predictions, name, architecture, seed)
    return fit_and_score(parameters, folder, name, split, seed, path)


def section(results):
    return [
        "## Networks",
        "Accuracy and macro-F1 on the test split, mean over tasks, and seconds from "
        "raw texts to a fitted network, each with its defaults. Means over one to "
        "three seeds; seconds are rough, because other work ran on the machine. "
        "Differences are paired, with 95% intervals over the rows of the test split.",
        networks_table(results),
        "\n".join(difference_lines(results)),
    ]


def difference_lines(results):
    """Return a line for each pair of networks with a paired difference."""
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


def networks_table(results):
    """Return a row for each network, with a cell for each set."""
    found = results["architectures"]
    sets = sorted({name for rows in found.values() for name in rows})
    table = []
    for key, label in results["labels"].items():
        if key not in found:
            continue
        rows = [found[key].get(name, {}) for name in sets]
        table.append([label, *(scores_or_limit(row, written) for row in rows)])
    return markdown_table(["network", *sets], table)


def written(row):
    return f"{row['accuracy']:.3f} / {row['macro_f1']:.3f}, {row['fit_seconds']:.0f} s"


def show(results):
    return "\n".join([networks_table(results), *difference_lines(results)])
