"""Objects of classes outside the registry, stored by skops.

skops stores objects of any class without pickle. Loading them imports and calls their
classes, so the caller must state which classes to trust.
"""

import io
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from ..utils._optional import import_optional
from ._errors import BadMember, CannotSave, UntrustedType

_PURPOSE = "A model file with an object of a class from outside this package"


class Keeper(list):
    """A list of objects as bytes. Calling it adds an object and returns its number."""

    def __call__(self, value, place):
        """Add an object.

        Raises
        ------
        CannotSave
            If skops is not installed, or cannot store the object so that it can be
            loaded.
        """
        kind = value if isinstance(value, type) else type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        try:
            skops = import_optional("skops.io", "skops", _PURPOSE)
        except ImportError as error:
            raise CannotSave(
                f"{place} is {value!r:.100}. Its class {name} is from outside this "
                "package, and skops, which stores such objects, is not installed: pip "
                "install "
                '"sklearn-mtl[skops]".'
            ) from error
        try:
            content = skops.dumps(value)
            skops.loads(content, trusted=skops.get_untrusted_types(data=content))
        except Exception as error:  # its class may raise any error
            raise CannotSave(
                f"{place} is {value!r:.100}, of {name}, which skops cannot store: "
                f"{error}. Functions and classes must be importable by name from a "
                "module, not defined in a function or by lambda."
            ) from error
        self.append(content)
        return len(self) - 1


def load_objects(contents, trusted):
    """Load objects whose classes are trusted.

    Parameters
    ----------
    contents : list of bytes

    trusted : list of str or type, or None

    Returns
    -------
    objects : list

    Raises
    ------
    UntrustedType
        If they need classes that are not listed. Nothing has been imported then.

    BadMember
        If they were not written by skops.

    ImportError
        If skops is not installed.
    """
    if isinstance(trusted, str | bool):
        raise TypeError(
            f"trusted must be a list of classes or class names. Got {trusted!r}."
        )
    if not contents:
        return []
    skops = import_optional("skops.io", "skops", _PURPOSE)
    names = {each if isinstance(each, str) else _name(each) for each in trusted or ()}
    needed = set()
    for content in contents:
        _check_zip(content)
        needed.update(_read(skops.get_untrusted_types, data=content))
    if trusted is None or needed - names:
        raise UntrustedType(
            f"The file contains {len(contents)} object(s) of other packages. To load "
            f"them, skops imports and calls these classes: {sorted(needed)}, in "
            "addition to those of scikit-learn, scipy and numpy that skops itself "
            "trusts. A malicious file can run any code in this way. If you trust the "
            "source of the file and have checked the list, pass "
            f"trusted={sorted(needed)} to load."
        )
    return [_read(skops.loads, content, trusted=sorted(needed)) for content in contents]


def _name(kind):
    return f"{kind.__module__}.{kind.__name__}"


def _read(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as error:  # a changed file may cause any error
        raise BadMember(
            f"An object of the file cannot be loaded: {type(error).__name__}: {error}. "
            "Install its package and skops in the versions that wrote the file."
        ) from error


def _check_zip(content):
    """Raise a BadMember if the content is compressed and could grow when unpacked."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise BadMember(f"An object of the file cannot be read: {error}.") from error
    if any(each.compress_type != ZIP_STORED for each in members) or (
        sum(each.file_size for each in members) > len(content)
    ):
        raise BadMember(
            "An object of the file is compressed, so its unpacked size is unlimited. "
            "The file was changed; get it again."
        )
