"""Fits that several processes share, as torchrun would start them."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec

import fit_in_processes as script
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.distributed import Ranks, data_parallel
from sklearn_mtl.distributed._parts import Part, current_part, part_of_batch
from sklearn_mtl.distributed._ranks import _state, agreed, check_same, gathered
from sklearn_mtl.network import Dropout

HAS_TORCHJD = find_spec("torchjd") is not None
pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform != "linux",
    reason="torch has no process groups on this platform",
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What two processes find: a list for each case, with what each of them saw."""
    folder = tmp_path_factory.mktemp("processes")
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        port, *others = [str(each.getsockname()[1]) for each in free]
    own = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    command = [sys.executable, script.__file__, str(folder), *others]
    command += ["torchjd"] * HAS_TORCHJD
    processes = [
        subprocess.Popen(
            command,
            env=os.environ | own | {"OMP_NUM_THREADS": "1", "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in range(2)
    ]
    try:
        for process in processes:
            printed, _ = process.communicate(timeout=600)
            assert process.returncode == 0, printed.decode()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return {
        case: [
            json.loads((folder / f"{case}{rank}.json").read_text(encoding="utf-8"))
            for rank in ranks
        ]
        for case, ranks in {"cases": [0, 1], "hangs": [0, 1], "ends": [0]}.items()
    }


KNOWN = script.LIKE_ONE_PROCESS | (script.WITH_TORCHJD if HAS_TORCHJD else {})


@pytest.mark.parametrize("name", KNOWN)
def test_processes_train_what_one_trains(name, found):
    alone = script.found_by(script.fit(**KNOWN[name]))
    for each in found["cases"]:
        together = each[name]
        assert len(together["history"]) == len(alone["history"])
        for epoch, expected in zip(together["history"], alone["history"], strict=True):
            assert epoch.keys() == expected.keys()
            for record, value in expected.items():
                assert_allclose(epoch[record], value, atol=1e-5, err_msg=record)
        assert together["best"] == alone["best"]
        for part in ("probabilities", "loss_weights"):
            assert_allclose(together[part], alone[part], atol=1e-4)


@pytest.mark.parametrize("name", [*KNOWN, "unseeded", "generator", "stopped"])
def test_all_processes_end_with_the_same_network(name, found):
    first, second = (each[name]["probabilities"] for each in found["cases"])
    assert first == second


def test_a_callback_of_one_process_stops_all(found):
    assert [len(each["stopped"]["history"]) for each in found["cases"]] == [1, 1]


@pytest.mark.parametrize(
    ("case", "start_of_message"),
    [
        ("other data", "ValueError: All processes must fit the same classifier, but"),
        ("other settings", "ValueError: All processes must fit the same classifier"),
        ("scored batches", "ValueError: The callback 'EpochScoring' scores training"),
        *([("by row", "ValueError: GradDrop reads the gradients")] * HAS_TORCHJD),
    ],
)
def test_all_processes_refuse_what_cannot_work(case, start_of_message, found):
    for each in found["cases"]:
        assert each[case].startswith(start_of_message)
    assert not any(each["is fitted"] for each in found["cases"])


def test_what_differs_is_named(found):
    for each in found["cases"]:
        for what in ("data", "settings"):
            assert f"process 1 has other {what} than process 0" in each[f"other {what}"]


def test_ranks_are_those_of_torchrun(found):
    assert [each["rank"] for each in found["cases"]] == [[0, 2, True], [1, 2, False]]


@pytest.mark.parametrize("case", ["ends", "hangs"])
def test_a_lost_process_is_an_error_in_the_others(case, found):
    message = "RuntimeError: Process 0 of 2 has lost contact with another one"
    assert found[case][0]["error"].startswith(message)
    assert f"timeout={3 if case == 'hangs' else 60} s" in found[case][0]["error"]


def test_without_torchrun_a_process_works_alone():
    with data_parallel() as ranks:
        assert (ranks.rank, ranks.size, ranks.is_first) == (0, 1, True)
        assert gathered("own") == ["own"]
        assert agreed("own") == "own"
        check_same("values", object())
        with part_of_batch(10) as part:
            assert part is None
        own = script.found_by(script.fit(**script.SHORT))
    assert own == script.found_by(script.fit(**script.SHORT))
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_positive(timeout):
    with pytest.raises(ValueError, match="timeout must be above 0 seconds"):
        data_parallel(timeout=timeout).__enter__()


def test_an_error_leaves_no_block_behind():
    with pytest.raises(KeyError), data_parallel():
        raise KeyError
    assert getattr(_state, "ranks", None) is None


@pytest.mark.parametrize("n_rows", [3, 4, 100, 257])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_parts_cover_a_batch(n_rows, size):
    parts = [Part(n_rows, rank, size) for rank in range(size)]
    rows = [row for part in parts for row in range(part.start, part.stop)]
    assert rows == list(range(n_rows))
    assert sum(part.share for part in parts) == pytest.approx(1)
    sizes = [part.stop - part.start for part in parts]
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= 1


@pytest.fixture
def ranks(request):
    """Pretend to be a process of several, for what exchanges nothing."""
    _state.ranks = Ranks(*request.param)
    yield
    _state.ranks = None


@pytest.mark.parametrize("ranks", [(0, 3)], indirect=True)
def test_few_rows_are_not_divided(ranks):
    with part_of_batch(2) as part:
        assert part is None
    with part_of_batch(3) as part:
        assert (part.start, part.stop) == (0, 1)
        assert current_part() is part
    assert current_part() is None


def dropped(rank, rows):
    torch.manual_seed(0)
    dropout = Dropout(0.5)
    _state.ranks = Ranks(rank, 2)
    try:
        with part_of_batch(10):
            return dropout(torch.ones(rows, 4))
    finally:
        _state.ranks = None


def test_parts_drop_what_the_whole_batch_drops():
    torch.manual_seed(0)
    whole = Dropout(0.5)(torch.ones(10, 4))
    parts = [dropped(rank, 5) for rank in range(2)]
    assert torch.cat(parts).equal(whole)
    some = [dropped(rank, 3) for rank in range(2)]  # some rows of each part
    assert not some[0].equal(some[1])


def test_threads_of_a_block_train_alone():
    with data_parallel():
        _state.ranks = Ranks(0, 2)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            alone = pool.submit(script.fit, **script.SHORT).result()
    assert isinstance(alone, MultiTaskTextClassifier)
    assert np.isfinite(alone.history_[-1]["loss"])
