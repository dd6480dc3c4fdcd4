"""Time a training epoch of the default net and of a net over dense rows.

The second net differs only in its ordinary ``nn.Linear`` input layers. skorch's own
``Dataset`` feeds it dense rows. Loss, rows and batch size are the same, and plain
gradient descent, the cheapest optimizer, trains it. Its epoch time is extrapolated from
a few batches.
"""

from benchmarks.options import Option, common

OPTIONS = [
    *common(threads=2, sets=["fdu_mtl"]),
    Option("batches", "batches of the dense net to time", int, 20),
]


def run(context):
    for name in context.sets:
        result = context.call(
            "loops:measure_epoch",
            folder=context.data,
            name=name,
            n_batches=context.batches,
        )
        yield (name,), {**result, "machine": context.machine()}
