"""What makes two fits the same: parameters, data and versions, as short texts.

A fit can be continued only with what it began with. A checkpoint holds these texts in
place of the data, and they name what has changed.
"""

import sys
from functools import partial
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from inspect import isclass, isroutine

import numpy as np
from scipy.sparse import issparse

from ._model import LIBRARIES

# Parameters that do not change the result, but for `n_jobs` the last bits; and the
# random state, which is compared by its seed.
UNRELATED = (
    *("checkpoint", "checkpoint_every", "memory", "n_jobs", "random_state"),
    "verbose",
)
LONGEST, DEEPEST = 200, 12
# Number of texts that are hashed in one call, which is faster than one by one.
AT_ONCE = 4096


def digest(*parts):
    """Return a text that differs if any of the parts does.

    Parameters
    ----------
    *parts : ndarray, sparse matrix, list of str, str or None
    """
    found = blake2b(digest_size=16)
    for part in parts:
        if issparse(part):
            own = digest(str(part.shape), part.indptr, part.indices, part.data)
            found.update(own.encode())
        elif isinstance(part, list):
            found.update(_digest_of_texts(part))
        elif isinstance(part, np.ndarray) and part.dtype.kind != "O":
            found.update(f"{part.dtype.str}{part.shape}".encode())
            if part.size:
                found.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8))
        else:
            found.update(f"{part!r:}".encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _digest_of_texts(texts):
    found = blake2b(digest_size=16)
    for start in range(0, len(texts), AT_ONCE):
        block = texts[start : start + AT_ONCE]
        # Lengths tell ["a", "b"] from ["ab"].
        found.update(np.array(list(map(len, block))).tobytes())
        found.update("".join(block).encode("utf-8", "surrogatepass"))
    return found.digest()


def describe_params(estimator, device):
    """Return the parameters of an estimator that change its fit, each as a text.

    Parameters
    ----------
    estimator : BaseEstimator

    device : str
        The device that "auto" means.
    """
    params = estimator.get_params(deep=False) | {"device": device}
    # Loggers that callbacks write to are others in each process.
    whole = {name: name != "callbacks" for name in params}
    return {
        name: _shortened(_describe(value, whole=whole[name]))
        for name, value in params.items()
        if name not in UNRELATED
    }


def describe_versions():
    """Return the versions of the libraries that a fit runs, by their names."""
    found = {each.__name__: str(each.__version__) for each in LIBRARIES}
    for name in ("numba", "torchjd"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    package = __name__.partition(".")[0]  # a layer above, so it is not imported
    return found | {package: sys.modules[package].__version__}


def describe_data(X, cells, previous=None):
    """Return texts that differ if the data do.

    Parameters
    ----------
    X : list of str, numeric rows, or a table of other columns
        Tables are not described.

    cells : LabelledCells

    previous : BaseMultiTask, default=None
        The fitted estimator of a warm start.
    """
    targets = cells.targets
    classes = [_describe(task.classes_) for task in targets.tasks]
    labels = [*targets.names, *classes, *map(str, targets.types.values())]
    is_known = isinstance(X, list | np.ndarray) or issparse(X)
    return {
        "X": digest(X) if is_known else "a table",
        "y": digest(labels, cells.kept, cells.codes),
        "sample_weight": digest(cells.row_weights, cells.weights),
        "previous fit": "none" if previous is None else _digest_of_fit(previous),
    }


def describe_rows(rows, dense):
    """Return a text for what X was made into.

    Parameters
    ----------
    rows : csr_matrix, csr_array or ndarray

    dense : ndarray or None
    """
    return {"what vectorizer and embedding make of X": digest(rows, dense)}


def _digest_of_fit(fitted):
    net, parts = fitted.net_, []
    for module in (net.module_, net.criterion_):
        for name, weight in module.state_dict().items():
            parts += [name, _describe(weight)]
    calibration = _describe(fitted.calibration_)
    rest = [fitted.alpha_, fitted.learning_rate_factor_]
    return digest(parts, calibration, _describe(rest))


def _shortened(text):
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 40]}... ({digest(text)})"


def _describe(value, depth=0, *, whole=True):
    """Return a text for a value that is equal for equal values.

    Unless `whole`, objects that are not estimators are described by their class.
    """
    if depth > DEEPEST:
        return type(value).__name__

    def inner(each):
        return _describe(each, depth + 1, whole=whole)

    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{inner(k)}: {inner(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inner, value))}]"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(inner, value)))}}}"
    if isclass(value) or isroutine(value):
        return f"{getattr(value, '__module__', None)}.{value.__qualname__}"
    if isinstance(value, partial):
        parts = [value.func, value.args, value.keywords]
        return f"partial({', '.join(map(inner, parts))})"
    if hasattr(value, "__array__") or issparse(value):
        return _describe_array(value, inner)
    state = value.get_params(deep=False) if hasattr(value, "get_params") else None
    if state is None:
        state = getattr(value, "__dict__", {}) if whole else {}
    own = ", ".join(f"{name}={inner(each)}" for name, each in state.items())
    return f"{type(value).__name__}({own})"


def _describe_array(value, inner):
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    array = value if issparse(value) else np.asarray(value)
    if not issparse(array) and (array.dtype.kind == "O" or array.size <= 10):
        return f"array({inner(array.tolist())})"
    return f"array of shape {array.shape} ({digest(array)})"
