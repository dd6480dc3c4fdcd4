"""How torch and numpy compute inside our calls: threads, random numbers, modes.

Whatever the user has set for the process or for the calling thread means nothing inside
a call, and is as it was when the call ends. Calls may overlap in threads.
"""

import ctypes
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from threading import RLock

import numpy as np
import torch
from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController

# torch's random numbers and default dtype belong to the process, and layers can be
# drawn in no other way.
_BUILDING = RLock()


@contextmanager
def computing(n_jobs=None):
    """Run a block with settings of our own, on `n_jobs` threads as joblib counts.

    Parameters
    ----------
    n_jobs : int, default=None
        None means 1.
    """
    with ExitStack() as stack:
        stack.enter_context(_threads(effective_n_jobs(n_jobs)))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        # numpy's own defaults.
        stack.enter_context(
            np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
        )
        yield


@contextmanager
def seeded(seed, device):
    """Run a block with torch's random numbers of its own, one block at a time.

    Parameters
    ----------
    seed : int

    device : str
        The device of the net, whose random numbers are its own, too.
    """
    devices = [torch.device(device)] if device.startswith("cuda") else []
    with _BUILDING, torch.random.fork_rng(devices=devices):
        dtype = torch.get_default_dtype()
        # Layers are drawn in the default dtype, and in another have other weights.
        torch.set_default_dtype(torch.float32)
        try:
            reseed(seed, device)
            yield
        finally:
            torch.set_default_dtype(dtype)


def reseed(seed, device):
    """Start torch's random numbers anew, in a block of :func:`seeded`."""
    torch.default_generator.manual_seed(seed)
    if device.startswith("cuda"):
        with torch.cuda.device(torch.device(device)):
            torch.cuda.manual_seed(seed)


@contextmanager
def _threads(number):
    """Limit the threads that torch computes with in the calling thread.

    ``torch.set_num_threads`` also sets the number for threads that start later, so
    calls that overlap would leave each other's number behind. OpenMP and MKL have one
    for each thread.
    """
    torch.get_num_threads()  # which sets those of a new thread, once
    set_mkl = _mkl()
    before = set_mkl(number) if set_mkl else None
    try:
        with _openmp().limit(limits=number):
            yield
    finally:
        if set_mkl:
            set_mkl(before)


@cache
def _openmp():
    # Found once, for a search takes milliseconds.
    return ThreadpoolController().select(user_api="openmp")


@cache
def _mkl():
    """Return the function that sets MKL's threads, and returns their number before.

    None where torch was built without MKL.
    """
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        return ctypes.CDLL(str(library)).MKL_Set_Num_Threads_Local
    except (OSError, AttributeError):
        return None
