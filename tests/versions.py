"""What older releases of scikit-learn, pandas and others lack, in one place.

The lowest releases, which ``.ci/lowest`` runs the tests with, are in
``constraints-lowest.txt``.
"""

import re

import pandas
import polars
import pyarrow
import pytest
import sklearn


def _release(module):
    return tuple(map(int, re.findall(r"\d+", module.__version__)[:2]))


SCIKIT_LEARN = _release(sklearn)
PANDAS = _release(pandas)


def needs_scikit_learn(*release, why):
    """Return a mark for a test that an older scikit-learn has nothing to show for."""
    wanted = ".".join(map(str, release))
    return pytest.mark.skipif(
        release > SCIKIT_LEARN, reason=f"needs scikit-learn {wanted}: {why}"
    )


def import_callbacks():
    """Return scikit-learn's module of callbacks, or skip the test module."""
    return pytest.importorskip(
        "sklearn.callback", reason="needs scikit-learn 1.9: callbacks are new in it"
    )


# polars 1.0 has no integers of 128 bits.
HAS_INT128 = hasattr(polars, "Int128")
# pyarrow 16 encodes runs of scalars only.
HAS_RUNS_OF_LISTS = _release(pyarrow) >= (17, 0)
# Parameters of a ClassifierChain carry this name in front.
CHAINED = "estimator" if SCIKIT_LEARN >= (1, 7) else "base_estimator"
