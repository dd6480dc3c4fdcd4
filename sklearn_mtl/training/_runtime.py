"""Settings of torch and numpy within our calls: threads, random numbers, modes.

Within a call, the settings of the process and of the calling thread have no effect.
They are unchanged when the call ends. Calls in several threads may overlap.
"""

import ctypes
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from threading import RLock

import torch
from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController
from torch.overrides import TorchFunctionMode

from ..utils._numpy import numpy_errors

# Layers draw their initial weights from torch's global random numbers.
_BUILDING = RLock()


@contextmanager
def computing(n_jobs=None):
    """Run a block with our settings, on `n_jobs` threads, counted as in joblib.

    Parameters
    ----------
    n_jobs : int, default=None
        None means 1.
    """
    with ExitStack() as stack:
        stack.enter_context(threads(effective_n_jobs(n_jobs)))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        stack.enter_context(_single_precision())
        stack.enter_context(numpy_errors())
        yield


def _single_precision():
    """Return a context that sets torch's default dtype to float32 in this thread."""
    if torch.get_default_dtype() == torch.float32:
        return nullcontext()  # _Float32 slows down every call of torch
    return _Float32()


class _Float32(TorchFunctionMode):
    """Creates tensors as float32 if a call gives no dtype.

    torch's default dtype is global, so setting it would affect other threads.
    """

    floats = frozenset(
        [torch.empty, torch.zeros, torch.ones, torch.eye, torch.linspace]
        + [torch.rand, torch.randn, torch.normal]
    )

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function in self.floats and kwargs.get("dtype") is None:
            kwargs["dtype"] = torch.float32
        return function(*args, **kwargs)


@contextmanager
def seeded(seed, device):
    """Run a block with its own torch random numbers, one block at a time.

    Parameters
    ----------
    seed : int

    device : str
        The device of the net; CUDA devices have their own random numbers.
    """
    devices = [torch.device(device)] if _is_cuda(device) else []
    with _BUILDING, torch.random.fork_rng(devices=devices):
        reseed(seed, device)
        with _single_precision():  # initial weights depend on the default dtype
            yield


def reseed(seed, device):
    """Reset torch's random state, within a block of :func:`seeded`."""
    torch.default_generator.manual_seed(seed)
    if _is_cuda(device):
        with torch.cuda.device(torch.device(device)):
            torch.cuda.manual_seed(seed)


def random_states(device):
    """Return torch's random state, within a block of :func:`seeded`."""
    states = [torch.get_rng_state()]
    return states + ([torch.cuda.get_rng_state(device)] if _is_cuda(device) else [])


def go_on_from(states, device):
    """Restore the state that :func:`random_states` returned."""
    torch.set_rng_state(states[0])
    if _is_cuda(device):
        torch.cuda.set_rng_state(states[1], device)


def _is_cuda(device):
    return device.startswith("cuda")


@contextmanager
def threads(number):
    """Limit the threads that torch computes with in the calling thread.

    ``torch.set_num_threads`` also affects threads that start later, so overlapping
    calls would change each other's setting. The settings of OpenMP and MKL are per
    thread.
    """
    torch.get_num_threads()  # initializes the setting of a new thread
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
    # Cached, because the search takes milliseconds.
    return ThreadpoolController().select(user_api="openmp")


@cache
def _mkl():
    """Return MKL's function that sets the number of threads and returns the old number.

    None if torch was built without MKL.
    """
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        return ctypes.CDLL(str(library)).MKL_Set_Num_Threads_Local
    except (OSError, AttributeError):
        return None
