"""Time a training step with each kernel, beside the memory traffic that it needs.

The kernels of ``SparseSGD`` take the same steps in turns, each kernel with a network of
its own. The floor is the time of copying for as many bytes as the weights of a batch
have, read twice and written once, columns of tasks without a label among them. Traffic
that a cache serves is faster, so a kernel may be faster than the floor.
"""

from benchmarks.options import Option, common

OPTIONS = [
    *common(threads=1),
    Option("steps", "to time with each kernel", int, 60),
]


def run(context):
    for name in context.sets:
        result = context.call(
            "steps:measure",
            folder=context.data,
            name=name,
            n_steps=context.steps,
            n_threads=context.threads,
        )
        yield (name,), {**result, "machine": context.machine()}
