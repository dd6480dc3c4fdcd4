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
        """Save the fitted classifier to a file that may be passed on.

        The file holds numbers, texts and settings, no code: whoever wrote it,
        :func:`sklearn_mtl.load` runs nothing of it. Predictions of the loaded
        classifier are the same to the last bit. Not stored are `memory` and, unless
        asked for, ``history_``; callbacks and the optimizer of ``net_`` are made anew.

        Parameters
        ----------
        path : str or path
            The new file is written beside it and renamed, so that a file of that name
            stays whole until the new one is.

        dtype : {"float32", "float16", "int8"}, default="float32"
            "float32" leaves weights as they are. "float16" halves the file, and "int8",
            8-bit integers with a scale for each row of weights, makes a third of it;
            probabilities then change a little.

        prune : float, default=0.0
            Share of the words to leave out, those that move logits least. They are as
            unknown then as words that were in no text; most of them are rare.

        password : str, default=None
            Encrypts the file; needs the extra ``secure``.

        key : bytes of length 32, default=None
            Encrypts the file without a password.

        history : bool, default=False
            Whether to store ``history_``, losses and scores of each epoch.

        Raises
        ------
        ModelFileError
            A ValueError, if the classifier holds something that has no place in a file,
            or the file cannot be written; its subclass says which.

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
                f"A file holds a MultiTaskTextClassifier, and this is a "
                f"{type(self).__name__}, a class of yours. Fit the former, or use "
                "pickle."
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
        except Exception as error:  # whatever a changed file makes it stumble over
            raise BadState(
                f"The file describes no classifier: {type(error).__name__}: {error}. "
                "It was changed, or this package is older than the one that wrote it."
            ) from error
