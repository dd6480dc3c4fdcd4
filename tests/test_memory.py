"""Memory of large tables: what is in them, and that it is there once."""

import subprocess
import sys

import pytest
import torch

from sklearn_mtl.network import _memory
from sklearn_mtl.network._input import SparseLinear
from sklearn_mtl.network._memory import (
    join_tables,
    new_table,
    without_first_weights,
)

JOIN = """
import torch
from sklearn_mtl.network._memory import join_tables, new_table

def resident(key):
    with open("/proc/self/status") as lines:
        return int(next(line for line in lines if line.startswith(key)).split()[1])

tables = [new_table(2**18, 96).fill_(1), new_table(2**18, 32)]
before = resident("VmRSS")
joint = join_tables(tables, 128)
assert joint[:, :96].eq(1).all() and joint[:, 96:].eq(0).all()
print((resident("VmHWM") - before) / 2**10)
"""


@pytest.fixture(params=["small", "large", "elsewhere"])
def system(request, monkeypatch):
    """Sizes, and systems, for which advice is given or not."""
    if request.param != "small":
        monkeypatch.setattr(_memory, "LARGE", 1)
        monkeypatch.setattr(_memory, "ROWS_AT_ONCE", 1000)
    _memory._madvise.cache_clear()
    if request.param == "elsewhere":
        monkeypatch.setattr(sys, "platform", "darwin")
    yield
    _memory._madvise.cache_clear()


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_new_tables_are_zero(dtype):
    for shape in [(1, 1), (5000, 40), (0, 3)]:
        table = new_table(*shape, dtype)
        assert table.data_ptr() % 64 == 0
        assert table.shape == shape
        assert table.dtype == dtype
        assert not table.any()
        assert table.is_contiguous()


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_rows", [1, 999, 5000])
def test_a_joint_table_has_all_columns(n_rows, dtype):
    generator = torch.Generator().manual_seed(0)
    tables = [
        torch.rand(n_rows, n, generator=generator, dtype=dtype) for n in (40, 1, 7)
    ]
    expected = torch.cat([*tables, torch.zeros(n_rows, 16, dtype=dtype)], dim=1)
    joint = join_tables(tables, 64)
    assert torch.equal(joint, expected)
    assert joint.dtype == dtype


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_weights_are_not_in_memory_twice():
    ran = subprocess.run(
        [sys.executable, "-c", JOIN], check=True, capture_output=True, text=True
    )
    assert float(ran.stdout) < 64  # MiB; the tables have 128


def test_first_weights_are_drawn_unless_others_follow():
    assert SparseLinear(5, 3, init_range=0.1).weight.count_nonzero() == 15
    with without_first_weights():
        assert SparseLinear(5, 3, init_range=0.1).weight.count_nonzero() == 0
    assert SparseLinear(5, 3, init_range=0.1).weight.count_nonzero() == 15
