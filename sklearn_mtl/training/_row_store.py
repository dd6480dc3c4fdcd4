"""Rows of numbers by key, in versions that share memory.

A version never changes. The next one differs from it in some rows, and only these are
written; the others are in memory once for all versions.
"""

from threading import Lock

import numpy as np

from ..network._memory import new_table

# Rows that are copied at a time: few enough for the cache.
BLOCK = 512
# Space for further rows, as a multiple of those there are: rows are copied seldom.
SPACE = 8


def in_blocks(keys):
    """Yield consecutive parts of an array of keys."""
    for start in range(0, len(keys), BLOCK):
        yield keys[start : start + BLOCK]


class _Store:
    """The memory of rows, and which of its places are free.

    Parameters
    ----------
    kinds : list of (int, torch.dtype)
        For each table, the number of columns and the type of the numbers.

    n_places : int
    """

    def __init__(self, kinds, n_places):
        self.tables = [new_table(n_places, *kind).numpy() for kind in kinds]
        self.n_used, self._given_up, self._lock = 0, [], Lock()

    def claim(self, n_places, hold):
        """Return places for the version after one, whose hold then keeps its hold.

        Returns None if there are not enough, or if that version has another after it.
        """
        with self._lock:
            if hold.after is not None:
                return None
            parts = []
            while self._given_up:
                parts.append(self._given_up.pop())
            found = np.concatenate([*parts, np.empty(0, dtype=int)])
            stop = self.n_used + max(n_places - len(found), 0)
            is_enough = stop <= len(self.tables[0])
            if is_enough:
                found = np.append(found, np.arange(self.n_used, stop))
                self.n_used, hold.after = stop, _Hold(self)
            self.give_up(found[n_places:] if is_enough else found)
            return found[:n_places] if is_enough else None

    def give_up(self, places):
        """Let rows be written over."""
        # Without the lock, which the thread may hold as garbage is collected.
        self._given_up.append(places)


class _Hold:
    """Keeps the rows of a version from being written over.

    It keeps the hold of the next version. So the places that the next version replaced
    are given up when no version from before it is in use.
    """

    def __init__(self, store):
        self.store, self.after, self.replaced = store, None, None

    def __del__(self):
        if self.replaced is not None:
            self.store.give_up(self.replaced)


class Version:
    """The rows of some of the keys, in one or more tables.

    Parameters
    ----------
    places : ndarray of shape (n_keys,)
        The place of the row of each key; -1 if it has none.

    store : _Store

    kinds : list of (int, torch.dtype)
    """

    def __init__(self, places, store, kinds, hold=None):
        self._places, self._store, self.kinds = places, store, kinds
        self._hold = hold or _Hold(store)

    @classmethod
    def empty(cls, n_keys, kinds):
        """Return a version without rows."""
        return cls(np.full(n_keys, -1), _Store(kinds, 1), kinds)

    @property
    def n_keys(self):
        """Number of keys, with or without a row."""
        return len(self._places)

    @property
    def keys(self):
        """The keys that have a row, in ascending order."""
        return np.flatnonzero(self._places >= 0)

    def has(self, keys):
        """Return whether each of the keys has a row, as an ndarray."""
        return self._places[keys] >= 0

    def take(self, keys, tables=slice(None)):
        """Return the rows of keys in some of the tables, 0 for keys without a row."""
        places = self._places[keys]
        without = np.flatnonzero(places < 0)
        found = [
            np.take(table, places, axis=0, mode="clip")
            for table in self._store.tables[tables]
        ]
        for rows in found:
            rows[without] = 0
        return found

    def plus(self, keys, written):
        """Return a version with other rows of some keys.

        Parameters
        ----------
        keys : ndarray of shape (n,)

        written : callable
            Called with slices of `keys`; returns their rows in each table.
        """
        replaced = self._places[keys]
        new = self._store.claim(len(keys), self._hold)
        if new is None:
            return self.copied(n_more=len(keys)).plus(keys, written)
        places = self._places.copy()
        places[keys] = new
        for start in range(0, len(keys), BLOCK):
            own = slice(start, start + BLOCK)
            for table, rows in zip(self._store.tables, written(own), strict=True):
                table[new[own]] = rows
        self._hold.replaced = replaced[replaced >= 0]
        return Version(places, self._store, self.kinds, self._hold.after)

    def copied(self, *, n_more=0, factors=None):
        """Return the same rows in memory of its own, perhaps multiplied.

        Parameters
        ----------
        n_more : int, default=0
            Number of rows that there is space for.

        factors : list of float, default=None
            For each table.
        """
        keys = self.keys
        # Space for replaced rows too. Memory that is not written yet costs nothing.
        n_places = min(self.n_keys, SPACE * (len(keys) + n_more)) + 2 * n_more + 1
        store = _Store(self.kinds, n_places)
        places = np.full(self.n_keys, -1)
        places[keys] = np.arange(len(keys))
        factors = factors or [1.0] * len(self.kinds)
        for own in in_blocks(keys):
            parts = self.take(own), store.tables, factors
            for rows, table, factor in zip(*parts, strict=True):
                np.multiply(rows, factor, out=table[places[own[0]] :][: len(own)])
        store.n_used = len(keys)
        return Version(places, store, self.kinds)

    def __getstate__(self):
        keys = self.keys
        rows = self.take(keys)
        return {"n_keys": self.n_keys, "keys": keys, "rows": rows, "kinds": self.kinds}

    def __setstate__(self, state):
        keys, rows = state["keys"], state["rows"]
        empty = Version.empty(state["n_keys"], state["kinds"])
        filled = empty.plus(keys, lambda own: [part[own] for part in rows])
        self.__dict__.update(vars(filled))
