"""Bytes to text and back, and advice on bytes in another encoding."""

import codecs
from contextlib import suppress

from ._errors import CommandError
from ._process import warn

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode(path, data, encoding=None):
    """Return contents as text.

    Parameters
    ----------
    path : str
        For messages.

    data : bytes

    encoding : str, default=None
        None is UTF-8.

    Returns
    -------
    text : str
    """
    if encoding is None:
        _refuse_unmarked_utf_16(path, data)
    try:
        # Some programs put a mark at the start of a file.
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
    """Advise on what is not UTF-8, and show how it would read."""
    others = "cp1251, shift_jis or gb18030"
    for name in ("cp1252", "shift_jis", "gb18030"):
        with suppress(UnicodeDecodeError):
            data.decode(name)
            start = data.rfind(b"\n", 0, place) + 1
            before = data[start:place].decode(name, "replace")
            line = data[place:].partition(b"\n")[0].decode(name, "replace")
            shown = f"{before[-20:]}{line[:20]}".strip()
            return (
                f"As {name} it reads {shown!r}: if that is right, use --encoding "
                f"{name}. If not, try another, such as {others}, or save the file as "
                "UTF-8."
            )
    return (
        f"Name its encoding, such as --encoding latin-1, {others}, or save it as UTF-8."
    )


def _doubt(path, data, encoding):
    """Complain of a mark of another encoding; warn of what is valid as UTF-8.

    Encodings of one byte a character take any bytes.
    """
    known = codecs.lookup(encoding).name
    if data.startswith(UTF_16_MARKS) and not known.startswith("utf-16"):
        raise CommandError(
            f"{path} starts with the mark of UTF-16, and is read as {encoding}. Use "
            "--encoding utf-16."
        )
    if data.isascii() or known.startswith("utf-8"):
        return
    if data.startswith(codecs.BOM_UTF8):
        raise CommandError(
            f"{path} starts with the mark of UTF-8, and is read as {encoding}. Leave "
            "--encoding out."
        )
    with suppress(UnicodeDecodeError):
        data.decode("utf-8")
        warn(
            f"{path} is read as {encoding}, and it is valid as UTF-8. If its letters "
            "come out wrong, leave --encoding out."
        )


def _refuse_unmarked_utf_16(path, data):
    """Complain where every other byte is 0, which is valid as UTF-8 and never meant."""
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
        # JSON can hold half a surrogate pair, UTF-8 cannot.
        return text.encode("utf-8", errors="replace")
    try:
        return text.encode(encoding)
    except UnicodeError as error:
        raise CommandError(
            f"Cannot write {path}: {error}. Leave --encoding out, or read a table of "
            "this encoding only."
        ) from error
