"""Padding in batches of tokens, and an epoch of ConvTrunk beside a bare torch loop.

The bare loop trains the same network on the same texts, in batches of the same size,
also grouped by length.
"""

from benchmarks.options import Option, common

OPTIONS = [
    *common(threads=1, sets=["fdu_mtl"]),
    Option("epochs", "epochs of each loop", int, 3),
]


def run(context):
    for name in context.sets:
        result = context.call(
            "loops:measure_sequences",
            folder=context.data,
            name=name,
            epochs=context.epochs,
        )
        yield (name,), {**result, "machine": context.machine()}


def section(results):
    lines = [
        f"- {name}: {found['padding']:.1%} of the positions in batches of "
        f"{found['batch_size']} texts are padding (in random batches "
        f"{found['padding_in_random_batches']:.1%}); an epoch of ConvTrunk takes "
        f"{found['ratio']:.2f} times as long as a bare torch loop over the same net."
        for name, found in results.items()
    ]
    return ["## Token sequences", "\n".join(lines)]
