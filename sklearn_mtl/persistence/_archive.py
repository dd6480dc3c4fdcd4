"""Zip files of uncompressed members, written and read strictly.

Only a part of the zip format is used: uncompressed members without gaps between them,
each aligned to 64 bytes so that its arrays can be memory-mapped; 64-bit sizes; no
comments, times or attributes. All bytes outside the members follow from names, sizes
and checksums. A reader recomputes and compares them, so every byte of a file is
checked. Any zip program can open the files.
"""

import struct
from typing import NamedTuple
from zlib import crc32

from ._errors import BadMember, CannotSave, ChecksumError, NotAModelFile, TruncatedFile

ALIGNMENT = 64
MOST_MEMBERS = 64
LONGEST_NAME = 100
# 1 January 1980, and the version of the zip format with 64-bit sizes.
_DATE, _VERSION = 0x21, 45
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR = struct.Struct("<IIQI")
_END = struct.Struct("<IHHHHIIH")
_TAIL = _END64.size + _LOCATOR.size + _END.size
_MAX32 = 0xFFFFFFFF
# The extra fields: 64-bit sizes, and the one that Android's zipalign uses for padding.
_ZIP64, _PADDING = 1, 0xD935
MAGIC = struct.pack("<IH", 0x04034B50, _VERSION)
_ADVICE = "The file was damaged or changed; get it again, or save the model again."


class Member(NamedTuple):
    """A member of an archive.

    Attributes
    ----------
    name : str

    size : int

    checksum : int
        The CRC-32 of its content.

    header : int
        Offset of its header in the file.
    """

    name: str
    size: int
    checksum: int
    header: int

    @property
    def start(self):
        """Offset of its content in the file."""
        return self.header + len(_local_header(self))

    @property
    def stop(self):
        return self.start + self.size


def write_archive(file, members):
    """Write an archive.

    Parameters
    ----------
    file : writable binary object
        Written sequentially.

    members : dict of {str: list of bytes-like}
        The bytes of each member, in pieces.

    Raises
    ------
    CannotSave
        If there are too many members.
    """
    if len(members) > MOST_MEMBERS:
        raise CannotSave(
            f"The model has {len(members)} parts, probably because of many objects of "
            f"your own classes, but a file can have at most {MOST_MEMBERS}. Combine "
            "some objects into one."
        )
    written, place = [], 0
    for name, pieces in members.items():
        checksum = 0
        for piece in pieces:
            checksum = crc32(piece, checksum)
        size = sum(memoryview(piece).nbytes for piece in pieces)
        member = Member(name, size, checksum, place)
        file.write(_local_header(member))
        for piece in pieces:
            file.write(piece)
        written.append(member)
        place = member.stop
    file.write(_directory(written, place))


def read_archive(file):
    """Read the table of members of an archive, and check all bytes outside members.

    Parameters
    ----------
    file : seekable binary object

    Returns
    -------
    members : dict of {str: Member}

    Raises
    ------
    NotAModelFile, TruncatedFile, BadMember, ChecksumError
    """
    n_bytes = file.seek(0, 2)
    file.seek(0)
    start = file.read(len(MAGIC))
    if start != MAGIC[: len(start)] or not start:
        raise NotAModelFile(
            "This is not a file that clf.save(path) wrote. Pass the path of a saved "
            "model."
        )
    n_members, place, length = _read_end(file, n_bytes)
    file.seek(place)
    directory = file.read(length)
    members = _read_directory(directory, n_members)
    _check_names([member.name for member in members])
    stop = 0
    for member in members:
        if member.header != stop:
            raise BadMember(
                f"The part {member.name!r} does not start where the previous part "
                f"ends. {_ADVICE}"
            )
        stop = member.stop
        if stop > place:
            raise BadMember(
                f"The part {member.name!r} claims to be larger than the file. {_ADVICE}"
            )
    if stop != place:
        raise BadMember(f"The file contains bytes that belong to no part. {_ADVICE}")
    for member in members:
        file.seek(member.header)
        expected = _local_header(member)
        if file.read(len(expected)) != expected:
            raise ChecksumError(
                f"The header of the part {member.name!r} is damaged. {_ADVICE}"
            )
    file.seek(place)
    if file.read() != _directory(members, place):
        raise ChecksumError(f"The table of parts is damaged. {_ADVICE}")
    return {member.name: member for member in members}


def read_member(file, member):
    """Return the bytes of a member after its checksum has been verified."""
    file.seek(member.start)
    content = file.read(member.size)
    check_member(member, content)
    return content


def check_member(member, content):
    """Raise a ChecksumError if these are not the bytes of a member."""
    if len(content) != member.size:
        raise TruncatedFile(f"The part {member.name!r} is truncated. {_ADVICE}")
    if crc32(content) != member.checksum:
        raise ChecksumError(
            f"The part {member.name!r} has another checksum than when it was written. "
            f"{_ADVICE}"
        )


