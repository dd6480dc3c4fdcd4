"""Sentence embeddings of a small language model: alone, and beside words.

Needs requirements-embeddings.txt in the interpreter that --python names; the model
comes with one of its packages. Fit times use precomputed embeddings; computing them has
a separate row.
"""

from benchmarks.options import SPLIT, Option, common
from benchmarks.results import markdown_table

SYSTEMS = {
    "bag": "words, the default",
    "embeddings": "embeddings, DenseTrunk",
    "both": "words and embeddings, FeatureUnion",
}

OPTIONS = [
    *common(seeds=3, threads=2, sets=["edos", "intent4"]),
    SPLIT,
    Option("weight", "weight of embeddings beside words", float, 1.0),
    Option("python", "interpreter with these requirements; default: this one"),
]


def run(context):
    for name in context.sets:
        found = context.call(
            "systems.embeddings:measure",
            python=context.python,
            folder=context.data,
            name=name,
            split=context.split,
            seeds=context.seeds,
            weight=context.weight,
        )
        yield (
            (name,),
            {**found, "weight": context.weight, "machine": context.machine()},
        )


def section(results):
    return [
        "## Sentence embeddings",
        "Accuracy and macro-F1 on the test split, mean over tasks and seeds, of words, "
        "of embeddings by all-MiniLM-L6-v2, and of both. Seconds are in the results "
        "file; they are rough, because other work ran on the machine.",
        show(results),
    ]


def show(results):
    """Return a row for each system, a column for each set."""
    table = []
    for key, label in SYSTEMS.items():
        cells = [label]
        for found in results.values():
            row = found[key]
            cells.append(f"{row['accuracy']:.3f} / {row['macro_f1']:.3f}")
        table.append(cells)
    return markdown_table(["rows", *results], table)
