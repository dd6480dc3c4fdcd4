"""Aggregates over the sets, from the results file alone."""

from statistics import mean

from benchmarks.results import SCORES, has_numbers, total_seconds
from benchmarks.systems import BASELINE, OURS, SYSTEMS

# A set and a single task of another set with published accuracies.
PUBLISHED_SET = "fdu_mtl"
PUBLISHED_TASK = ("intent4", "clinc_intent")
# Candidates for the best linear model: one per task with default losses and class
# weights, or all linear models.
LINEAR = {
    "tfidf": ["tfidf"],
    "tfidf_any": ["tfidf", "tfidf_balanced", "tfidf_pooled"],
    "ours": ["ours"],
    "ours_any": ["ours", "ours_balanced", "ours_pooled"],
}
SHORT = 100  # characters: texts with a mean length below this are short


def summarise_sets(results):
    """Return aggregates over all sets where our estimator has numbers."""
    results = {
        name: result
        for name, result in results.items()
        if has_numbers(result["systems"].get(OURS))
    }
    return {
        "sets": list(results),
        "mean_rank": mean_ranks(results),
        "best_linear": {
            choice: best_linear(results, families)
            for choice, families in LINEAR.items()
        },
        "seconds": total_times(results),
        "predict_texts_per_second": predict_rates(results),
        "published": published(results),
    }


def mean_ranks(results):
    """Return the mean rank of each system over sets and both scores, 1 the best.

    Includes the systems that can run on any set and finished on at least one. A system
    that did not finish on all tasks of a set is last there; ties share their mean rank.
    """
    ranked = [
        key
        for key, system in SYSTEMS.items()
        if not system.same_labels
        and any(has_numbers(result["systems"].get(key)) for result in results.values())
    ]
    ranks = {key: [] for key in ranked}
    for result in results.values():
        for score in SCORES:
            values = {
                key: _complete(result["systems"].get(key), score) for key in ranks
            }
            for key, value in values.items():
                better = sum(other > value for other in values.values())
                equal = sum(other == value for other in values.values())
                ranks[key].append(better + (equal + 1) / 2)
    return {key: mean(own) for key, own in ranks.items() if own}


def _complete(row, score):
    ended = has_numbers(row) and "only_tasks" not in row
    return row[score] if ended else float("-inf")


def best_linear(results, families):
    """Return our macro-F1 minus that of the best linear model, by set and on average.

    The best model is chosen on the test split, which favours it.
    """
    sets = {}
    for name, result in results.items():
        peers = {
            key: _complete(row, "macro_f1")
            for key, row in result["systems"].items()
            if SYSTEMS[key].family in families
        }
        best = max(peers, key=peers.get, default=None)
        if best is not None and peers[best] > 0:
            own = result["systems"][OURS]
            differences = {
                f"{score}_difference": own[score] - result["systems"][best][score]
                for score in SCORES
            }
            sets[name] = {"system": best, **differences}
    if not sets:
        return {}
    return {
        "mean_macro_f1_difference": mean(
            entry["macro_f1_difference"] for entry in sets.values()
        ),
        "sets": sets,
    }


def total_times(results):
    """Return seconds from raw texts to predictions, and ours divided by them.

    Sum and ratio are over the sets where a system finished on all tasks. Sets where a
    system was limited to a few tasks are excluded: the ratio would compare different
    work.
    """
    times = {}
    for key in SYSTEMS:
        own, ours = {}, {}
        for name, result in results.items():
            row = result["systems"].get(key)
            if has_numbers(row) and "only_tasks" not in row:
                own[name] = total_seconds(row)
                ours[name] = total_seconds(result["systems"][OURS])
        if own:
            times[key] = {
                "sets": own,
                "sum": sum(own.values()),
                "ratios": {name: ours[name] / own[name] for name in own},
                "ratio": sum(ours.values()) / sum(own.values()),
            }
    return times


def predict_rates(results):
    """Return texts predicted per second, from raw text, ours and the baseline."""
    rates = {}
    for name, result in results.items():
        rows = {key: result["systems"].get(key) for key in (OURS, BASELINE)}
        if all(map(has_numbers, rows.values())):
            rates[name] = {
                key: result["test_texts"] / row["predict_seconds"]
                for key, row in rows.items()
            }
            rates[name]["ratio"] = rates[name][OURS] / rates[name][BASELINE]
            rates[name]["short_texts"] = result.get("test_characters", SHORT) < SHORT
    return rates


def published(results):
    """Return the accuracies for which others have published results."""
    name, task = PUBLISHED_TASK
    found = {}
    if name in results:
        found["clinc150_intents_accuracy"] = {
            key: row["tasks"][task]["accuracy"]
            for key, row in results[name]["systems"].items()
            if has_numbers(row) and task in row["tasks"]
        }
    if PUBLISHED_SET in results:
        found["fdu_mtl_accuracy"] = {
            key: row["accuracy"]
            for key, row in results[PUBLISHED_SET]["systems"].items()
            if has_numbers(row)
        }
    return found
