"""Cut concatenated ASCII texts into words and code these, using arrays, not strings.

A word of up to eight characters fits a 64-bit integer. A hash table of such integers,
stored in arrays, returns the codes of all words of a chunk of text at once. Unknown and
longer words are looked up in a dict of strings.
"""

import numpy as np

SHORT = 8  # characters per integer
PADDING = bytes(SHORT)
# Masks for the eight bytes from the start of a word, by the length of the word.
MASKS = np.array([(1 << 8 * size) - 1 for size in range(SHORT + 1)], dtype=np.uint64)

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, with well-mixed bits
ABSENT = np.iinfo(np.int32).min


def translation(is_part, lowercase):
    """Return a table for `bytes.translate` that sets separators to zero.

    Parameters
    ----------
    is_part : callable
        Whether a character is part of a word.

    lowercase : bool
    """
    parts = [
        chr(byte) if byte < 128 and is_part(chr(byte)) else "\0" for byte in range(256)
    ]
    return "".join(parts).lower().encode() if lowercase else "".join(parts).encode()


class PackedReader:
    """Finds the codes of the words of ASCII texts.

    Parameters
    ----------
    table : bytes
        Result of `translation`.

    shortest : int
        Length of the shortest word; shorter words are left out.

    codes : callable
        Takes a list of words and returns an array of their codes. The codes of short
        words are cached.
    """

    def __init__(self, table, shortest, codes):
        self._table = table
        self._shortest = shortest
        self._codes = codes
        self._short = HashTable(lambda packed: codes(_unpack(packed)))

    def __call__(self, texts):
        """Return the codes of all words, and the number of words in each text."""
        joined = " ".join(texts).encode("ascii").translate(self._table)
        starts, sizes = self._find_words(joined)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = np.searchsorted(starts, np.cumsum(lengths + 1))

        windows = np.ndarray(len(joined), "<u8", joined + PADDING, strides=(1,))
        packed = windows[starts] & MASKS[np.minimum(sizes, SHORT)]
        is_long = sizes > SHORT
        coded = np.empty(len(starts), dtype=np.int32)
        coded[~is_long] = self._short(packed[~is_long])
        starts, stops = starts[is_long].tolist(), (starts + sizes)[is_long].tolist()
        text = joined.decode("ascii")
        words = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
        coded[is_long] = self._codes(words)
        return coded, np.diff(ends, prepend=0)

    def _find_words(self, joined):
        is_part = np.zeros(len(joined) + 2, dtype=bool)
        np.not_equal(np.frombuffer(joined, np.uint8), 0, out=is_part[1:-1])
        edges = np.flatnonzero(is_part[1:] != is_part[:-1])
        starts, sizes = edges[::2], edges[1::2] - edges[::2]
        if self._shortest > 1:
            kept = sizes >= self._shortest
            starts, sizes = starts[kept], sizes[kept]
        return starts, sizes


def _unpack(packed):
    return packed.astype("<u8").view("S8").astype(str).tolist()


class HashTable:
    """Caches a value for each of many positive integers.

    Parameters
    ----------
    compute : callable
        Takes an array of keys and returns their values, 32-bit integers.
    """

    def __init__(self, compute):
        self._compute = compute
        self._clear(bits=14)

    def __call__(self, keys):
        """Return the values of keys, and compute those of new keys."""
        values = self._find(keys)
        absent = np.flatnonzero(values == ABSENT)
        if len(absent):
            new_keys, inverse = np.unique(keys[absent], return_inverse=True)
            new_values = self._compute(new_keys)
            self._insert(new_keys, new_values)
            values[absent] = new_values[inverse]
        return values

    def _clear(self, bits):
        self._shift = np.uint64(64 - bits)
        self._last_slot = (1 << bits) - 1
        self._n_keys = 0
        self._keys = np.zeros(1 << bits, dtype=np.uint64)
        self._values = np.full(1 << bits, ABSENT, dtype=np.int32)

    def _slots(self, keys):
        return ((keys * MULTIPLIER) >> self._shift).astype(np.intp)

    def _find(self, keys):
        slots = self._slots(keys)
        values = self._values[slots]
        # Linear probing: an empty slot means that the key is absent.
        wrong = np.flatnonzero((self._keys[slots] != keys) & (values != ABSENT))
        while len(wrong):
            slots[wrong] = (slots[wrong] + 1) & self._last_slot
            there = slots[wrong]
            values[wrong] = self._values[there]
            is_wrong = (self._keys[there] != keys[wrong]) & (values[wrong] != ABSENT)
            wrong = wrong[is_wrong]
        return values

    def _insert(self, keys, values):
        self._grow(self._n_keys + len(keys))
        self._n_keys += len(keys)
        slots = self._slots(keys)
        while len(keys):
            free = self._keys[slots] == 0
            self._keys[slots[free]] = keys[free]
            # If several keys were written to a slot, the last one is stored.
            seated = self._keys[slots] == keys
            self._values[slots[seated]] = values[seated]
            keys, values, slots = keys[~seated], values[~seated], slots[~seated]
            slots = (slots + 1) & self._last_slot

    def _grow(self, n_keys):
        if 4 * n_keys <= len(self._keys):
            return
        used = self._keys != 0
        keys, values = self._keys[used], self._values[used]
        self._clear(bits=(8 * n_keys).bit_length())
        self._insert(keys, values)
