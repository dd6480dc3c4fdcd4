"""Means of systems over runs, and paired differences between systems.

A run is a seed or a draw of rows, the same for all systems. It has scores of each
system; some may be missing.
"""

import random
from statistics import mean

RESAMPLES = 1000
LOW, HIGH = 25, 974  # indexes of the ends of a 95% interval among sorted resamples


def add_means(points, ours):
    """Add means and paired differences to each point of a case.

    Parameters
    ----------
    points : iterable of dict
        With "runs", a dict of {run: {"systems": {system: {score: value}}}}.

    ours : str
        The system to compare with the others.
    """
    for point in points:
        runs = finished(point)
        if not runs:
            continue
        systems = [system for system in runs[0] if all(system in run for run in runs)]
        values = {system: columns(system, runs) for system in systems}
        point["means"] = {
            system: {key: mean(found) for key, found in own.items()}
            for system, own in values.items()
        }
        point["differences"] = {
            system: {
                key: paired_difference(values[ours][key], found)
                for key, found in own.items()
                if key in values[ours]
            }
            for system, own in values.items()
            if system != ours
        }


def finished(point):
    """Return the systems of each run that finished."""
    return [run["systems"] for run in point["runs"].values() if "systems" in run]


def columns(system, runs):
    """Return the values of each score that the system has in all runs."""
    rows = [run[system] for run in runs]
    return {
        key: [row[key] for row in rows]
        for key, value in rows[0].items()
        if isinstance(value, float) and all(key in row for row in rows)
    }


def paired_difference(own, other):
    """Return the mean of own minus other, with the 95% interval of a bootstrap.

    Runs are drawn with replacement, both systems together. A single run has no
    interval.
    """
    gaps = [a - b for a, b in zip(own, other, strict=True)]
    found = {"difference": mean(gaps), "low": None, "high": None}
    if len(gaps) > 1:
        generator = random.Random(0)
        drawn = sorted(
            mean(generator.choices(gaps, k=len(gaps))) for _ in range(RESAMPLES)
        )
        found |= {"low": drawn[LOW], "high": drawn[HIGH]}
    return found
