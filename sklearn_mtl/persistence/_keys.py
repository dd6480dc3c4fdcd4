"""The header of an encrypted file, and the derivation of its keys.

The header has 96 bytes; numbers are unsigned:

===== ===== =========================================================================
start bytes meaning
===== ===== =========================================================================
0     8     ``93 4D 54 4C 45 4E 43 0A``, that is "MTLENC" between two odd bytes
8     1     version of this layout, 1
9     1     1: encrypted by a password, 2: by a key
10    3     scrypt: logarithm of N to base 2, r, p; zeros with a key
13    3     zeros
16    32    random, new for each file: the salt of all that is derived
48    32    check value of password or key
80    16    SHA-256 of the 80 bytes before, cut off: against accidents, not attacks
===== ===== =========================================================================

A password, in Unicode normal form NFC and encoded as UTF-8, becomes 32 bytes by scrypt
(RFC 7914) with the salt; a key has 32 bytes already. HKDF-SHA256 (RFC 5869) with the
salt and, as ``info``, the first 48 bytes of the file derives 64 bytes from them: the
key of this file and the check value. The check value distinguishes a wrong password
from a damaged file, and commits the file to one key: with GCM alone, a file could
decrypt under two keys to two contents.

A change of the layout needs a new version, and version 1 must stay readable.
"""

import hashlib
import hmac
import os
import struct
import unicodedata

from ..utils._optional import import_optional
from ._errors import (
    BadPassword,
    ChecksumError,
    CostlyKey,
    NewerFormat,
    PasswordNeeded,
    TruncatedFile,
    WrongPassword,
)

MAGIC = b"\x93MTLENC\n"
VERSION = 1
LENGTH = 96
# N, r and p as first recommended in OWASP's Password Storage Cheat Sheet: 128 MiB and
# about half a second.
COST = (17, 8, 1)
# Upper limits of the cost. Higher ones need a new version, which old readers refuse.
MOST_MEMORY, MOST_WORK = 2**27, 2**20
PURPOSE = "An encrypted model file"
ADVICE = "Get the file again, or save the model again."
_START = struct.Struct(">8sBBBBB3x32s")
_BY_PASSWORD, _BY_KEY = 1, 2
_NAMES = {_BY_PASSWORD: "password", _BY_KEY: "key"}


def make_header(password, key):
    """Return the header of a new file, and the key to encrypt it with.

    Parameters
    ----------
    password : str or None

    key : bytes of length 32 or None

    Returns
    -------
    header : bytes of length 96

    file_key : bytes of length 32

    Raises
    ------
    BadPassword
        Unless exactly one of the two is given and valid.
    """
    secret = read_secret(password, key)
    if secret is None:
        raise BadPassword("Pass a password or a key to encrypt with.")
    kind, cost = (_BY_PASSWORD, COST) if key is None else (_BY_KEY, (0, 0, 0))
    start = _START.pack(MAGIC, VERSION, kind, *cost, os.urandom(32))
    file_key, check = _derive(secret, start)
    return start + check + _checksum(start + check), file_key


def read_header(header, password, key):
    """Return the key of a file, after checking everything else.

    Parameters
    ----------
    header : bytes
        The first 96 bytes of the file, or all of it if it is shorter.

    password : str or None

    key : bytes of length 32 or None

    Returns
    -------
    file_key : bytes of length 32

    Raises
    ------
    ModelFileError
        BadPassword, NewerFormat, TruncatedFile, ChecksumError, CostlyKey,
        PasswordNeeded or WrongPassword.
    """
    secret = read_secret(password, key)
    kind = _check_header(header)
    _check_kind(kind, secret, key)
    file_key, check = _derive(secret, header[: _START.size])
    if not hmac.compare_digest(check, header[_START.size : _START.size + 32]):
        raise WrongPassword(
            f"The {_NAMES[kind]} is wrong. If you are sure that it is right, someone "
            "changed the header of the file on purpose; accidental damage gives "
            "another error."
        )
    return file_key


