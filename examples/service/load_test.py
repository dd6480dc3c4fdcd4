"""Measure the service under load: python load_test.py http://127.0.0.1:8000 texts.txt

Each client sends one request at a time, on a connection that stays open. Texts are
drawn at random from the lines of a file.
"""

import argparse
import http.client
import json
import random
import re
import statistics
import sys
import threading
import time
from urllib.parse import urlsplit


def ask_until(end, address, texts, n_texts, seconds, errors):
    """Send requests until a point in time; record the seconds of each."""
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    headers = {"content-type": "application/json"}
    while time.perf_counter() < end:
        question = {"texts": random.sample(texts, n_texts)}
        body = json.dumps(question)
        start = time.perf_counter()
        try:
            connection.request("POST", "/predict", body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            errors.append(repr(error))
            connection.close()
            continue
        seconds.append(time.perf_counter() - start)
        if response.status != 200:
            errors.append(f"{response.status}: {content[:200]!r}")
        elif len(json.loads(content)["predictions"]) != n_texts:
            errors.append("the numbers of predictions and texts differ")
    connection.close()


def memory_of(address):
    """Return the memory of the service in MB, from its metrics."""
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    found = re.search(r"^mtl_resident_memory_bytes (\d+)$", page, re.MULTILINE)
    return int(found[1]) / 1e6 if found else float("nan")


def measure(address, texts, *, clients=8, seconds=60, n_texts=1, warm_up=2):
    """Send requests from several clients at once.

    Returns
    -------
    result : dict
        Latency ("p50_ms", "p99_ms", "max_ms"), "requests_a_second" and
        "texts_a_second", "errors", a list, and "memory_mb", a list of about ten values
        over time.
    """

    def run(seconds):
        taken, errors = [[] for _ in range(clients)], []
        end = time.perf_counter() + seconds
        threads = [
            threading.Thread(
                target=ask_until, args=(end, address, texts, n_texts, own, errors)
            )
            for own in taken
        ]
        for thread in threads:
            thread.start()
        memory = []
        while (left := end - time.perf_counter()) > 0:
            memory.append(memory_of(address))
            time.sleep(min(seconds / 10, max(left, 0.001)))
        for thread in threads:
            thread.join()
        return [each for own in taken for each in own], errors, memory

    run(warm_up)
    start = time.perf_counter()
    taken, errors, memory = run(seconds)
    elapsed = time.perf_counter() - start
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {
        "clients": clients,
        "seconds": round(elapsed, 1),
        "texts_a_request": n_texts,
        "requests_a_second": round(len(taken) / elapsed, 1),
        "texts_a_second": round(n_texts * len(taken) / elapsed, 1),
        "p50_ms": round(cuts[49] * 1000, 2),
        "p99_ms": round(cuts[98] * 1000, 2),
        "max_ms": round(max(taken) * 1000, 2),
        "n_errors": len(errors),
        "errors": sorted(set(errors))[:5],
        "memory_mb": [round(each, 1) for each in [*memory, memory_of(address)]],
    }


def main(arguments=None):
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="such as http://127.0.0.1:8000")
    parser.add_argument("texts", help="file with one text per line")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--texts-a-request", type=int, default=1)
    options = parser.parse_args(arguments)
    with open(options.texts, encoding="utf-8") as file:
        texts = [line.rstrip("\n") for line in file if line.strip()]
    result = measure(
        urlsplit(options.address),
        texts,
        clients=options.clients,
        seconds=options.seconds,
        n_texts=options.texts_a_request,
    )
    print(json.dumps(result, indent=1))
    return int(result["n_errors"] > 0)


if __name__ == "__main__":
    sys.exit(main())
