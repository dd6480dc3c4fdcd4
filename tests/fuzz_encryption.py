"""Change encrypted model files in every way, and see what loading makes of them.

``python tests/fuzz_encryption.py 2000`` tries that many files; `test_encryption` tries
some hundred. Each must be refused with our error within `MOST_SECONDS` and
`MOST_MEMORY` bytes over what was used before.
"""

import argparse
import hashlib
import io
import random
import resource
import sys
import time
from collections import Counter
from unittest import mock

import sklearn_mtl
from sklearn_mtl.persistence import _encryption, _keys
from sklearn_mtl.persistence._errors import ModelFileError

MOST_SECONDS, MOST_MEMORY = 1, 200e6
KEY, PASSWORD = bytes(range(32)), "correct horse battery staple"
STEP = _encryption.CHUNK + 16


def some_model():
    """Fit a classifier whose file has several chunks."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefgh", k=9)) for _ in range(1_000)]
    texts = [" ".join(rng.sample(words, 60)) for _ in range(40)]
    labels = {"a": [0, 1] * 20, "b": ["x", "y", None, "z"] * 10}
    return sklearn_mtl.MultiTaskTextClassifier(max_iter=1, random_state=0).fit(
        texts, labels
    )


def saved(clf, **secret):
    """Return the bytes of an encrypted file; scrypt is cheap, not to wait for it."""
    plain, file = io.BytesIO(), io.BytesIO()
    from sklearn_mtl.persistence._document import write_document
    from sklearn_mtl.persistence._model import to_document

    write_document(plain, to_document(clf))
    with (
        mock.patch.object(_keys, "COST", (8, 8, 1)),
        _encryption.encrypt(file, **secret) as writer,
    ):
        writer.write(plain.getvalue())
    return file.getvalue()


def chunks_of(content):
    body = content[_keys.LENGTH :]
    return [body[place : place + STEP] for place in range(0, len(body), STEP)]


def sealed(header):
    """Give a header the checksum that someone who forges it would give it."""
    return header[:80] + hashlib.sha256(header[:80]).digest()[:16]


def cut(rng, content, other):
    places = [
        rng.randrange(len(content)),
        rng.randrange(_keys.LENGTH + 20),
        _keys.LENGTH + STEP * rng.randrange(len(chunks_of(content))),
        len(content) - rng.randint(1, 20),
    ]
    return content[: rng.choice(places)]


def flip_bit(rng, content, other):
    place = rng.choice([rng.randrange(len(content)), rng.randrange(_keys.LENGTH)])
    changed = bytearray(content)
    changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed)


def insert(rng, content, other):
    place = rng.choice([rng.randrange(len(content)), len(content), 0])
    return content[:place] + rng.randbytes(rng.randint(1, 2 * STEP)) + content[place:]


def delete(rng, content, other):
    place = rng.randrange(len(content))
    return content[:place] + content[place + rng.randint(1, STEP) :]


def overwrite(rng, content, other):
    start, size = rng.randrange(len(content)), rng.randint(1, 100)
    new = rng.choice([rng.randbytes(size), bytes(size), b"\xff" * size])
    return (content[:start] + new + content[start + size :])[: len(content)]


def move_chunks(rng, content, other):
    chunks = chunks_of(content)
    while chunks == chunks_of(content):
        action = rng.choice(["shuffle", "double", "drop"])
        if action == "shuffle":
            rng.shuffle(chunks)
        elif action == "double":
            chunks.insert(rng.randrange(len(chunks) + 1), rng.choice(chunks))
        elif len(chunks) > 1:
            del chunks[rng.randrange(len(chunks))]
    return content[: _keys.LENGTH] + b"".join(chunks)


def swap_between_files(rng, content, other):
    chunks, others = chunks_of(content), chunks_of(other)
    for place in rng.sample(range(len(chunks)), rng.randint(1, len(chunks) - 1)):
        chunks[place] = others[place]
    return content[: _keys.LENGTH] + b"".join(chunks)


def swap_headers(rng, content, other):
    return other[: _keys.LENGTH] + content[_keys.LENGTH :]


def forge_header(rng, content, other):
    header = bytearray(content[: _keys.LENGTH])
    if rng.random() < 0.5:
        header[10:13] = rng.choice(
            [
                rng.randbytes(3),
                bytes([rng.randint(1, 30), rng.randint(1, 16), rng.randint(1, 4)]),
                bytes([17, 8, 1]),
                bytes([0, 8, 1]),
            ]
        )
    else:
        header[rng.randrange(8, 80)] ^= rng.randint(1, 255)
    return sealed(bytes(header)) + content[_keys.LENGTH :]


def rubbish(rng, content, other):
    return _keys.MAGIC + rng.randbytes(rng.randint(0, 3 * STEP))


CHANGES = [
    cut,
    flip_bit,
    insert,
    delete,
    overwrite,
    move_chunks,
    swap_between_files,
    swap_headers,
    forge_header,
    rubbish,
]


def fuzz(clf, n_cases, seed=0):
    """Load changed files.

    Returns
    -------
    counts : Counter of (name of the change, name of the error)

    slowest : float
        CPU seconds of the slowest refusal.

    grown : int
        Bytes by which the most memory ever used has grown.
    """
    rng, counts, slowest = random.Random(seed), Counter(), 0
    secrets = [{"key": KEY}, {"password": PASSWORD}]
    files = [(secret, saved(clf, **secret), saved(clf, **secret)) for secret in secrets]
    for secret, content, _ in files:
        sklearn_mtl.load(io.BytesIO(content), **secret)
    before = memory()
    for number in range(n_cases):
        change = CHANGES[number % len(CHANGES)]
        secret, content, other = files[number // len(CHANGES) % 2]
        changed = change(rng, content, other)
        if changed == content:
            counts[change.__name__, "unchanged"] += 1
            continue
        start = time.process_time()
        try:
            sklearn_mtl.load(io.BytesIO(changed), **secret)
        except ModelFileError as error:
            counts[change.__name__, type(error).__name__] += 1
        else:
            raise AssertionError(f"{change.__name__} went unnoticed, case {number}")
        slowest = max(slowest, time.process_time() - start)
    return counts, slowest, memory() - before


def memory():
    """Return the most memory this process has used so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_cases", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, slowest, grown = fuzz(some_model(), options.n_cases, options.seed)
    for (change, error), count in sorted(counts.items()):
        print(f"{change:20} {error:20} {count:5}")
    print(
        f"{sum(counts.values())} files, none accepted; the slowest took "
        f"{slowest:.2f} s of CPU time, memory rose by {grown / 1e6:.0f} MB"
    )
    return int(slowest > MOST_SECONDS or grown > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
