"""Bytes to text and back, and advice for other encodings."""

import codecs
from contextlib import suppress

from ._errors import CommandError
from ._process import warn

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode(path, data, encoding=None):
    """Decode the contents of a file.

    Parameters
    ----------
    path : str
        For messages.

    data : bytes

    encoding : str, default=None
        None means UTF-8.

    Returns
    -------
    text : str
    """
    if encoding is None:
        _refuse_unmarked_utf_16(path, data)
    try:
        # Some programs write a byte order mark at the start of a file.
        text = data.decode(encoding or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        advice = _other_encoding(data, error.start)
        if encoding is not None:
            advice = "Use another --encoding."
        elif data.startswith(UTF_16_MARKS):
            advice = "It looks like UTF-16. Use --encoding utf-16."
        raise CommandError(
            f"{path} is not {encoding or 'UTF-8'}: byte 0x{data[error.start]:02x} in "
            f"line {line}. {advice}"
        ) from error
    except UnicodeError as error:
        raise CommandError(f"{path} is not {encoding}: {error}.") from error
    if encoding is not None:
        _doubt(path, data, encoding)
    if not text.strip():
        raise CommandError(f"{path} is empty.")
    return text


def _other_encoding(data, place):
    """Suggest an encoding for bytes that are not UTF-8, and show the result."""
    others = "cp1251, shift_jis or gb18030"
    for name in ("cp1252", "shift_jis", "gb18030"):
        with suppress(UnicodeDecodeError):
            data.decode(name)
            start = data.rfind(b"\n", 0, place) + 1
            before = data[start:place].decode(name, "replace")
            line = data[place:].partition(b"\n")[0].decode(name, "replace")
            shown = f"{before[-20:]}{line[:20]}".strip()
            return (
                f"Decoded as {name} it reads {shown!r}: if that is right, use "
                f"--encoding {name}. If not, try another encoding, such as {others}, "
                "or save the file as UTF-8."
            )
    return (
        f"Pass its encoding, such as --encoding latin-1, {others}, or save it as UTF-8."
    )


def _doubt(path, data, encoding):
    """Raise an error for the mark of another encoding; warn if UTF-8 is possible.

    The check is needed because single-byte encodings accept any bytes.
    """
    known = codecs.lookup(encoding).name
    if data.startswith(UTF_16_MARKS) and not known.startswith("utf-16"):
        raise CommandError(
            f"{path} starts with the byte order mark of UTF-16, but is read as "
            f"{encoding}. Use --encoding utf-16."
        )
    if data.isascii() or known.startswith("utf-8"):
        return
    if data.startswith(codecs.BOM_UTF8):
        raise CommandError(
            f"{path} starts with the byte order mark of UTF-8, but is read as "
            f"{encoding}. Remove --encoding."
        )
    with suppress(UnicodeDecodeError):
        data.decode("utf-8")
        warn(
            f"{path} is read as {encoding}, but it is also valid UTF-8. If its letters "
            "are wrong, remove --encoding."
        )


def _refuse_unmarked_utf_16(path, data):
    """Raise an error if every other byte is 0: valid UTF-8, but never intended."""
    start = data[:64]
    for first, name in ((0, "utf-16-be"), (1, "utf-16-le")):
        if len(start) >= 16 and not any(start[first::2]) and all(start[1 - first :: 2]):
            raise CommandError(
                f"{path} looks like UTF-16: every other byte is 0. Use --encoding "
                f"{name}."
            )


def encode(path, text, encoding=None):
    """Return text as bytes."""
    if encoding is None:
        # JSON can contain an unpaired surrogate, but UTF-8 cannot.
        return text.encode("utf-8", errors="replace")
    try:
        return text.encode(encoding)
    except UnicodeError as error:
        raise CommandError(
            f"Cannot write {path}: {error}. Remove --encoding, or use only tables in "
            "this encoding."
        ) from error
