"""Errors of model files: one class for each kind, under one base."""


class ModelFileError(ValueError):
    """A model cannot be saved to a file, or loaded from it.

    Examples
    --------
    >>> import io
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import ModelFileError
    >>> try:
    ...     sklearn_mtl.load(io.BytesIO(b"something else"))
    ... except ModelFileError as error:
    ...     print(error)
    This is not a file that clf.save(path) wrote. Pass the path of a saved model.
    """


class NotAModelFile(ModelFileError):
    """The file is not a model file.

    Examples
    --------
    >>> import io
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import NotAModelFile
    >>> try:
    ...     sklearn_mtl.load(io.BytesIO(b"something else"))
    ... except NotAModelFile as error:
    ...     print(error)
    This is not a file that clf.save(path) wrote. Pass the path of a saved model.
    """


class NewerFormat(ModelFileError):
    """The file was written by a newer version of this package.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import NewerFormat
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path, password="a long one")
    ...     content = bytearray(path.read_bytes())
    ...     content[8] = 2  # the version
    ...     _ = path.write_bytes(content)
    ...     try:
    ...         sklearn_mtl.load(path, password="a long one")
    ...     except NewerFormat as error:
    ...         print(error)
    The file has version 2 of the encryption, but this package reads up to version 1...
    """


class TruncatedFile(ModelFileError):
    """The file is incomplete: its end is missing.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import TruncatedFile
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path)
    ...     _ = path.write_bytes(path.read_bytes()[:-100])
    ...     try:
    ...         sklearn_mtl.load(path)
    ...     except TruncatedFile as error:
    ...         print(error)
    The end of the file is missing: it was truncated, or data was appended to it...
    """


class ChecksumError(ModelFileError):
    """The file was changed or damaged since it was written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import ChecksumError
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path)
    ...     content = bytearray(path.read_bytes())
    ...     content[len(content) // 2] ^= 1
    ...     _ = path.write_bytes(content)
    ...     try:
    ...         sklearn_mtl.load(path)
    ...     except ChecksumError as error:
    ...         print(error)
    The part 'weights.safetensors' has another checksum than when it was written...
    """


class BadMember(ModelFileError):
    """A part of the file is missing, unknown, duplicated or too large.

    Examples
    --------
    Catching :class:`ModelFileError` also catches this error:

    >>> from sklearn_mtl.persistence import BadMember, ModelFileError
    >>> issubclass(BadMember, ModelFileError)
    True
    """


class BadTensor(ModelFileError):
    """The description of a numeric array in the file is wrong, or it contains NaN.

    Examples
    --------
    Catching :class:`ModelFileError` also catches this error:

    >>> from sklearn_mtl.persistence import BadTensor, ModelFileError
    >>> issubclass(BadTensor, ModelFileError)
    True
    """


class BadState(ModelFileError):
    """The description of the classifier is not valid.

    Examples
    --------
    Catching :class:`ModelFileError` also catches this error:

    >>> from sklearn_mtl.persistence import BadState, ModelFileError
    >>> issubclass(BadState, ModelFileError)
    True
    """


class CannotSave(ModelFileError):
    """The classifier contains an object that a model file cannot store.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn_mtl.persistence import CannotSave
    >>> vectorizer = TfidfVectorizer(analyzer=lambda text: text.split())
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(vectorizer).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     try:
    ...         clf.save(path)
    ...     except CannotSave as error:
    ...         print(error)
    vectorizer.analyzer is <function <lambda> at ...>, of builtins.function, which
    skops cannot store...
    """


class AnotherFit(ModelFileError):
    """The checkpoint belongs to a fit with other parameters, data or versions.

    Examples
    --------
    The second fit has other labels than the one that was interrupted:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from skorch.callbacks import Callback
    >>> from sklearn_mtl.persistence import AnotherFit
    >>> class Interrupt(Callback):
    ...     def on_epoch_end(self, net, **kwargs):
    ...         if len(net.history) == 2:
    ...             raise RuntimeError
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> with TemporaryDirectory() as folder:
    ...     clf = sklearn_mtl.MultiTaskTextClassifier(
    ...         checkpoint=Path(folder) / "fit.ckpt", callbacks=[Interrupt()]
    ...     )
    ...     try:
    ...         clf.fit(texts, {"tone": ["good", "bad"] * 10})
    ...     except RuntimeError:
    ...         pass
    ...     try:
    ...         clf.fit(texts, {"tone": ["good", "poor"] * 10})
    ...     except AnotherFit as error:
    ...         print(error)
    The checkpoint '...' belongs to another fit: y has changed...
    """


