"""Run a function in a fresh process, with a fixed number of threads and no GPU.

The parent passes arguments and receives the result as JSON. On Linux a process inherits
the peak memory of its parent, so the parent must stay small: this module imports only
the standard library.
"""

import json
import os
import platform
import resource
import subprocess
import sys
from datetime import date
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "skorch",
    "sklearn_mtl",
    "fasttext-numpy2-wheel",
    "vowpalwabbit",
)


class Failed(Exception):  # noqa: N818 (an outcome, which gets a row of its own)
    """The process ended without a result."""


def in_fresh_process(target, arguments, *, threads, limit=None, python=None):
    """Call a function in a separate process.

    Parameters
    ----------
    target : str
        "module:function".

    arguments : dict
        Its keyword arguments, which must be valid JSON.

    threads : int
        Threads of numerical libraries.

    limit : float, default=None
        Seconds after which the process is ended.

    python : str, default=None
        Path of another interpreter.

    Returns
    -------
    result
        Return value of the function; None if the limit ended it.

    Raises
    ------
    Failed
        If the process ended with an error, or was killed for lack of memory.
    """
    settings = dict.fromkeys(THREAD_VARIABLES, str(threads))
    settings["CUDA_VISIBLE_DEVICES"] = ""
    try:
        finished = subprocess.run(
            [python or sys.executable, __file__, target],
            input=json.dumps(arguments),
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | settings,
            timeout=limit,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        raise Failed(f"exit status {error.returncode}") from error
    return json.loads(finished.stdout.splitlines()[-1])


def machine_facts(threads):
    """Return the facts that times and memory depend on."""
    return {
        "date": date.today().isoformat(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "threads": threads,
        "device": "cpu",
        "python": platform.python_version(),
        **installed_versions(),
    }


def installed_versions():
    """Return the versions of installed packages."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def peak_mib():
    """Return the peak resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _answer():
    sys.path[0] = str(Path(__file__).parents[1])  # the root, as for the parent
    module, function = sys.argv[1].split(":")
    arguments = json.load(sys.stdin)
    print(json.dumps(getattr(import_module(module), function)(**arguments)))


if __name__ == "__main__":
    _answer()
