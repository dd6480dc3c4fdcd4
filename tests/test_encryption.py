"""Encrypted files: what is written, and that nothing else is read."""

import hashlib
import hmac
import io
import os
import unicodedata

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fuzz_encryption import (
    KEY,
    MOST_MEMORY,
    MOST_SECONDS,
    PASSWORD,
    fuzz,
    saved,
    sealed,
    some_model,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import sklearn_mtl
from sklearn_mtl.persistence import _encryption, _keys
from sklearn_mtl.persistence._encryption import CHUNK, decrypt, encrypt, is_encrypted
from sklearn_mtl.persistence._errors import (
    BadPassword,
    ChecksumError,
    CostlyKey,
    ModelFileError,
    NewerFormat,
    PasswordNeeded,
    PasswordNotNeeded,
    TruncatedFile,
    WrongPassword,
)

SIZES = [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]
# Written by version 1, which must be readable for ever; its content is b"hello".
BY_KEY = (
    "934d544c454e430a0102000000000000618a0013a23c86be3ee388f2f7d0a925ac4f1f56db131b"
    "12e20d27e581d3e31737ada85a3f6fd96479b8a9167bf6092f4ee3f0077c66b705dce1eb0e67cf"
    "a36cf687afc29f3fd3d83bf7fdd9791304f50d9c45585d2504c3f38638cf41a3710acfa1416406"
)
BY_PASSWORD = (
    "934d544c454e430a01011108010000001579d8e2fe423482f7320590708ad8cac88f9f8eeea2e0"
    "79166ed499b850eefb3127256139e28244de11a88edeb8f9ca45c5537b4df74cb4b8f8e25a0e30"
    "e61248a683f2b9dd666939c1342df5710fb91c6d2876c72abe05ee5d297bc045863ae977349a29"
)


def content_of(size):
    return hashlib.shake_128(b"content").digest(size)


def encrypted(content, key=KEY, password=None):
    file = io.BytesIO()
    with encrypt(file, key=key, password=password) as writer:
        writer.write(content)
    return file.getvalue()


def decrypted(content, key=KEY, password=None):
    return decrypt(io.BytesIO(content), key=key, password=password).read()


def forged(content, place, new):
    """Change a header as someone would who knows the layout."""
    header = content[:place] + bytes(new) + content[place + len(new) : 96]
    return sealed(header) + content[96:]


@pytest.fixture
def cheap(monkeypatch):
    monkeypatch.setattr(_keys, "COST", (4, 8, 1))


@pytest.fixture(scope="module")
def clf():
    return some_model()


@pytest.mark.parametrize("size", SIZES)
def test_decrypting_gives_back_what_was_encrypted(size):
    content = content_of(size)
    file = encrypted(content)
    assert decrypted(file) == content
    n_chunks = max(-(-size // CHUNK), 1)
    assert len(file) == 96 + size + 16 * n_chunks


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, CHUNK + 100), max_size=5))
def test_pieces_of_any_size_make_the_same_file(sizes):
    file = io.BytesIO()
    content = content_of(sum(sizes))
    place = 0
    with encrypt(file, key=KEY) as writer:
        for size in sizes:
            assert writer.write(memoryview(content)[place : place + size]) == size
            place += size
    assert decrypted(file.getvalue()) == content


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 3 * CHUNK), st.integers(0, 2 * CHUNK)), max_size=8
    )
)
def test_reader_seeks_like_a_file(moves):
    content = content_of(2 * CHUNK + 100)
    plain = io.BytesIO(content)
    with decrypt(io.BytesIO(encrypted(content)), key=KEY) as reader:
        for place, size in moves:
            assert reader.seek(place) == plain.seek(place)
            assert reader.read(size) == plain.read(size)
            assert reader.tell() == plain.tell()
        assert reader.seek(-50, os.SEEK_END) == len(content) - 50
        assert reader.seek(10, os.SEEK_CUR) == len(content) - 40
        assert reader.read() == content[-40:]
        with pytest.raises(ValueError, match="no position"):
            reader.seek(-(10**9), os.SEEK_CUR)
        with pytest.raises(io.UnsupportedOperation):
            reader.write(b"x")
        with pytest.raises(io.UnsupportedOperation):
            reader.fileno()