class CheckpointInUse(ModelFileError):
    """Another fit, in this process or another one, uses the checkpoint.

    Examples
    --------
    Catching :class:`ModelFileError` also catches this error:

    >>> from sklearn_mtl.persistence import CheckpointInUse, ModelFileError
    >>> issubclass(CheckpointInUse, ModelFileError)
    True
    """


class UntrustedType(ModelFileError):
    """The file contains an object of a class that is not trusted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.feature_selection import VarianceThreshold
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_mtl.persistence import UntrustedType
    >>> vectorizer = make_pipeline(TfidfVectorizer(), VarianceThreshold())
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(vectorizer).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path)
    ...     try:
    ...         sklearn_mtl.load(path)
    ...     except UntrustedType as error:
    ...         print(error)
    The file contains 2 object(s) of other packages. To load them, skops imports and
    calls these classes: []...
    """


class CannotWrite(ModelFileError, OSError):
    """The file cannot be written. A previous file of that name is unchanged.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import CannotWrite
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     try:
    ...         clf.save(Path(folder) / "missing" / "model.mtl")
    ...     except CannotWrite as error:
    ...         print(error)
    Cannot write into the folder '...missing': No such file or directory...
    """


class PasswordNotNeeded(ModelFileError):
    """A password or key was passed, but the file is not encrypted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import PasswordNotNeeded
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path)
    ...     try:
    ...         sklearn_mtl.load(path, password="secret")
    ...     except PasswordNotNeeded as error:
    ...         print(error)
    A password or key was passed, but the file is not encrypted...
    """


class RuntimeUnsupported(ModelFileError):
    """The classifier needs a library that the chosen runtime does not use.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import RuntimeUnsupported
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(trunk="conv").fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path)
    ...     try:
    ...         sklearn_mtl.load(path, runtime="numpy")
    ...     except RuntimeUnsupported as error:
    ...         print(error)
    trunk_ is a ConvTrunk, which needs torch...
    """


class BadPassword(ModelFileError):
    """The password or key is not valid.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import BadPassword
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     try:
    ...         clf.save(path, password="")
    ...     except BadPassword as error:
    ...         print(error)
    A password must be a non-empty string. Got an empty one.
    """


class PasswordNeeded(ModelFileError):
    """The file is encrypted, but no matching password or key was passed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import PasswordNeeded
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path, password="a long one")
    ...     try:
    ...         sklearn_mtl.load(path)
    ...     except PasswordNeeded as error:
    ...         print(error)
    The file is encrypted. Pass password= to load it.
    """


class WrongPassword(ModelFileError):
    """The password or key is not the one that the file was encrypted with.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import WrongPassword
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path, password="a long one")
    ...     try:
    ...         sklearn_mtl.load(path, password="another one")
    ...     except WrongPassword as error:
    ...         print(error)
    The password is wrong...
    """


class CostlyKey(ModelFileError):
    """Deriving the key of the file takes more memory or work than allowed.

    Examples
    --------
    >>> from hashlib import sha256
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_mtl
    >>> from sklearn_mtl.persistence import CostlyKey
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.mtl"
    ...     clf.save(path, password="a long one")
    ...     content = bytearray(path.read_bytes())
    ...     content[10] = 30  # the memory that deriving the key takes
    ...     content[80:96] = sha256(content[:80]).digest()[:16]
    ...     _ = path.write_bytes(content)
    ...     try:
    ...         sklearn_mtl.load(path, password="a long one")
    ...     except CostlyKey as error:
    ...         print(error)
    Deriving the key of the file would take 1.049e+06 MiB of memory...
    """
