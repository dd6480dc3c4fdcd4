"""Encrypted files, of which nothing is used before all of it has been verified.

Behind the header, see `_keys`, come chunks of 65,536 bytes, each encrypted by
AES-256-GCM and followed by its tag of 16 bytes. The last chunk may be shorter, but is
empty only in an empty file. They follow STREAM (Hoang, Reyhanitabar, Rogaway and Vizár,
CRYPTO 2015): the nonce is the number of the chunk in 11 bytes, big end first, and a
byte that is 1 in the last chunk; the header is associated data. A key encrypts one
file, so no nonce returns, and a chunk that was changed, moved, left out, added or taken
from another file fails its tag.
"""

import io
import os

from ..utils._optional import import_optional
from . import _keys
from ._errors import ChecksumError, TruncatedFile

CHUNK = 2**16
_TAG = 16
_ADVICE = _keys.ADVICE


def is_encrypted(file):
    """Whether a file starts like an encrypted one; the file is put back to its start.

    Parameters
    ----------
    file : seekable binary file

    Returns
    -------
    is_encrypted : bool
    """
    file.seek(0)
    found = file.read(len(_keys.MAGIC)) == _keys.MAGIC
    file.seek(0)
    return found


def encrypt(file, password=None, key=None):
    """Write an encrypted file.

    Parameters
    ----------
    file : writable binary file
        Written from front to back. It stays open.

    password : str, default=None
        Not empty. The key is derived from it, which takes about half a second and
        128 MiB, so that trying many passwords is expensive.

    key : bytes of length 32, default=None
        Random, such as of ``secrets.token_bytes(32)``. Pass one of the two.

    Returns
    -------
    writer : EncryptingWriter
        Its ``write`` takes what is to be encrypted; the file is whole once its
        ``close`` has been called.

    Raises
    ------
    BadPassword
        If password or key are not as above.

    ImportError
        If cryptography is not installed.
    """
    header, file_key = _keys.make_header(password, key)
    file.write(header)
    return EncryptingWriter(file, file_key, header)


def decrypt(file, password=None, key=None):
    """Read an encrypted file, after all of it has been verified.

    Parameters
    ----------
    file : seekable binary file
        Must stay open, and unchanged, while it is read.

    password : str, default=None

    key : bytes of length 32, default=None
        Pass what the file was encrypted by.

    Returns
    -------
    reader : seekable binary file
        Decrypts, and verifies again, what is read of it.

    Raises
    ------
    ModelFileError
        BadPassword, PasswordNeeded, WrongPassword, CostlyKey, NewerFormat,
        TruncatedFile or ChecksumError, before anything of the file can be read.

    ImportError
        If cryptography is not installed.
    """
    n_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    header = file.read(_keys.LENGTH)
    file_key = _keys.read_header(header, password, key)
    raw = _DecryptingReader(file, _cipher(file_key), header, n_bytes)
    raw.verify()
    return io.BufferedReader(raw, CHUNK)


class EncryptingWriter:
    """Encrypts what is written to it; made by :func:`encrypt`.

    There is no last chunk before `close`, and it is not called when the object is
    forgotten or an exception leaves its ``with`` block: what failed stays unreadable.
    """

    def __init__(self, file, file_key, header):
        self._file = file
        self._cipher = _cipher(file_key)
        self._header = header
        self._waiting = bytearray()
        self._number = 0
        self.closed = False

    def write(self, content):
        """Encrypt bytes.

        Parameters
        ----------
        content : bytes-like

        Returns
        -------
        n_bytes : int
        """
        if self.closed:
            raise ValueError("The writer is closed.")
        content = memoryview(content).cast("B")
        place, size = 0, len(content)
        # A full chunk waits as well, for it may turn out to be the last.
        while len(self._waiting) + size - place > CHUNK:
            step = CHUNK - len(self._waiting)
            self._waiting += content[place : place + step]
            place += step
            self._write_chunk(is_last=False)
        self._waiting += content[place:]
        return size

    def close(self):
        """Write the last chunk. The file below stays open."""
        if not self.closed:
            self.closed = True
            self._write_chunk(is_last=True)

    def _write_chunk(self, is_last):
        nonce = _nonce(self._number, is_last)
        content = bytes(self._waiting)
        # Counted before anything can fail: no number is ever used twice.
        self._number += 1
        self._file.write(self._cipher.encrypt(nonce, content, self._header))
        self._waiting.clear()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self.close()


class _DecryptingReader(io.RawIOBase):
    """Decrypts the chunk that is asked for, and never returns an unverified one."""

    def __init__(self, file, cipher, header, n_bytes):
        self._file = file
        self._cipher = cipher
        self._header = header
        body = n_bytes - _keys.LENGTH
        self._n_chunks = -(-body // (CHUNK + _TAG))
        self._size = body - self._n_chunks * _TAG
        self._place = 0

    def verify(self):
        """Verify all chunks, and that the last is empty in an empty file only."""
        is_empty = (self._n_chunks, self._size) == (1, 0)
        if self._size <= max(self._n_chunks - 1, 0) * CHUNK and not is_empty:
            raise TruncatedFile(f"The encrypted file lacks its end. {_ADVICE}")
        for number in range(self._n_chunks):
            self._chunk(number)

    def _chunk(self, number):
        from cryptography.exceptions import InvalidTag

        self._file.seek(_keys.LENGTH + number * (CHUNK + _TAG))
        content = self._file.read(CHUNK + _TAG)
        is_last = number == self._n_chunks - 1
        try:
            return self._cipher.decrypt(_nonce(number, is_last), content, self._header)
        except InvalidTag:
            raise self._error(number, is_last, content) from None

    def _error(self, number, is_last, content):
        from cryptography.exceptions import InvalidTag

        try:
            self._cipher.decrypt(_nonce(number, not is_last), content, self._header)
        except InvalidTag:
            cut = "Or it was cut off there. " if is_last else ""
            return ChecksumError(
                f"Chunk {number + 1} of {self._n_chunks} of the encrypted file is "
                "damaged, was changed or does not belong there. The password or key is "
                f"right. {cut}{_ADVICE}"
            )
        if is_last:
            return TruncatedFile(f"The encrypted file lacks its end. {_ADVICE}")
        return ChecksumError(
            f"Something was put behind the end of the encrypted file. {_ADVICE}"
        )

    def readinto(self, buffer):
        number, skipped = divmod(self._place, CHUNK)
        if self._place >= self._size or not len(buffer):
            return 0
        found = self._chunk(number)[skipped : skipped + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def seek(self, offset, whence=os.SEEK_SET):
        start = {
            os.SEEK_SET: 0,
            os.SEEK_CUR: self._place,
            os.SEEK_END: self._size,
        }[whence]
        if start + offset < 0:
            raise ValueError(f"There is no place {start + offset} in a file.")
        self._place = start + offset
        return self._place

    def readable(self):
        return True

    def seekable(self):
        return True


def _cipher(file_key):
    aead = import_optional(
        "cryptography.hazmat.primitives.ciphers.aead", "secure", _keys.PURPOSE
    )
    return aead.AESGCM(file_key)


def _nonce(number, is_last):
    return number.to_bytes(11, "big") + bytes([is_last])
