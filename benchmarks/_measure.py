"""Run a function in a fresh process, with a fixed number of threads and no GPU.

The parent passes arguments and gets the result back as JSON. It must stay small, so
this module imports the standard library alone: on Linux a process starts with the peak
memory of its parent as its own.
"""

import json
import os
import platform
import subprocess
import sys
from datetime import date
from importlib import import_module
from importlib.metadata import version

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "sklearn_mtl")


def in_fresh_process(target, arguments, *, threads, limit=None):
    """Call a function of a module in this folder, in a process of its own.

    Parameters
    ----------
    target : str
        "module:function".

    arguments : dict
        Its keyword arguments; JSON must be able to hold them.

    threads : int
        What numerical libraries may use.

    limit : float, default=None
        Seconds after which the process is ended.

    Returns
    -------
    result
        What the function returned; None if it was ended.
    """
    settings = dict.fromkeys(THREAD_VARIABLES, str(threads))
    settings["CUDA_VISIBLE_DEVICES"] = ""
    try:
        finished = subprocess.run(
            [sys.executable, __file__, target],
            input=json.dumps(arguments),
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | settings,
            timeout=limit,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    return json.loads(finished.stdout.splitlines()[-1])


def machine_facts(threads):
    """Return what a reader must know to judge seconds and bytes."""
    return {
        "date": date.today().isoformat(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "threads": threads,
        "device": "cpu",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _answer():
    module, function = sys.argv[1].split(":")
    arguments = json.load(sys.stdin)
    print(json.dumps(getattr(import_module(module), function)(**arguments)))


if __name__ == "__main__":
    _answer()
