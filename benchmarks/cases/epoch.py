"""Time a training epoch of the default net, beside one that reads dense rows.

The other net is the same but for ordinary ``nn.Linear`` input layers. skorch's own
``Dataset`` feeds it and makes every row dense; loss, rows and batch size are the same,
and plain gradient descent, which costs least, trains it. A few of its batches are
timed, and its epoch is extrapolated from them.
"""

from benchmarks.options import Option, common

OPTIONS = [
    *common(threads=2, sets=["fdu_mtl"]),
    Option("batches", "of the other net to time", int, 20),
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
