"""Encrypted files. All of a file is verified before any of it is used.

After the header (see `_keys`) come chunks of 65,536 bytes, each encrypted with
AES-256-GCM and followed by its tag of 16 bytes. The last chunk may be shorter, but is
empty only in an empty file. The construction is STREAM (Hoang, Reyhanitabar, Rogaway
and Vizár, CRYPTO 2015): the nonce is the chunk number in 11 bytes, big-endian, and a
byte that is 1 in the last chunk; the header is associated data. Each key encrypts one
file, so no nonce is reused, and a chunk that was changed, moved, removed, added or
taken from another file fails verification.
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
    """Whether a file starts like an encrypted one; seeks back to the start.

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
        Written sequentially; stays open.

    password : str, default=None
        Not empty. Deriving the key from it takes about half a second and 128 MiB, so
        that trying many passwords is expensive.

    key : bytes of length 32, default=None
        Random, for instance from ``secrets.token_bytes(32)``. Pass either password or
        key.

    Returns
    -------
    writer : EncryptingWriter
        Pass the data to its ``write``. The file is complete after its ``close``.

    Raises
    ------
    BadPassword
        If password or key are not valid.

    ImportError
        If cryptography is not installed.
    """
    header, file_key = _keys.make_header(password, key)
    file.write(header)
    return EncryptingWriter(file, file_key, header)


def decrypt(file, password=None, key=None):
    """Read an encrypted file, after verifying all of it.

    Parameters
    ----------
    file : seekable binary file
        Must stay open, and unchanged, while it is read.

    password : str, default=None

    key : bytes of length 32, default=None
        Pass the password or key that the file was encrypted with.

    Returns
    -------
    reader : seekable binary file
        Decrypts the data that is read, and verifies it again.

    Raises
    ------
    ModelFileError
        BadPassword, PasswordNeeded, WrongPassword, CostlyKey, NewerFormat,
        TruncatedFile or ChecksumError, before any data can be read.

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

    The last chunk is written only by `close`, which is not called if the object is
    garbage-collected or an exception leaves the ``with`` block. So an incomplete file
    cannot be decrypted.
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
        # Keep even a full chunk, because it may be the last one.
        while len(self._waiting) + size - place > CHUNK:
            step = CHUNK - len(self._waiting)
            self._waiting += content[place : place + step]
            place += step
            self._write_chunk(is_last=False)
        self._waiting += content[place:]
        return size

    def close(self):
        """Write the last chunk. The underlying file stays open."""
        if not self.closed:
            self.closed = True
            self._write_chunk(is_last=True)

    def _write_chunk(self, is_last):
        nonce = _nonce(self._number, is_last)
        content = bytes(self._waiting)
        # Increment before anything can fail, so that no nonce is used twice.
        self._number += 1
        self._file.write(self._cipher.encrypt(nonce, content, self._header))
        self._waiting.clear()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self.close()


class _DecryptingReader(io.RawIOBase):
    """Decrypts chunks on demand, and never returns an unverified one."""

    def __init__(self, file, cipher, header, n_bytes):
        self._file = file
        self._cipher = cipher
        self._header = header
        body = n_bytes - _keys.LENGTH
        self._n_chunks = -(-body // (CHUNK + _TAG))
        self._size = body - self._n_chunks * _TAG
        self._place = 0

    def verify(self):
        """Verify all chunks, and that the last is empty only in an empty file."""
        is_empty = (self._n_chunks, self._size) == (1, 0)
        if self._size <= max(self._n_chunks - 1, 0) * CHUNK and not is_empty:
            raise TruncatedFile(f"The end of the encrypted file is missing. {_ADVICE}")
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
            cut = "Or the file was truncated there. " if is_last else ""
            return ChecksumError(
                f"Chunk {number + 1} of {self._n_chunks} of the encrypted file is "
                "damaged, was changed or is in the wrong place. The password or key is "
                f"right. {cut}{_ADVICE}"
            )
        if is_last:
            return TruncatedFile(f"The end of the encrypted file is missing. {_ADVICE}")
        return ChecksumError(f"Data was appended to the encrypted file. {_ADVICE}")

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
            raise ValueError(f"A file has no position {start + offset}.")
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
