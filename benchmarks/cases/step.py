"""Time a training step with each kernel, beside the memory traffic that it needs.

The kernels of ``SparseSGD`` take the same steps in turn, each with its own network. The
floor is the time that memory needs to copy the weights of a batch, read twice and
written once, including columns of tasks without a label. Cached memory is faster, so a
kernel may be faster than the floor.
"""

from benchmarks.options import Option, common

OPTIONS = [
    *common(threads=1),
    Option("steps", "steps to time with each kernel", int, 60),
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