def read_secret(password, key):
    """Check a password or key and return its bytes; None if neither is given."""
    if password is not None and key is not None:
        raise BadPassword("Both password and key were passed. Pass only one of them.")
    if key is not None:
        if not isinstance(key, bytes | bytearray) or len(key) != 32:
            found = f"{len(key)} bytes" if isinstance(key, bytes | bytearray) else ""
            raise BadPassword(
                f"A key must have 32 bytes. Got {found or type(key).__name__}. Create "
                "one with secrets.token_bytes(32), or pass password=."
            )
        return bytes(key)
    if password is None:
        return None
    if not isinstance(password, str) or not password:
        found = f"a {type(password).__name__}" if password else "an empty one"
        raise BadPassword(f"A password must be a non-empty string. Got {found}.")
    try:
        # Keyboards and systems may encode the same character in two ways.
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        raise BadPassword(
            "The password contains an unpaired surrogate, which is not a valid Unicode "
            "character. Enter it again."
        ) from None


def _check_header(header):
    """Check the header without the secret, and return the kind of secret it needs."""
    if len(header) > len(MAGIC) and header[len(MAGIC)] > VERSION:
        raise NewerFormat(
            f"The file has version {header[len(MAGIC)]} of the encryption, but this "
            f"package reads up to version {VERSION}. Update the package: pip install "
            "-U sklearn-mtl."
        )
    if len(header) < LENGTH:
        raise TruncatedFile(f"The encrypted file ends within its header. {ADVICE}")
    magic, version, kind, *cost, _ = _START.unpack_from(header)
    log_n, r, p = cost
    if kind == _BY_PASSWORD:
        # scrypt requires N > 1 and limits N by r.
        is_known = r and p and 1 <= log_n < 16 * r
    else:
        is_known = kind == _BY_KEY and not any(cost)
    if (
        header[-16:] != _checksum(header[:-16])
        or (magic, version, header[13:16]) != (MAGIC, VERSION, bytes(3))
        or not is_known
    ):
        raise ChecksumError(f"The header of the encrypted file is damaged. {ADVICE}")
    if kind == _BY_PASSWORD:
        memory, work = 128 * r << log_n, r * p << log_n
        if memory > MOST_MEMORY or work > MOST_WORK:
            raise CostlyKey(
                f"Deriving the key of the file would take {memory / 2**20:.4g} MiB of "
                f"memory and {work / MOST_WORK:.4g} times the usual work. At most "
                f"{MOST_MEMORY / 2**20:.4g} MiB and the usual work are allowed. This "
                "package did not write the file: do not trust it."
            )
    return kind


def _check_kind(kind, secret, key):
    if secret is None:
        raise PasswordNeeded(f"The file is encrypted. Pass {_NAMES[kind]}= to load it.")
    given = _BY_PASSWORD if key is None else _BY_KEY
    if given != kind:
        raise PasswordNeeded(
            f"The file is encrypted with a {_NAMES[kind]}, but a {_NAMES[given]} was "
            f"passed. Pass {_NAMES[kind]}= instead."
        )


def _derive(secret, start):
    """Return the key of a file and its check value."""
    hashes = import_optional("cryptography.hazmat.primitives.hashes", "secure", PURPOSE)
    hkdf = import_optional("cryptography.hazmat.primitives.kdf.hkdf", "secure", PURPOSE)
    _, _, kind, log_n, r, p, salt = _START.unpack(start)
    if kind == _BY_PASSWORD:
        scrypt = import_optional(
            "cryptography.hazmat.primitives.kdf.scrypt", "secure", PURPOSE
        )
        secret = scrypt.Scrypt(salt=salt, length=32, n=2**log_n, r=r, p=p).derive(
            secret
        )
    derived = hkdf.HKDF(hashes.SHA256(), length=64, salt=salt, info=start).derive(
        secret
    )
    return derived[:32], derived[32:]


def _checksum(content):
    return hashlib.sha256(content).digest()[:16]
