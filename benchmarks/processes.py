"""Fit in this process, or in all that torchrun started; rank 0 writes the result.

``python -m benchmarks.processes ARGUMENTS FILE``, where ARGUMENTS are JSON.
"""

import json
import sys
import time
from pathlib import Path

from benchmarks.data import load_set
from benchmarks.measure import peak_mib


def main(arguments, file):
    from benchmarks.scores import as_lists, score_tasks
    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.distributed import data_parallel

    data = load_set(arguments["folder"], arguments["name"], ("train", "test"))
    texts, labels = data.splits["train"]
    with data_parallel() as ranks:
        classifier = MultiTaskTextClassifier(random_state=0, **arguments["parameters"])
        start, used = time.perf_counter(), time.process_time()
        classifier.fit(texts, labels)
        seconds = {
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - used,
        }
        if ranks.is_first:
            texts, labels = data.splits["test"]
            found = score_tasks(labels, as_lists(classifier.predict(texts, "dict")))
            result = seconds | {
                "processes": ranks.size,
                "peak_mib": peak_mib(),
                "losses": [epoch["loss"] for epoch in classifier.history_],
                **{
                    score: sum(each[score] for each in found.values()) / len(found)
                    for score in ("accuracy", "macro_f1")
                },
            }
            Path(file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
