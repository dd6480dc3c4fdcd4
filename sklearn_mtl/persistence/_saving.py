"""Saving a classifier to a file, and loading it again."""

from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from ..utils._state import reads_one_fit
from ._document import opened, read_document, write_document
from ._errors import BadState, CannotSave, ModelFileError
from ._files import replacing


class SavingMixin:
    """Gives a classifier the method :meth:`save`."""

    @reads_one_fit
    def save(
        self,
        path,
        *,
        dtype="float32",
        prune=0.0,
        password=None,
        key=None,
        history=False,
    ):
        """Save the fitted classifier to a file that is safe to load.

        The file contains numbers, texts and settings, but no code, so
        :func:`sklearn_mtl.load` runs no code from it. Predictions of the loaded
        classifier are bit-identical. `memory` is not stored, and ``history_`` only on
        request. Callbacks and the optimizer of ``net_`` are created again.

        Parameters
        ----------
        path : str or path
            The file is written under a temporary name and then renamed, so an existing
            file is replaced only by a complete one.

        dtype : {"float32", "float16", "int8"}, default="float32"
            "float32" leaves the weights unchanged. "float16" halves the file size, and
            "int8" (8-bit integers with a scale per row of weights) reduces it to a
            third; both change probabilities slightly.

        prune : float, default=0.0
            Share of the words to remove, those with the smallest weights. They are then
            ignored, like words that were in no training text. Most of them are rare.

        password : str, default=None
            Password to encrypt the file with; needs the extra ``secure``.

        key : bytes of length 32, default=None
            Key to encrypt the file with, instead of a password.

        history : bool, default=False
            Whether to store ``history_``, the losses and scores of each epoch.

        Raises
        ------
        ModelFileError
            A ValueError if the classifier contains something that a file cannot store,
            or if the file cannot be written. The subclass tells the reason.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import sklearn_mtl
        >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
        >>> labels = {"tone": ["good", "bad"] * 10, "kind": ["a", "a", "b", None] * 5}
        >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
        >>> with TemporaryDirectory() as folder:
        ...     clf.save(f"{folder}/model.mtl")
        ...     again = sklearn_mtl.load(f"{folder}/model.mtl")
        >>> bool((again.predict(texts) == clf.predict(texts)).all())
        True
        """
        from ._model import to_document

        check_is_fitted(self)
        if type(self).__module__.partition(".")[0] != "sklearn_mtl":
            raise CannotSave(
                f"Only a MultiTaskTextClassifier can be saved. Got a "
                f"{type(self).__name__}, a class of your own. Fit a "
                "MultiTaskTextClassifier, or use pickle."
            )
        document = to_document(self, dtype=dtype, pruned=prune, history=history)
        with replacing(path) as file:
            if password is None and key is None:
                write_document(file, document)
                return
            from ._encryption import encrypt

            writer = encrypt(file, password=password, key=key)
            write_document(writer, document)
            writer.close()

    @classmethod
    def _load(
        cls,
        path: Any,
        *,
        password: Any = None,
        key: Any = None,
        trusted: Any = None,
    ) -> Self:
        """Load a classifier, see :func:`sklearn_mtl.load`."""
        from ._model import from_document
        from ._objects import load_objects

        with opened(path, password=password, key=key) as reader:
            document = read_document(reader)
        objects = load_objects(document.objects, trusted)
        try:
            return from_document(cls, document, objects)
        except (ModelFileError, ImportError):
            raise
        except Exception as error:  # a changed file may cause any error
            raise BadState(
                "The file does not describe a valid classifier: "
                f"{type(error).__name__}: {error}. It was changed, or a newer version "
                "of this package wrote it. Get it again, or update this package."
            ) from error