def hkdf(secret, salt, info, length):
    """RFC 5869, written out."""
    pseudorandom = hmac.digest(salt, secret, "sha256")
    output, block = b"", b""
    while len(output) < length:
        count = bytes([len(output) // 32 + 1])
        block = hmac.digest(pseudorandom, block + info + count, "sha256")
        output += block
    return output[:length]


@pytest.mark.parametrize("secret", ["key", "password"])
def test_files_follow_their_description(secret, cheap):
    """The standard library derives the keys, `cryptography` decrypts chunk by chunk."""
    content = content_of(2 * CHUNK + 7)
    password = "péché" if secret == "password" else None
    key = None if password else KEY
    file = encrypted(content, key=key, password=password)
    salt, check = file[16:48], file[48:80]
    if password:
        assert file[9:13] == bytes([1, 4, 8, 1])
        source = unicodedata.normalize("NFC", password).encode()
        key = hashlib.scrypt(source, salt=salt, n=2**4, r=8, p=1, dklen=32)
    else:
        assert file[9:13] == bytes([2, 0, 0, 0])
    derived = hkdf(key, salt, file[:48], 64)
    assert check == derived[32:]
    assert file[80:96] == hashlib.sha256(file[:80]).digest()[:16]
    cipher, found, place = AESGCM(derived[:32]), b"", 96
    for number in range(3):
        nonce = number.to_bytes(11, "big") + bytes([number == 2])
        chunk = file[place : place + CHUNK + 16]
        found += cipher.decrypt(nonce, chunk, file[:96])
        place += len(chunk)
    assert found == content
    assert place == len(file)


def test_files_of_version_1_are_readable():
    assert decrypted(bytes.fromhex(BY_KEY)) == b"hello"
    assert decrypted(bytes.fromhex(BY_PASSWORD), None, PASSWORD) == b"hello"


def test_password_costs_as_much_as_it_should():
    assert bytes.fromhex(BY_PASSWORD)[10:13] == bytes(_keys.COST)
    log_n, r, p = _keys.COST
    assert 2**log_n * r * 128 == _keys.MOST_MEMORY == 128 * 2**20
    assert 2**log_n * r * p == _keys.MOST_WORK


def test_no_two_files_are_alike(cheap):
    content = content_of(1000)
    files = [encrypted(content) for _ in range(20)]
    assert len({file[16:48] for file in files}) == 20
    assert len({file[96:128] for file in files}) == 20
    assert content[:8] not in files[0]


def test_every_changed_bit_is_refused():
    file = encrypted(content_of(40))
    for place in range(len(file)):
        for bit in range(8):
            changed = bytearray(file)
            changed[place] ^= 1 << bit
            with pytest.raises(ModelFileError):
                decrypted(bytes(changed))


def test_every_cut_is_refused():
    file = encrypted(content_of(40))
    for length in range(len(file)):
        with pytest.raises(ModelFileError):
            decrypted(file[:length])


@pytest.mark.parametrize("size", SIZES)
def test_cuts_between_chunks_are_called_so(size):
    file = encrypted(content_of(size))
    for place in range(96, len(file), CHUNK + 16):
        for more in (0, 1):
            with pytest.raises(TruncatedFile, match="is missing"):
                decrypted(file[: place + more])
    with pytest.raises(TruncatedFile, match="ends within its header"):
        decrypted(file[:95])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("more", [1, 16, 17, CHUNK + 16])
def test_appended_bytes_are_refused(size, more):
    with pytest.raises((ChecksumError, TruncatedFile)):
        decrypted(encrypted(content_of(size)) + bytes(more))


def test_bytes_behind_a_full_last_chunk_are_called_so():
    file = encrypted(content_of(CHUNK))
    with pytest.raises(ChecksumError, match="appended to the encrypted file"):
        decrypted(file + bytes(20))


def test_chunks_have_one_place_in_one_file():
    one, two = encrypted(content_of(3 * CHUNK)), encrypted(content_of(3 * CHUNK))
    step = CHUNK + 16
    chunks = [one[96 + k * step : 96 + (k + 1) * step] for k in range(3)]
    foreign = [two[96 + k * step : 96 + (k + 1) * step] for k in range(3)]
    for wrong in (
        [chunks[1], chunks[0], chunks[2]],
        [chunks[0], chunks[0], chunks[2]],
        [chunks[0], chunks[2]],
        [chunks[0], foreign[1], chunks[2]],
        foreign,
    ):
        with pytest.raises(
            ChecksumError, match="damaged, was changed or is in the wrong"
        ):
            decrypted(one[:96] + b"".join(wrong))
    assert decrypted(one[:96] + b"".join(chunks)) == content_of(3 * CHUNK)


def test_nothing_is_returned_of_a_file_with_a_bad_end():
    file = encrypted(content_of(3 * CHUNK))
    with pytest.raises(ChecksumError, match=r"Chunk 3 of 3 .*truncated there"):
        decrypt(io.BytesIO(file[:-1] + bytes([file[-1] ^ 1])), key=KEY)


def test_a_file_that_changes_while_it_is_read_is_refused():
    file = io.BytesIO(encrypted(content_of(3 * CHUNK)))
    reader = decrypt(file, key=KEY)
    file.seek(96 + CHUNK + 20)
    file.write(b"changed")
    reader.seek(CHUNK)
    with pytest.raises(ChecksumError, match="Chunk 2 of 3"):
        reader.read(1)


def test_what_failed_stays_unreadable():
    file = io.BytesIO()
    with pytest.raises(ZeroDivisionError), encrypt(file, key=KEY) as writer:  # noqa: PT012
        writer.write(content_of(CHUNK + 1))
        _ = 1 / 0
    del writer
    with pytest.raises(TruncatedFile):
        decrypted(file.getvalue())


def test_no_number_is_used_twice_after_a_failed_write():
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError("No space left on device")

    writer = encrypt(io.BytesIO(), key=KEY)
    writer._file = Full()
    for number in (1, 2):
        with pytest.raises(OSError, match="No space"):
            writer.write(bytes(CHUNK + 1))
        assert writer._number == number


def test_closed_writer_takes_no_more():
    file = io.BytesIO()
    writer = encrypt(file, key=KEY)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"x")
    assert decrypted(file.getvalue()) == b""


def test_same_letters_are_the_same_password(cheap):
    file = encrypted(b"x", None, "é")
    assert decrypted(file, None, "e\u0301") == b"x"


def test_wrong_password_is_told_from_damage(cheap):
    file = encrypted(content_of(100), None, PASSWORD)
    with pytest.raises(WrongPassword, match="The password is wrong"):
        decrypted(file, None, PASSWORD + "x")
    with pytest.raises(WrongPassword, match="The key is wrong"):
        decrypted(encrypted(b""), KEY[::-1])
    for place in [*range(9, 96)]:
        changed = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
        with pytest.raises(ChecksumError, match="header of the encrypted file"):
            decrypted(changed, None, PASSWORD)
    changed = file[:-1] + bytes([file[-1] ^ 1])
    with pytest.raises(ChecksumError, match="The password or key is right"):
        decrypted(changed, None, PASSWORD)


def test_what_is_missing_is_named(cheap):
    by_password = encrypted(b"", None, PASSWORD)
    with pytest.raises(PasswordNeeded, match="Pass password= to load it"):
        decrypted(by_password, None)
    with pytest.raises(PasswordNeeded, match="Pass key= to load it"):
        decrypted(encrypted(b""), None)
    with pytest.raises(PasswordNeeded, match="with a password, but a key was passed"):
        decrypted(by_password, KEY)
    with pytest.raises(PasswordNeeded, match="with a key, but a password was passed"):
        decrypted(encrypted(b""), None, PASSWORD)


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ({"password": ""}, "Got an empty one"),
        ({"password": b"bytes"}, "Got a bytes"),
        ({"password": "\ud800"}, "unpaired surrogate"),
        ({"key": b"short"}, "Got 5 bytes"),
        ({"key": "x" * 32}, "Got str"),
        ({"key": KEY, "password": "x"}, "Pass only one of them"),
    ],
)
def test_bad_passwords_and_keys(secret, message):
    with pytest.raises(BadPassword, match=message):
        encrypt(io.BytesIO(), **secret)
    with pytest.raises(BadPassword, match=message):
        decrypt(io.BytesIO(encrypted(b"")), **secret)


