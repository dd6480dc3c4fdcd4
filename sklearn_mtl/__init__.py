"""Multi-task text classification for people who use scikit-learn."""

from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:  # imported on demand below, and shown to editors and type checkers
    from os import PathLike
    from typing import BinaryIO

    from ._classifier import MultiTaskTextClassifier
    from .runtime import MultiTaskPredictor

__all__ = ["MultiTaskTextClassifier", "__version__", "load"]
__version__ = "0.1.0"


@overload
def load(
    path: "str | PathLike[str] | BinaryIO",
    *,
    password: str | None = None,
    key: bytes | None = None,
    trusted: list[Any] | None = None,
    runtime: Literal["torch"] = "torch",
) -> "MultiTaskTextClassifier": ...
@overload
def load(
    path: "str | PathLike[str] | BinaryIO",
    *,
    password: str | None = None,
    key: bytes | None = None,
    trusted: None = None,
    runtime: Literal["numpy"],
) -> "MultiTaskPredictor": ...
def load(
    path: "str | PathLike[str] | BinaryIO",
    *,
    password: str | None = None,
    key: bytes | None = None,
    trusted: list[Any] | None = None,
    runtime: Literal["torch", "numpy"] = "torch",
) -> "MultiTaskTextClassifier | MultiTaskPredictor":
    """Load a classifier that :meth:`MultiTaskTextClassifier.save` has written.

    Nothing in a file is run, whoever wrote it, and all of it is checked before it is
    used.

    Parameters
    ----------
    path : str, path or seekable binary file
        What :meth:`MultiTaskTextClassifier.save` has written.

    password : str, default=None
        Of an encrypted file.

    key : bytes of length 32, default=None
        Of a file that was encrypted by a key.

    trusted : list of str or type, default=None
        Classes that are not of this package and may be imported and called, if the file
        holds objects of such; the error that asks for them names them.

    runtime : {"torch", "numpy"}, default="torch"
        "numpy" gives an object that only predicts, and needs neither torch nor
        scikit-learn: it is loaded in a fraction of the time and memory. For bag and
        dense trunks and trunk=None.

    Returns
    -------
    classifier : MultiTaskTextClassifier or MultiTaskPredictor
        Fitted; the first may be cloned, and fitted further by ``warm_start``.

    Raises
    ------
    ModelFileError
        A ValueError; its subclasses, in ``sklearn_mtl.persistence``, say what is wrong
        with the file.

    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     clf.save(f"{folder}/model.mtl")
    ...     loaded = sklearn_mtl.load(f"{folder}/model.mtl")
    >>> loaded.predict(["great film"])
    array([['good']], dtype='<U4')
    """
    if runtime not in ("torch", "numpy"):
        raise ValueError(f"runtime must be 'torch' or 'numpy'. Got {runtime!r}.")
    if runtime == "numpy":
        if trusted is not None:
            raise ValueError(
                "runtime='numpy' imports no classes but its own, so it takes no "
                "`trusted`. Leave it out, or load with runtime='torch'."
            )
        from .runtime._loading import load_predictor

        predictor: MultiTaskPredictor = load_predictor(path, password=password, key=key)
        return predictor
    from ._classifier import MultiTaskTextClassifier

    return MultiTaskTextClassifier._load(
        path, password=password, key=key, trusted=trusted
    )


def __getattr__(name: str) -> Any:
    """Import the estimator when it is asked for.

    It needs torch, which takes seconds to import; the metrics, the data sets and the
    command line's help do not.
    """
    if name == "MultiTaskTextClassifier":
        from ._classifier import MultiTaskTextClassifier

        return MultiTaskTextClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
