"""Counters and histograms in the text format of Prometheus."""

import sys
from bisect import bisect_left
from collections import Counter

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Histogram:
    """Counts of values up to each bound."""

    def __init__(self, bounds):
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value):
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name):
        """Yield the lines of the text format."""
        below = 0
        for bound, count in zip((*self.bounds, "+Inf"), self.counts, strict=True):
            below += count
            yield f'{name}_bucket{{le="{bound}"}} {below}'
        yield f"{name}_sum {self.total}"
        yield f"{name}_count {below}"


class Metrics:
    """Counters of the service; only the event loop changes them."""

    def __init__(self):
        self.requests = Counter()  # (path, status)
        self.seconds = Histogram(SECONDS)
        self.batches = Histogram(TEXTS)

    def render(self, n_waiting):
        """Return the page for Prometheus."""
        memory = resident_memory()
        parts = [
            (
                "requests_total",
                "counter",
                "Requests by path and status.",
                [
                    f'mtl_requests_total{{path="{path}",status="{status}"}} {count}'
                    for (path, status), count in sorted(self.requests.items())
                ],
            ),
            (
                "predict_seconds",
                "histogram",
                "Seconds from the complete request to its response, for /predict.",
                self.seconds.lines("mtl_predict_seconds"),
            ),
            (
                "batch_texts",
                "histogram",
                "Texts per batch.",
                self.batches.lines("mtl_batch_texts"),
            ),
            (
                "waiting_texts",
                "gauge",
                "Texts in the queue.",
                [f"mtl_waiting_texts {n_waiting}"],
            ),
        ]
        if memory is not None:
            line = f"mtl_resident_memory_bytes {memory}"
            parts.append(("resident_memory_bytes", "gauge", "Memory in use.", [line]))
        return "".join(
            f"# HELP mtl_{name} {text}\n# TYPE mtl_{name} {kind}\n"
            + "".join(f"{line}\n" for line in lines)
            for name, kind, text, lines in parts
        )


def resident_memory():
    """Return the memory of this process in bytes; None if not on Linux."""
    if not sys.platform.startswith("linux"):
        return None
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return None
