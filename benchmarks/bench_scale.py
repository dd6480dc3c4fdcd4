"""Measure how time and memory of a fit grow with rows, tasks and classes.

Each point is a fit of the estimator's defaults, from raw texts, in a process of its
own, on made-up texts. Then what the tasks of a set cost beside one of them, and where
the seconds of a training epoch go.
"""

import argparse
import math
from pathlib import Path

from _data import find_sets
from _measure import Failed, in_fresh_process, machine_facts
from _results import RESULTS, read_results, write_results

# What is the same along an axis, and its values.
AXES = {
    "rows": ({"tasks": 8, "classes": 4}, [10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6]),
    "tasks": ({"rows": 30_000, "classes": 4}, [1, 4, 16, 36, 64, 256]),
    "classes": ({"rows": 30_000, "tasks": 1}, [2, 10, 100, 1000, 10_000]),
}
COSTS = [1, 36]  # tasks
COST_SET, PROFILE_SET = "disaster", "fdu_mtl"
GROWING = (
    "vectorise_seconds",
    "train_seconds",
    "fit_seconds",
    "step_milliseconds",
    "predict_seconds",
    "fit_mib",
)


def main():
    options = read_options()
    for axis, (fixed, values) in AXES.items():
        for value in values:
            if is_asked(options, axis, value):
                arguments = {**fixed, axis: value}
                point = run("_scale:measure_made_up", arguments, options)
                keep(options, [axis, str(value)], point)
    sets = find_sets(options.data) if options.data else []
    if is_asked(options, "cost") and COST_SET in sets:
        for n_tasks in (1, None):
            arguments = {"folder": options.data, "name": COST_SET, "n_tasks": n_tasks}
            point = run("_scale:measure_set", arguments, options)
            keep(options, ["cost", COST_SET, "one" if n_tasks else "all"], point)
    if is_asked(options, "profile"):
        name = PROFILE_SET if PROFILE_SET in sets else None
        profile = run(
            "_profile:measure", {"folder": options.data, "name": name}, options
        )
        keep(options, ["profile", name or "made-up texts"], profile)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", metavar="DIR", help=f"with {COST_SET} and {PROFILE_SET}, if there"
    )
    parser.add_argument(
        "--points",
        default=f"{','.join(AXES)},cost,profile",
        metavar="NAME,...",
        help="default: %(default)s; rows=10000 is a single one",
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument(
        "--output", type=Path, default=RESULTS / "scale.json", metavar="FILE"
    )
    options = parser.parse_args()
    options.points = options.points.split(",")
    known = [*AXES, "cost", "profile"]
    for point in options.points:
        axis, _, value = point.partition("=")
        if axis not in known or (value and int(value) not in AXES[axis][1]):
            parser.error(f"there is no {point}, only {', '.join(known)}")
    return options


def is_asked(options, part, value=None):
    return part in options.points or f"{part}={value}" in options.points


def run(target, arguments, options):
    try:
        result = in_fresh_process(target, arguments, threads=options.threads)
    except Failed as failure:
        return {"failed": str(failure)}
    return {**result, "machine": machine_facts(options.threads)}


def keep(options, place, point):
    """Write a point at its place, and what follows from all points there are."""
    shown = {key: value for key, value in point.items() if key != "machine"}
    print(" ".join(place), shown, flush=True)
    results = read_results(options.output)
    part = results
    for name in place[:-1]:
        part = part.setdefault(name, {})
    part[place[-1]] = point
    results["slopes"] = {
        axis: slopes(results[axis]) for axis in AXES if len(results.get(axis, {})) > 1
    }
    results["cost_ratios"] = cost_ratios(results)
    write_results(options.output, results)


def slopes(points):
    """Return the exponent with which each measure grows: the log-log slope."""
    done = {int(x): point for x, point in points.items() if "failed" not in point}
    return {
        key: slope([(x, point[key]) for x, point in done.items() if point[key] > 0])
        for key in GROWING
    }


def slope(pairs):
    """Return the slope of the least-squares line through the logarithms."""
    xs, ys = ([math.log(pair[k]) for pair in pairs] for k in (0, 1))
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    shared = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return shared / spread if spread else None


def cost_ratios(results):
    """Return the seconds of a fit with many tasks as a multiple of one with a task."""
    one, many = (results.get("tasks", {}).get(str(n), {}) for n in COSTS)
    pairs = {f"made-up texts, {COSTS[1]} tasks": (one, many)}
    for name, points in results.get("cost", {}).items():
        many = points.get("all", {})
        label = f"{name}, {many.get('tasks')} tasks"
        pairs[label] = points.get("one", {}), many
    return {
        label: {key: many[key] / one[key] for key in ("fit_seconds", "train_seconds")}
        for label, (one, many) in pairs.items()
        if "fit_seconds" in one and "fit_seconds" in many
    }


if __name__ == "__main__":
    main()
