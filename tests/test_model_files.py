"""Files that are there as a whole or not at all, archives and arrays in them."""

import errno
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fuzz_model_files import TEXTS, make_original, members_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from safetensors import numpy as safetensors
from write_version_file import TEXTS as TEXTS_OF_FILES
from write_version_file import Y, answers

import sklearn_mtl
from sklearn_mtl.persistence import _archive, _document, _tensors
from sklearn_mtl.persistence._errors import CannotSave, CannotWrite
from sklearn_mtl.persistence._files import replacing

FILES = Path(__file__).parent / "files"


@pytest.fixture(scope="module")
def original():
    return make_original()


def names_in(folder):
    return sorted(each.name for each in folder.iterdir())


# Files


def test_a_new_file_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "a"
    for content in (b"one", b"two"):
        with replacing(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert names_in(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file(error, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def write():
        with replacing(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["a"]


def test_permissions_stay(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with replacing(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o640
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "b"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o640


def test_what_is_no_plain_file_or_may_not_be_changed_stays(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(CannotWrite, match="is not a regular file"),
        replacing(tmp_path / "pipe"),
    ):
        pass
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with (
        pytest.raises(CannotWrite, match="is read-only"),
        replacing(tmp_path / "a"),
    ):
        pass
    assert names_in(tmp_path) == ["a", "pipe"]


def test_a_link_leads_to_the_new_file(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"


class FullDisk(io.BytesIO):
    """Takes so many bytes and no more."""

    def __init__(self, file, room):
        super().__init__()
        self._file, self._room = file, room

    def write(self, content):
        size = memoryview(content).nbytes
        if size > self._room:
            self._file.write(memoryview(content).cast("B")[: self._room])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= size
        return self._file.write(content)

    def flush(self):
        self._file.flush()

    def fileno(self):
        return self._file.fileno()

    def close(self):
        self._file.close()
        super().close()


@pytest.mark.parametrize("seed", range(50))
def test_a_full_disk_leaves_the_old_file(seed, original, tmp_path, monkeypatch):
    content, clf = original
    path = tmp_path / "model.mtl"
    path.write_bytes(b"old")
    room = int(np.random.default_rng(seed).integers(len(content)))
    opened = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *args: FullDisk(opened(*args), room))
    with pytest.raises(
        CannotWrite, match=r"No space left.*A previous file of that name is"
    ):
        clf.save(path)
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["model.mtl"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_the_last_steps_may_fail_too(call, original, tmp_path, monkeypatch):
    path = tmp_path / "model.mtl"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(CannotWrite, match="Read-only file system"):
        original[1].save(path)
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["model.mtl"]


def test_a_killed_process_leaves_a_whole_file(original, tmp_path):
    """It is killed at 50 random moments while it saves again and again."""
    content, path = original[0], tmp_path / "model.mtl"
    path.write_bytes(content)
    delays = np.random.default_rng(0).uniform(0, 0.05, size=50)
    arguments = [sys.executable, "-c", KILLED, str(path), *map(str, delays)]
    run = subprocess.run(
        arguments, check=True, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    assert int(run.stdout) == 50
    found = sklearn_mtl.load(path)
    assert_array_equal(found.predict(TEXTS), original[1].predict(TEXTS))


KILLED = """
import os, signal, sys, time
from fuzz_model_files import make_original

content, clf = make_original()
path, killed = sys.argv[1], 0
for delay in map(float, sys.argv[2:]):
    child = os.fork()
    if not child:
        while True:
            clf.save(path)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with open(path, "rb") as file:
        assert file.read() == content
print(killed)
"""


# Archives

MEMBERS = st.dictionaries(
    st.from_regex(r"[a-z]{1,20}(/[a-z]{1,9}\.json)?", fullmatch=True),
    st.lists(st.binary(max_size=200), max_size=3),
    max_size=6,
)


@given(MEMBERS)
@settings(max_examples=50, deadline=None)
def test_archives_are_read_as_they_were_written(members):
    file = io.BytesIO()
    _archive.write_archive(file, members)
    expected = {name: b"".join(pieces) for name, pieces in members.items()}
    if expected:
        table = _archive.read_archive(file)
        found = {n: _archive.read_member(file, m) for n, m in table.items()}
        assert found == expected
        assert all(member.start % _archive.ALIGNMENT == 0 for member in table.values())
    assert members_of(file.getvalue()) == expected  # by Python's own reader
    with zipfile.ZipFile(file) as other:
        assert other.testzip() is None


def test_too_many_members_are_not_written():
    with pytest.raises(CannotSave, match="65 parts, probably because of many objects"):
        _archive.write_archive(io.BytesIO(), {str(k): [] for k in range(65)})


# Arrays

ARRAYS = {
    name: np.arange(6).reshape(shape).astype(dtype)
    for name, shape, dtype in [
        ("a", (2, 3), "f4"),
        ("b", (6,), "f2"),
        ("c", (3, 1, 2), "i8"),
        ("d", (6,), "u1"),
        ("e.ä[0]", (1, 6), "f8"),
        ("g", (6,), "i4"),
        ("h", (6,), "u2"),
    ]
} | {
    "bool": np.array([True, False]),
    "empty": np.zeros((0, 3), "f4"),
    "scalar": np.array(2.5),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "steps": np.arange(12, dtype="i2")[::2],
    "big end": np.arange(3, dtype=">i4"),
}


def test_arrays_are_those_of_safetensors():
    content = b"".join(_tensors.to_bytes(ARRAYS))
    for found in (safetensors.load(content), _tensors.from_bytes(content)):
        assert found.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            assert_array_equal(found[name], array)
            assert found[name].shape == array.shape
            assert found[name].dtype == array.dtype.newbyteorder("<")


def test_arrays_that_safetensors_has_written_are_read():
    arrays = {name: np.ascontiguousarray(array) for name, array in ARRAYS.items()}
    arrays["big end"] = arrays["big end"].astype("<i4")
    content = safetensors.save(arrays, metadata={"format": "np"})
    found = _tensors.from_bytes(content)
    for name, array in arrays.items():
        assert_array_equal(found[name], array)


def test_too_many_arrays_are_not_written():
    arrays = {str(k): np.zeros(0) for k in range(_tensors.MOST_TENSORS + 1)}
    with pytest.raises(CannotSave, match="20001 arrays"):
        _tensors.to_bytes(arrays)


def test_arrays_can_be_mapped(original, tmp_path):
    path = tmp_path / "model.mtl"
    path.write_bytes(original[0])
    with open(path, "rb") as file:
        mapped = _document.read_document(file, map_arrays=True)
        plain = _document.read_document(file)
    assert mapped.weights.keys() == plain.weights.keys()
    for name, array in mapped.weights.items():
        assert_array_equal(array, plain.weights[name])
        assert array.flags.aligned
        assert not array.flags.writeable


# Versions


@pytest.mark.parametrize("path", sorted(FILES.glob("*.mtl")), ids=lambda p: p.stem)
def test_files_of_every_version_load_for_ever(path):
    """What a file of each version predicted when it was written."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    clf = sklearn_mtl.load(path)
    found = answers(clf)
    assert found["labels"] == expected["labels"]
    for name, own in expected["probabilities"].items():
        assert_allclose(found["probabilities"][name], own, rtol=1e-5, atol=1e-6)
    clf.set_params(warm_start=True).fit(TEXTS_OF_FILES, Y[clf.task_names_])


def test_there_is_a_file_of_each_version():
    versions = set()
    for path in FILES.glob("*.mtl"):
        with open(path, "rb") as file:
            versions.add(_document.read_document(file).version)
    assert versions == set(range(1, _document.VERSION + 1))
