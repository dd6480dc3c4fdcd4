"""Embeddings beside words: LSA, and pretrained encoders.

The default, the default with each embedding, and each encoder alone with a
LogisticRegression for each task. Encoders are "use" (the extra `embedding`),
"pooled_use" (the same over chunks of 128 words) and "minilm" (all-MiniLM-L6-v2, with
requirements-embeddings.txt in the interpreter that --python names). A text is encoded
once; fit times exclude this, and a second table has the speed of each encoder. With
--rows, rows are drawn from the train split, the same for all systems. Differences are
paired, with 95% intervals over seeds.
"""

from statistics import mean

from benchmarks.options import SPLIT, Option, common, integers, names
from benchmarks.results import markdown_table, signed
from benchmarks.runs import add_means, finished

BASELINE = "words"
ENCODERS = ("use", "pooled_use", "minilm")
OPTIONS = [
    *common(seeds=3, threads=1),
    SPLIT,
    Option("rows", "rows of a draw; default: all", integers, []),
    Option("encoders", "names of encoders", names, ["use"], among=ENCODERS),
    Option("weight", "embedding_weight; default: the estimator's", float),
    Option("python", "interpreter with their packages; default: this one"),
]


def run(context):
    for name in context.sets:
        for rows in context.rows or [None]:
            found = context.call(
                "systems.pretrained:measure",
                python=context.python,
                folder=context.data,
                name=name,
                split=context.split,
                rows=rows,
                seeds=context.seeds,
                encoders=context.encoders,
                weight=context.weight,
            )
            found |= {"split": context.split, "machine": context.machine()}
            yield (name, f"{rows or 'all'} rows"), found


def complete(results):
    """Add means over seeds, and the scores of words minus those of each system."""
    for points in results.values():
        add_means(points.values(), BASELINE)


def section(results):
    counts = sorted(
        {len(finished(p)) for own in results.values() for p in own.values()}
    )
    return [
        "## Embeddings beside words",
        "The default, the same with a block of embeddings, and embeddings alone with a "
        "LogisticRegression for each task: macro-F1 and accuracy, means over tasks and "
        f"{' or '.join(map(str, counts))} seed(s). Gains over words alone are paired, "
        "in points of macro-F1, with 95% intervals over seeds. Fit times exclude the "
        "encoder, whose speed is in the second table.",
        show(results),
    ]


def show(results):
    """Return the table of scores, and that of the encoders' speed."""
    return f"{scores(results)}\n\n{speeds(results)}"


def scores(results):
    """Return a row for each set, number of rows and system."""
    table, gains = [], {}
    for name, points in results.items():
        for rows, point in points.items():
            for system, found in point["means"].items():
                gap = point["differences"].get(system)
                gain = "" if gap is None else signed(turned(gap["macro_f1"]))
                if gap is not None:
                    gains.setdefault((rows, system), []).append(
                        -gap["macro_f1"]["difference"]
                    )
                cells = (f"{found[key]:.3f}" for key in ("macro_f1", "accuracy"))
                seconds = f"{found['fit_seconds']:.1f}"
                table.append([f"{name}, {rows}: {system}", *cells, gain, seconds])
    for (rows, system), found in gains.items():
        if len(found) > 1:
            gain = f"{100 * mean(found):+.1f}"
            place = f"mean of {len(found)} sets, {rows}: {system}"
            table.append([place, "", "", gain, ""])
    header = ["set, rows: system", "macro-F1", "accuracy", "gain over words", "fit (s)"]
    return markdown_table(header, table)


def turned(gap):
    """Return a paired difference with the opposite sign."""
    low, high = (None if gap[end] is None else -gap[end] for end in ("high", "low"))
    return {"difference": -gap["difference"], "low": low, "high": high}


def speeds(results):
    """Return a row for each set and encoder: texts per second."""
    table = [
        [f"{name}, {rows}: {encoder}", f"{own['texts']:,}"]
        + [f"{own['texts_per_second']:,.0f}", f"{own['seconds']:,.1f}"]
        for name, points in results.items()
        for rows, point in points.items()
        for encoder, own in point["encoders"].items()
    ]
    return markdown_table(["encoder", "texts", "texts per second", "seconds"], table)
