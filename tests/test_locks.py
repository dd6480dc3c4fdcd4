"""Locks of files between processes and threads."""

import os
import subprocess
import sys

import pytest

from sklearn_mtl.persistence import CannotWrite, _locks
from sklearn_mtl.persistence._locks import locked


def test_a_lock_is_held_once(tmp_path):
    path = tmp_path / "lock"
    with locked(path):
        for _ in range(2):
            with pytest.raises(BlockingIOError, match="is locked"), locked(path):
                pass
    assert not path.exists()
    with locked(path):
        assert path.exists()


def test_a_lock_ends_with_an_error(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(KeyError), locked(path):
        raise KeyError
    with locked(path):
        pass


def test_a_folder_that_is_missing_is_named(tmp_path):
    path = tmp_path / "no" / "lock"
    with pytest.raises(CannotWrite, match=r"into the folder .*no'"), locked(path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="holds the lock by flock")
def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'w'); "
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError), locked(path):
            pass
        process.kill()
    with locked(path):
        pass


def test_a_file_that_its_last_holder_removes_is_made_again(tmp_path, monkeypatch):
    path, lock, calls = tmp_path / "lock", _locks._lock, []

    def removed_before(handle):
        calls.append(handle)
        if len(calls) == 1:
            os.unlink(path)
        lock(handle)

    monkeypatch.setattr(_locks, "_lock", removed_before)
    with locked(path):
        assert path.exists()
    assert len(calls) == 2
