"""A data set of the docstrings of Python and of installed libraries."""

import ast
import contextlib
import gc
import importlib.metadata
import importlib.util
import os
import platform
import sys
import sysconfig
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ..utils._compat import validate_params
from ..utils._optional import import_optional
from ._definitions import documented_definitions
from ._docstring_cache import cache_path, read_cache, write_cache

TASKS = (
    "library",
    "subpackage",
    "kind",
    "visibility",
    "returns",
    "n_parameters",
    "state",
)
MINIMUM_WORDS = 5
MINIMUM_COUNT = 50

# Increase this number with every change to the content of cache files. Files of older
# versions have other names and are not read.
_SCHEMA = 1

# Import name -> name of the distribution, to look up the version.
_DISTRIBUTIONS = {
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "skorch": "skorch",
}

# Tests and vendored code are not the documentation of the library.
_SKIPPED_FOLDERS = {
    "_external",
    "_vendor",
    "array_api_compat",
    "array_api_extra",
    "cobyqa",
    "externals",
    "idlelib",
    "lib2to3",
    "pyprima",
    "test",
    "tests",
}

_DESCRIPTION = f"""\
Docstrings of Python and of scientific libraries
------------------------------------------------

All docstrings in the source files of the Python standard library and of the installed
numpy, scipy, scikit-learn and skorch, without tests and vendored code. The files are
parsed, never imported. Docstrings of fewer than {MINIMUM_WORDS} words and repeated
docstrings are left out.

The tasks. Labels never come from the text. They come from the path of the file and from
the code that the docstring documents.

library
    The library of the file: stdlib, numpy, scipy, sklearn or skorch.
subpackage
    The package within the library, such as "scipy.stats", or "asyncio" in the standard
    library. Missing for files at the top level of the library.
kind
    module, class, function, method, property, classmethod or staticmethod.
visibility
    public, private (its name or that of an enclosing scope begins with an underscore,
    or it is defined inside a function) or special (`__call__`). Missing for modules.
returns
    What the body returns: value, nothing or generator. Missing for modules and classes,
    and for empty bodies, such as those of abstract methods.
n_parameters
    0, 1, 2, "3 or 4" or "5 or more", without the bound self. Ordered. Missing for
    modules and classes.
state
    What a method does to the attributes of its object: changed (some are set), read or
    untouched. Missing for all but methods and properties with a body.

In every task, labels with fewer than {MINIMUM_COUNT} rows are missing too.

Docstrings of one file are similar, and a random split puts them on both sides. For a
stricter test, keep files together: `names` holds the qualified name of each docstring,
from which groups for `sklearn.model_selection.GroupKFold` can be built.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_docstrings(
    *,
    data_home: Any = None,
    return_X_y: bool = False,  # noqa: N803 (scikit-learn's name)
    as_frame: bool = False,
) -> Any:
    """Load the docstrings of Python and of installed libraries, with seven tasks.

    Real texts with real labels, without a download: the docstrings of the standard
    library, numpy, scipy, scikit-learn and skorch, read from their source files without
    importing them. The labels come from the code, not from the text. In four tasks,
    many labels are missing.

    =================   =============================================
    Samples             about 15 000, depending on the versions
    Tasks               7
    Classes per task    3 (visibility) to about 50 (subpackage)
    Labelled share      about 0.4 (state) to 1 (library, kind)
    =================   =============================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder for the cache. None is the folder "sklearn_mtl" in scikit-learn's data
        folder, see `sklearn.datasets.get_data_home`. The first call takes some seconds
        and writes a file of a few megabytes; later calls read it. If the folder is not
        writable, every call takes some seconds.

    return_X_y : bool, default=False
        Whether to return `(data, target)` instead of a Bunch.

    as_frame : bool, default=False
        Whether `data` is a pandas Series and `target` a pandas DataFrame. False by
        default, because pandas is optional.

    Returns
    -------
    docstrings : `sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : list of str, or Series if `as_frame`
            The texts.
        target : dict of str to ndarray of shape (n_samples,), dtype object
            The labels of each task: str, or None where missing. A DataFrame with a
            column per task if `as_frame`.
        target_names : list of str
            The names of the tasks.
        names : list of str
            The qualified name of the object that each text documents.
        frame : DataFrame or None
            Text and labels in one table, if `as_frame`.
        versions : dict of str to str
            The version of each library.
        DESCR : str
            The description of the data set and of its tasks.

    (data, target) : tuple if `return_X_y`
        `data` and `target` as above.

    Raises
    ------
    ImportError
        If `as_frame` is set and pandas is not installed.
    RuntimeError
        If the installation has no source files.

    See Also
    --------
    make_multitask_texts : Artificial texts with tasks of chosen relatedness.

    Notes
    -----
    The result depends only on the versions in `versions`. The cache is a gzipped file
    of JSON lines and contains no code; a damaged file is replaced. If you edit the
    installed sources, delete the cache to see the changes.

    Examples
    --------
    >>> from sklearn_mtl.datasets import load_docstrings
    >>> docstrings = load_docstrings()
    >>> docstrings.target_names
    ['library', 'subpackage', 'kind', 'visibility', 'returns', 'n_parameters', 'state']
    >>> sorted(set(docstrings.target["library"]))
    ['numpy', 'scipy', 'sklearn', 'skorch', 'stdlib']
    >>> row = docstrings.names.index("email.message_from_string")
    >>> print(docstrings.data[row].splitlines()[0])
    Parse a string into a Message object model.
    >>> {task: labels[row] for task, labels in docstrings.target.items()}
    {'library': 'stdlib', 'subpackage': 'email', 'kind': 'function',
    'visibility': 'public', 'returns': 'value', 'n_parameters': '3 or 4',
    'state': None}
    """
    pandas: Any = None
    if as_frame:
        pandas = import_optional("pandas", "pandas", "as_frame=True", "as_frame=False")
    sources = _sources()
    header = _header(sources)
    path = cache_path(data_home, header)
    rows = read_cache(path, header)
    if rows is None:
        with _garbage_collector_paused():
            rows = _collect(sources)
        write_cache(path, header, rows)

    names, data, *columns = map(list, zip(*rows, strict=True))
    target = {
        task: np.array(column, dtype=object)
        for task, column in zip(TASKS, columns, strict=True)
    }
    frame: Any = None
    if as_frame:
        frame = pandas.DataFrame({"text": data, **target})
        data, target = frame["text"], frame[list(TASKS)]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=list(TASKS),
        names=names,
        frame=frame,
        versions=header["versions"],
        DESCR=_DESCRIPTION,
    )


def _sources():
    """Return {library: (version, folder)} for the installed libraries."""
    sources = {"stdlib": (platform.python_version(), sysconfig.get_path("stdlib"))}
    for library, distribution in _DISTRIBUTIONS.items():
        # For a top-level name, this finds the package without importing it.
        spec = importlib.util.find_spec(library)
        if spec is not None and spec.submodule_search_locations:
            version = importlib.metadata.version(distribution)
            sources[library] = (version, next(iter(spec.submodule_search_locations)))
    return sources


def _header(sources):
    """Return everything that the texts and labels depend on."""
    return {
        "schema": _SCHEMA,
        # The standard library differs between platforms.
        "platform": f"{sys.implementation.name}-{sys.platform}",
        "versions": {library: version for library, (version, _) in sources.items()},
        "columns": ["name", "text", *TASKS],
    }


@contextlib.contextmanager
def _garbage_collector_paused():
    """Pause the garbage collector, which halves the time of parsing.

    A syntax tree consists of many objects, none of them garbage. Only the call that
    paused the collector resumes it, so that threads can do this at the same time.
    """
    paused = gc.isenabled()
    if paused:
        gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _collect(sources):
    """Read all sources; return rows of name, text, and a label or None per task."""
    rows, seen = [], set()
    for library, (_, folder) in sources.items():
        for path, parts in _source_files(folder):
            places = {"library": library, "subpackage": _subpackage(library, parts)}
            module = ".".join(parts if library == "stdlib" else (library, *parts))
            module = module.removesuffix(".__init__")
            for name, text, labels in _documented(path):
                if len(text.split()) >= MINIMUM_WORDS and text not in seen:
                    seen.add(text)
                    name = f"{module}.{name}" if name else module
                    labels = {**places, **labels}
                    rows.append([name, text, *(labels[task] for task in TASKS)])
    if not rows:
        folders = ", ".join(folder for _, folder in sources.values())
        raise RuntimeError(
            f"Found no docstrings in {folders}. Python seems to be installed without "
            "source files (.py). Use an installation that has them."
        )
    _remove_rare_labels(rows)
    return rows


def _source_files(folder):
    """Yield (path, parts of the module's name), in the same order everywhere."""
    for parent, folders, files in os.walk(folder):
        # Only packages can have these names. This excludes site-packages, which may be
        # inside the folder of the standard library.
        folders[:] = sorted(
            name
            for name in folders
            if name.isidentifier() and name not in _SKIPPED_FOLDERS
        )
        for file in sorted(files):
            if file.endswith(".py") and not file.startswith(("test_", "conftest.")):
                path = Path(parent, file)
                yield path, path.relative_to(folder).with_suffix("").parts


def _subpackage(library, parts):
    if len(parts) == 1:
        return None
    return parts[0] if library == "stdlib" else f"{library}.{parts[0]}"


def _documented(path):
    """Return the documented definitions of a file, none if it cannot be read."""
    try:
        with warnings.catch_warnings():
            # Ignore warnings about invalid escapes in old sources.
            warnings.simplefilter("ignore")
            return list(documented_definitions(ast.parse(path.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _remove_rare_labels(rows):
    for column in range(2, 2 + len(TASKS)):
        counts = Counter(row[column] for row in rows)
        for row in rows:
            if counts[row[column]] < MINIMUM_COUNT:
                row[column] = None
