"""Settings for tests and doctests alike; read before torch is imported."""

import atexit
import gc
import os
import shutil
import tempfile

# The fits of tests are tiny: threads would spend their time waiting for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Drawings need no screen. A test that switched later would close figures of others.
os.environ["MPLBACKEND"] = "Agg"

# What data loaders cache goes to a folder of this run, not to the user's own.
_data_home = tempfile.mkdtemp(prefix="sklearn_mtl_data_")
os.environ["SCIKIT_LEARN_DATA"] = _data_home
atexit.register(shutil.rmtree, _data_home, ignore_errors=True)


def pytest_collection_finish(session):
    """Keep the tests themselves out of garbage collections, which then take no time."""
    gc.collect()
    gc.freeze()
