"""Damaged and malicious model files: each is refused, or predicts as the original.

A file may be cut, overwritten, put together from other parts, or be a trap. Loading it
must raise our error, or give a classifier that predicts exactly as the original, within
a second and 200 MB of memory over the size of the file. Files that were edited with
care, checksums included, may hold another classifier, which nobody can tell; they must
be refused or loaded within the same bounds. Nothing of a file may be executed.

Tests run a few hundred cases. As a script, ``python tests/fuzz_model_files.py 2000``
runs as many as are asked for and prints how they ended.
"""

import io
import json
import os
import pickle
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import skops.io  # noqa: F401 - importing it takes a second, which is not of a file

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.persistence import _archive
from sklearn_mtl.persistence._errors import ModelFileError

SECONDS, MEGABYTES = 1.0, 200
TEXTS = [f"w{k % 7} w{k % 5} w{k % 3}" for k in range(60)]
LABELS = {"topic": ["arts", "news", "tech"] * 20, "urgent": [True, False] * 30}


class Canary:
    """Unpickling it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def members_of(content):
    """Return the members of an archive as a dict of bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def archive(members):
    """Return an archive of members, with the right checksums.

    Parameters
    ----------
    members : list of (str, bytes)
        Names may be anything, and come twice.
    """
    headers, body, place = [], io.BytesIO(), 0
    for name, content in members:
        checksum = _archive.crc32(content)
        member = _archive.Member(name, len(content), checksum, place)
        body.write(_archive._local_header(member) + content)
        headers.append(member)
        place = member.stop
    return body.getvalue() + _archive._directory(headers, place)


def edited(content, **changes):
    """Return an archive with members replaced; names have "." written as "_"."""
    members = members_of(content)
    for name, change in changes.items():
        name = name.replace("_", ".")
        members[name] = change(members[name]) if callable(change) else change
    return archive(list(members.items()))


def _cut(rng, content):
    return content[: rng.integers(len(content))]


def _cut_out(rng, content):
    start, stop = sorted(rng.integers(len(content), size=2))
    return content[:start] + content[stop + 1 :]


def _flip(rng, content):
    found = bytearray(content)
    for place in rng.integers(len(found), size=rng.integers(1, 4)):
        found[place] ^= 1 << rng.integers(8)
    return bytes(found)


def _flip_outside_of_arrays(rng, content):
    """Flip a bit of headers and tables, which random places seldom hit."""
    found = bytearray(content)
    end = len(found) - 800 if rng.random() < 0.5 else 0
    found[(end + rng.integers(800)) % len(found)] ^= 1 << rng.integers(8)
    return bytes(found)


def _overwrite(rng, content):
    place, size = rng.integers(len(content)), rng.integers(1, 2000)
    middle = rng.bytes(size) if rng.random() < 0.5 else bytes(size)
    return (content[:place] + middle + content[place + size :])[: len(content)]


def _append(rng, content):
    more = rng.bytes(rng.integers(1, 1000))
    return content + more if rng.random() < 0.5 else more + content