def test_encrypting_needs_one_of_the_two():
    with pytest.raises(BadPassword, match="Pass a password or a key"):
        encrypt(io.BytesIO())


@pytest.mark.parametrize(
    "cost", [(18, 8, 1), (17, 9, 1), (17, 8, 2), (10, 255, 255), (255, 255, 255)]
)
def test_costly_keys_are_refused_before_they_are_derived(cost, cheap, monkeypatch):
    file = forged(encrypted(b"", None, PASSWORD), 10, cost)
    monkeypatch.setattr(_keys, "_derive", None)
    with pytest.raises(CostlyKey, match=r"the file would take .* MiB"):
        decrypted(file, None, PASSWORD)


@pytest.mark.parametrize("cost", [(0, 8, 1), (4, 0, 1), (4, 8, 0), (16, 1, 1)])
def test_scrypt_parameters_that_there_are_not(cost, cheap, monkeypatch):
    file = forged(encrypted(b"", None, PASSWORD), 10, cost)
    monkeypatch.setattr(_keys, "_derive", None)
    with pytest.raises(ChecksumError, match="header of the encrypted file"):
        decrypted(file, None, PASSWORD)


def test_cheaper_parameters_give_another_key(cheap):
    file = forged(encrypted(b"", None, PASSWORD), 10, [3])
    with pytest.raises(WrongPassword, match="on purpose"):
        decrypted(file, None, PASSWORD)