def _local_header(member):
    name = member.name.encode()
    fixed = _LOCAL.size + len(name) + 20
    # The field itself takes four bytes, plus two for the alignment.
    padding = -(member.header + fixed + 6) % ALIGNMENT
    extra = struct.pack("<HHQQ", _ZIP64, 16, member.size, member.size)
    extra += struct.pack("<HHH", _PADDING, 2 + padding, ALIGNMENT) + bytes(padding)
    return (
        _LOCAL.pack(
            0x04034B50,
            _VERSION,
            0x800,  # the name is UTF-8
            0,  # stored
            0,
            _DATE,
            member.checksum,
            _MAX32,
            _MAX32,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def _directory(members, place):
    """Return the end of an archive: the table of members, and its position."""
    entries = b"".join(map(_central_header, members))
    count, length = len(members), len(entries)
    end64 = _END64.pack(
        0x06064B50, 44, _VERSION, _VERSION, 0, 0, count, count, length, place
    )
    locator = _LOCATOR.pack(0x07064B50, 0, place + length, 1)
    end = _END.pack(0x06054B50, 0, 0, 0xFFFF, 0xFFFF, _MAX32, _MAX32, 0)
    return entries + end64 + locator + end


def _central_header(member):
    name = member.name.encode()
    extra = struct.pack("<HHQQQ", _ZIP64, 24, member.size, member.size, member.header)
    return (
        _CENTRAL.pack(
            0x02014B50,
            _VERSION,
            _VERSION,
            0x800,
            0,
            0,
            _DATE,
            member.checksum,
            _MAX32,
            _MAX32,
            len(name),
            len(extra),
            0,
            0,
            0,
            0,
            _MAX32,
        )
        + name
        + extra
    )


def _read_end(file, n_bytes):
    """Return the number of members, and the position and length of their table."""
    cut_off = TruncatedFile(
        "The end of the file is missing: it was truncated, or data was appended to it. "
        f"{_ADVICE}"
    )
    if n_bytes < _TAIL:
        raise cut_off
    file.seek(n_bytes - _TAIL)
    tail = file.read(_TAIL)
    end64 = _END64.unpack_from(tail)
    locator = _LOCATOR.unpack_from(tail, _END64.size)
    end = _END.unpack_from(tail, _END64.size + _LOCATOR.size)
    if (end64[0], locator[0], end[0]) != (0x06064B50, 0x07064B50, 0x06054B50):
        raise cut_off
    count, length, place = end64[7:]
    most = MOST_MEMBERS * (_CENTRAL.size + LONGEST_NAME + 28)
    if count > MOST_MEMBERS or length > most:
        raise BadMember(
            f"The file claims to have {count} parts in a table of {length} bytes, but "
            f"at most {MOST_MEMBERS} parts are allowed. {_ADVICE}"
        )
    if place + length + _TAIL != n_bytes:
        raise TruncatedFile(
            f"The file has {n_bytes} bytes, but should have {place + length + _TAIL}. "
            f"{_ADVICE}"
        )
    return count, place, length


def _read_directory(directory, n_members):
    members, place = [], 0
    for _ in range(n_members):
        if place + _CENTRAL.size > len(directory):
            raise BadMember(f"The table of parts is too short. {_ADVICE}")
        fields = _CENTRAL.unpack_from(directory, place)
        checksum, size_of_name = fields[7], fields[10]
        place += _CENTRAL.size
        name, extra = (
            directory[place : place + size_of_name],
            directory[place + size_of_name : place + size_of_name + 28],
        )
        place += size_of_name + 28
        if fields[0] != 0x02014B50 or len(extra) < 28:
            raise BadMember(f"The table of parts is damaged. {_ADVICE}")
        try:
            name = name.decode()
        except UnicodeDecodeError as error:
            raise BadMember(f"The name of a part is not valid. {_ADVICE}") from error
        _, _, size, _, header = struct.unpack("<HHQQQ", extra)
        members.append(Member(name, size, checksum, header))
    return members


def _check_names(found):
    doubled = {name for name in found if found.count(name) > 1}
    if doubled:
        raise BadMember(f"The part(s) {sorted(doubled)} occur twice. {_ADVICE}")
    for name in found:
        parts = name.split("/")
        is_plain = name.isascii() and name.isprintable() and len(name) <= LONGEST_NAME
        if (
            not is_plain
            or "\\" in name
            or ":" in name
            or any(part in ("", ".", "..") for part in parts)
        ):
            raise BadMember(
                f"A part is called {name[:100]!r}, a path outside the archive. "
                f"{_ADVICE}"
            )