def _move(rng, content):
    """Exchange two blocks of the same size."""
    size = int(rng.integers(1, len(content) // 3))
    a, b = sorted(rng.integers(len(content) - size, size=2))
    b = max(b, a + size)
    first, second = content[a : a + size], content[b : b + size]
    return (content[:a] + second + content[a + size : b] + first + content[b + size :])[
        : len(content)
    ]


def _swap_members(rng, content):
    members = members_of(content)
    names = list(members)
    one, other = rng.choice(names, 2, replace=False)
    members[one], members[other] = members[other], members[one]
    return archive(list(members.items()))


def _shuffle_members(rng, content):
    members = list(members_of(content).items())
    return archive([members[k] for k in rng.permutation(len(members))])


def _leave_out(rng, content):
    members = list(members_of(content).items())
    del members[rng.integers(len(members))]
    return archive(members)


NAMES = (
    "/etc/passwd",
    "../../model.json",
    "objects/../../x",
    "C:\\model.json",
    "a\\..\\b",
    "objects/0.skops/",
    "./model.json",
    "model.json\0.txt",
    "data.pkl",
    "objects/0.skops",
    "objects/00.skops",
    "",
    "n" * 5000,
    "モデル.json",
    "model.json",
)


def _put_in(rng, content):
    members = list(members_of(content).items())
    own = NAMES[rng.integers(len(NAMES))], pickle.dumps(Canary(CANARY))
    members.insert(rng.integers(len(members) + 1), own)
    return archive(members)


def _rename(rng, content):
    members = list(members_of(content).items())
    k = rng.integers(len(members))
    members[k] = NAMES[rng.integers(len(NAMES))], members[k][1]
    return archive(members)


def _bomb(rng, content):
    """Zip files whose members unpack to much more than the file."""
    found = io.BytesIO()
    members = members_of(content)
    size = int(rng.integers(10, 100)) * 2**20
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, own in members.items():
            is_bomb = name == "arrays.safetensors"
            file.writestr(name, bytes(size) if is_bomb else own)
    return found.getvalue()


def _lie(rng, content):
    """Say another size or place of a member, or number of members."""
    found = bytearray(content)
    place = len(found) - _archive._TAIL + int(rng.choice([24, 32, 40, 48]))
    if rng.random() < 0.5:  # the sizes of the entries of the table
        start = content.rindex(b"arrays.safetensors") + 18
        place = start + int(rng.choice([4, 12, 20]))
    found[place : place + 8] = int(rng.choice([0, 2**31, 2**62, 2**20])).to_bytes(
        8, "little"
    )
    return bytes(found)


def _lengthen_header(rng, content):
    size = int(rng.choice([0, 1, 2**24, 2**40, 2**63, len(content)]))
    head = size.to_bytes(8, "little")
    name = str(rng.choice(["weights_safetensors", "arrays_safetensors"]))
    return edited(content, **{name: lambda own: head + own[8:]})


def _many_arrays(rng, content):
    n = int(rng.choice([30_000, 300_000]))
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({str(k): entry for k in range(n)}).encode()
    own = len(header).to_bytes(8, "little") + header
    return edited(content, weights_safetensors=own)


def _change_header(rng, content):
    """Change what the header says of an array, and leave the bytes."""

    def change(own):
        size = int.from_bytes(own[:8], "little")
        header = json.loads(own[8 : 8 + size])
        entry = header[str(rng.choice(list(header)))]
        number = int(rng.choice([-1, 0, 1, 3, 2**31, 2**60, 2**70]))
        what = rng.integers(6)
        if what == 0:
            entry["shape"] = [number, *entry["shape"]]
        elif what == 1:
            entry["data_offsets"][rng.integers(2)] = number
        elif what == 2:
            entry["dtype"] = str(rng.choice(["F64", "I8", "O", "F32", "BF16", "V8"]))
        elif what == 3:
            entry["shape"] = entry["shape"][::-1] * 2
        elif what == 4:
            entry["data_offsets"] = [0, 8]
        else:
            entry["more"] = None
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + own[8 + size :]

    name = str(rng.choice(["weights_safetensors", "arrays_safetensors"]))
    return edited(content, **{name: change})


def _not_a_number(rng, content):
    def change(own):
        size = int.from_bytes(own[:8], "little")
        header = json.loads(own[8 : 8 + size])
        floats = [e for e in header.values() if e["dtype"] == "F32"]
        start, stop = floats[rng.integers(len(floats))]["data_offsets"]
        place = 8 + size + start + 4 * int(rng.integers((stop - start) // 4))
        wrong = np.float32(rng.choice([np.nan, np.inf, -np.inf])).tobytes()
        return own[:place] + wrong + own[place + 4 :]

    return edited(content, weights_safetensors=change)


def _nest(rng, content):
    depth = int(rng.choice([100, 900, 5_000, 1_000_000]))
    text = (b"[" * depth, b'{"a":' * depth, b'[{"tuple":' * depth)[rng.integers(3)]
    name = str(rng.choice(["model_json", "format_json"]))
    return edited(content, **{name: text})


def _wide_json(rng, content):
    unit = (b"[],", b"{},", b"0,", b'"ab",', b"1e9,")[rng.integers(5)]
    n = int(rng.choice([10_000, 3_000_000, 8_000_000]))
    name = str(rng.choice(["model_json", "format_json"]))
    return edited(content, **{name: b"[" + unit * n + b"0]"})


VALUES = (
    None,
    True,
    -1,
    0,
    10**9,
    10**30,
    1e308,
    "",
    "x" * 1000,
    "os.system",
    [],
    {},
    [[]],
    {"type": "os.system", "state": {}},
    {"type": "BagTrunk", "state": {"n_units": 10**9}},
    {"type": "MixtureOfExperts", "state": {"n_experts": 10**7}},
    {"type": "Pipeline", "state": {"steps": [], "memory": "/tmp"}},
    {"object": 0, "class": "os.system"},
    {"class": "os.system"},
    {"class": "object"},
    {"dtype": "f8,f8"},
    {"array": "nothing"},
    {"array": "term_weights"},
    {"list": ["a"], "dtype": "<U1000000000"},
    {"texts": "term_weights", "separator": ",", "size": 10**9},
    {"number": "nan", "dtype": "<f8"},
    {"path": "/dev/zero"},
    {"frame": "pandas", "columns": []},
    {"slice": [0, 10**12, 1]},
    {"dict": [[[], 1]]},
    {"set": [[]]},
)


def _edit_tree(rng, content):
    """Put something else into a random place of the description."""

    def change(own):
        tree = json.loads(own)
        places = []

        def walk(node):
            pairs = (
                node.items()
                if isinstance(node, dict)
                else enumerate(node)
                if isinstance(node, list)
                else ()
            )
            for key, value in pairs:
                places.append((node, key))
                walk(value)

        walk(tree)
        for _ in range(rng.integers(1, 3)):
            node, key = places[rng.integers(len(places))]
            value = VALUES[rng.integers(len(VALUES))]
            if rng.random() < 0.2 and isinstance(node, dict):
                node.pop(key, None)
            elif rng.random() < 0.2:
                other, name = places[rng.integers(len(places))]
                node[key] = json.loads(
                    json.dumps(
                        other.get(name) if isinstance(other, dict) else other[name]
                    )
                )
            else:
                node[key] = value
        return json.dumps(tree).encode()

    return edited(content, model_json=change)


def _edit_head(rng, content):
    values = [*VALUES, {"format": "sklearn_mtl model", "version": 2, "libraries": {}}]
    own = json.dumps(values[rng.integers(len(values))]).encode()
    return edited(content, format_json=own)


def _pickles(rng, content):
    """A pickle in the place of the file, a member, or an object of the user."""
    trap = pickle.dumps(Canary(CANARY))
    if rng.random() < 0.3:
        return trap
    if rng.random() < 0.3:
        name = str(rng.choice(["model_json", "arrays_safetensors", "format_json"]))
        return edited(content, **{name: trap})
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("data.pkl", trap)
        if rng.random() < 0.7:
            schema = {
                "__class__": "system",
                "__module__": "os",
                "__loader__": "ObjectNode",
                "__id__": 1,
                "content": None,
                "protocol": 2,
            }
            file.writestr("schema.json", json.dumps(schema))
    content = edited(content, model_json=_with_object)
    members = list(members_of(content).items())
    return archive([*members, ("objects/0.skops", inner.getvalue())])


def _with_object(own):
    tree = json.loads(own)
    tree["params"]["trunk"] = {"object": 0, "class": "os.system"}
    return json.dumps(tree).encode()


# A change of what the file says, checksums included, may make another classifier.
EDITS = (_edit_tree, _swap_members, _pickles)
MUTATIONS = (
    _cut,
    _cut_out,
    _flip,
    _flip_outside_of_arrays,
    _overwrite,
    _append,
    _move,
    _shuffle_members,
    _leave_out,
    _put_in,
    _rename,
    _bomb,
    _lie,
    _lengthen_header,
    _many_arrays,
    _change_header,
    _not_a_number,
    _nest,
    _wide_json,
    _edit_head,
    *EDITS,
)
CANARY = str(Path(tempfile.gettempdir()) / f"canary-{os.getpid()}")


def memory(name):
    """Return a number of ``/proc/self/status`` in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    raise KeyError(name)


def forget_peak():
    """Set the peak of memory to what is used now."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def make_original():
    """Return the content of a model file, and a classifier loaded from it."""
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(TEXTS, LABELS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.mtl"
        clf.save(path)
        return path.read_bytes(), clf


def run_case(seed, content, expected, path, load=sklearn_mtl.load):
    """Run one case and return how it ended.

    Parameters
    ----------
    seed : int
        The kind of damage is ``MUTATIONS[seed % len(MUTATIONS)]``.

    content : bytes
        Of the original.

    expected : list of ndarray
        The probabilities of the original.

    path : Path
        Where the damaged file is put.

    load : callable
        Returns a classifier.

    Returns
    -------
    kind, end, seconds, n_bytes
        The kind of damage; the name of the error or "same", "other"; time and memory
        beyond the size of the file.
    """
    mutation = MUTATIONS[seed % len(MUTATIONS)]
    damaged = mutation(np.random.default_rng(seed), content)
    path.write_bytes(damaged)
    n_bytes, damaged = len(damaged), None
    forget_peak()
    # Of the processor, for other processes may be at work.
    before, start = memory("VmRSS"), time.process_time()
    try:
        found = load(path)
    except ModelFileError as error:
        found, end = None, type(error).__name__
    seconds = time.process_time() - start
    more = memory("VmHWM") - before - n_bytes
    kind = mutation.__name__.strip("_")
    if found is not None and mutation in EDITS:
        end = "other"
    elif found is not None:
        pairs = zip(found.predict_proba(TEXTS), expected, strict=True)
        assert all((own == other).all() for own, other in pairs), (kind, seed)
        end = "same"
    assert not os.path.exists(CANARY), (kind, seed)
    assert seconds <= SECONDS, (kind, seed, seconds)
    assert more <= MEGABYTES * 2**20, (kind, seed, more)
    return kind, end, seconds, more


def main(n_cases):
    """Run cases and print how they ended."""
    content, clf = make_original()
    expected, ends = clf.predict_proba(TEXTS), {}
    slowest = largest = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(n_cases):
            kind, end, seconds, more = run_case(
                seed, content, expected, Path(folder) / "model.mtl"
            )
            ends.setdefault(kind, Counter())[end] += 1
            slowest, largest = max(slowest, seconds), max(largest, more)
    for kind, counts in sorted(ends.items()):
        print(f"{kind:24}", ", ".join(f"{e} {n}" for e, n in counts.most_common()))
    print(f"{n_cases} files of about {len(content)} bytes")
    print(
        f"slowest {slowest:.2f} s, most memory over the file {largest / 2**20:.0f} MB"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