def test_kinds_and_reserved_bytes_that_there_are_not():
    for place, new in [(9, [0]), (9, [3]), (10, [1]), (13, [1]), (8, [0])]:
        with pytest.raises(ChecksumError, match="header of the encrypted file"):
            decrypted(forged(encrypted(b""), place, new))


def test_newer_version():
    with pytest.raises(NewerFormat, match=r"version 2 .* up to version 1"):
        decrypted(forged(encrypted(b""), 8, [2]))


def test_is_encrypted():
    file = io.BytesIO(encrypted(b""))
    file.seek(50)
    assert is_encrypted(file)
    assert file.tell() == 0
    assert not is_encrypted(io.BytesIO(b"PK\3\4"))
    assert not is_encrypted(io.BytesIO(b""))


def test_extra_is_named(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("sklearn_mtl.utils._optional.import_module", missing)
    for use in (encrypt, decrypt):
        with pytest.raises(ImportError, match=r'pip install "sklearn-mtl\[secure\]"'):
            use(io.BytesIO(bytes.fromhex(BY_KEY)), key=KEY)


@pytest.mark.parametrize("secret", [{"key": KEY}, {"password": PASSWORD}])
def test_encrypted_classifiers_come_back(clf, secret, tmp_path, cheap):
    clf.save(tmp_path / "model.mtl", **secret)
    content = (tmp_path / "model.mtl").read_bytes()
    assert b"MultiTask" not in content
    assert b"safetensors" not in content
    again = sklearn_mtl.load(tmp_path / "model.mtl", **secret)
    texts = ["abcdefgha bcdefghab", ""]
    for ours, theirs in zip(
        clf.predict_proba(texts), again.predict_proba(texts), strict=True
    ):
        assert_array_equal(ours, theirs)
    with pytest.raises(PasswordNeeded, match="is encrypted"):
        sklearn_mtl.load(tmp_path / "model.mtl")


def test_plain_files_take_no_password(clf, tmp_path):
    clf.save(tmp_path / "model.mtl")
    with pytest.raises(PasswordNotNeeded, match="not encrypted"):
        sklearn_mtl.load(tmp_path / "model.mtl", key=KEY)


def test_bad_password_leaves_the_old_file(clf, tmp_path):
    path = tmp_path / "model.mtl"
    path.write_bytes(b"old")
    with pytest.raises(BadPassword):
        clf.save(path, password="")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_changed_files_are_refused_quickly(clf):
    """`python tests/fuzz_encryption.py` tries 2,000."""
    counts, slowest, grown = fuzz(clf, 300, seed=1)
    assert sum(counts.values()) == 300
    assert slowest < MOST_SECONDS
    assert grown < MOST_MEMORY
    assert len(saved(clf, key=KEY)) > 3 * CHUNK
    assert _encryption.CHUNK == 2**16
