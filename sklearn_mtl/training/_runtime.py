"""How torch and numpy compute inside our calls: threads, random numbers, modes.

Whatever the user has set for the process or for the calling thread means nothing inside
a call, and is as it was when the call ends. Calls may overlap in threads.
"""

import ctypes
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from threading import RLock

import numpy as np
import torch
from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController
from torch.overrides import TorchFunctionMode

# torch's random numbers belong to the process, and layers can be drawn in no other way.
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


def numpy_errors():
    """Return a context, or decorator, with numpy's own settings of errors.

    For what calls a vectorizer of the user, whose torch is to compute as it likes.
    """
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")


def _single_precision():
    """Return a context in which torch's default dtype has 32 bits, in this thread."""
    if torch.get_default_dtype() == torch.float32:
        return nullcontext()  # the other one costs time in each call of torch
    return _Float32()


class _Float32(TorchFunctionMode):
    """Gives tensors 32-bit floats where nobody names a dtype.

    The default dtype belongs to the process; to set it would reach other threads.
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
    """Run a block with torch's random numbers of its own, one block at a time.

    Parameters
    ----------
    seed : int

    device : str
        The device of the net, whose random numbers are its own, too.
    """
    devices = [torch.device(device)] if _is_cuda(device) else []
    with _BUILDING, torch.random.fork_rng(devices=devices):
        reseed(seed, device)
        with _single_precision():  # in another, layers have other weights
            yield


def reseed(seed, device):
    """Start torch's random numbers anew, in a block of :func:`seeded`."""
    torch.default_generator.manual_seed(seed)
    if _is_cuda(device):
        with torch.cuda.device(torch.device(device)):
            torch.cuda.manual_seed(seed)


def random_states(device):
    """Return where torch's random numbers are, in a block of :func:`seeded`."""
    states = [torch.get_rng_state()]
    return states + ([torch.cuda.get_rng_state(device)] if _is_cuda(device) else [])


def go_on_from(states, device):
    """Take torch's random numbers from where they were, see :func:`random_states`."""
    torch.set_rng_state(states[0])
    if _is_cuda(device):
        torch.cuda.set_rng_state(states[1], device)


def _is_cuda(device):
    return device.startswith("cuda")


@contextmanager
def threads(number):
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
