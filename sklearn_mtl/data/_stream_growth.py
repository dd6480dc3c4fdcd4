"""Classes that come later in a stream: targets, and sums over earlier chunks."""

import numpy as np
from scipy.sparse import csr_array

from ..answers._layout import CodeLayout
from ._growth import grown


def grown_targets(targets, table, task_types, declared):
    """Return targets that also have the classes of a chunk, and declared classes.

    Parameters
    ----------
    targets : Targets

    table : LabelTable
        With the tasks of the targets.

    task_types : dict of {str: str or TaskType} or None

    declared : dict of {str: ndarray}
        Classes of tasks, whether known or not.

    Returns
    -------
    targets : Targets
        The same object if no class is new.

    Raises
    ------
    ValueError
        If the type of a task cannot have the new classes.
    """
    fresh = grown(targets, table, task_types, declared)
    pairs = zip(targets.tasks, fresh.tasks, strict=True)
    return targets if all(old is new for old, new in pairs) else fresh


def class_map(tasks, fresh):
    """Return where the cells of classes count after some tasks have got classes.

    A label that cells did not hold yet counts as absent from them.

    Parameters
    ----------
    tasks, fresh : list of TaskType
        The same tasks, before and after.

    Returns
    -------
    places : csr_array of shape (n_after, n_before)
        Its product with the counts of the classes of all codes are those afterwards.
    """
    befores, afters = CodeLayout(tasks), CodeLayout(fresh)
    first, last = (np.cumsum([0, *own.sizes]) for own in (befores, afters))
    pairs = []
    for k, (old, new) in enumerate(zip(tasks, fresh, strict=True)):
        code, start = befores.starts[k], afters.starts[k]
        known = old.classes_.tolist()
        for number, label in enumerate(new.classes_.tolist()):
            if not new.is_multilabel:
                if label in known:
                    before = first[code] + known.index(label)
                    pairs.append((last[start] + number, before))
                continue
            before = first[code + (known.index(label) if label in known else 0)]
            after = last[start + number]
            if label in known:
                pairs += [(after, before), (after + 1, before + 1)]
            elif known:
                pairs += [(after, before), (after, before + 1)]
    to, of = np.array(pairs, dtype=int).reshape(-1, 2).T
    return csr_array((np.ones(len(to)), (to, of)), shape=(last[-1], first[-1]))


def recoded(codes, tasks, fresh):
    """Return the codes of earlier cells after some tasks have got classes.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_codes)

    tasks, fresh : list of TaskType
    """
    befores, parts = CodeLayout(tasks), []
    for k, (old, new) in enumerate(zip(tasks, fresh, strict=True)):
        own, known = befores.table_of_task(codes, k), old.classes_.tolist()
        if old is new:
            parts.append(own)
        elif new.is_multilabel:
            is_there = own.max(axis=1, initial=-1, keepdims=True) >= 0
            absent = np.where(is_there, 0, -1)
            parts += [
                own[:, [known.index(label)]] if label in known else absent
                for label in new.classes_.tolist()
            ]
        else:
            classes = new.classes_.tolist()
            places = np.array([classes.index(label) for label in known] + [-1])
            parts.append(places[own])
    return np.hstack(parts).astype(codes.dtype)
