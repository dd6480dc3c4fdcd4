"""Probabilities and decisions of tasks that depend on others, against all rows."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.answers._types import CategoricalAnswers, MultiLabelAnswers
from sklearn_mtl.decisions._forest import Forest
from sklearn_mtl.decisions._known import possible_labels
from sklearn_mtl.labels._links import Link


def tasks_of(sizes, several=()):
    tasks = []
    for k, size in enumerate(sizes):
        task = MultiLabelAnswers() if k in several else CategoricalAnswers()
        task.classes_ = np.arange(size)
        tasks.append(task)
    return tasks


def forest(seed, n_rows=6):
    """Return a random forest of five tasks, and random scores."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 4, size=5)
    links = []
    for k in range(1, 5):
        if rng.random() < 0.8:
            parent = int(rng.integers(k))
            allowed = rng.random((sizes[parent], sizes[k])) < 0.6
            allowed[0, rng.integers(sizes[k])] = True  # at least one label
            links.append(Link(k, parent, allowed))
    scores = [rng.dirichlet(np.full(size, 0.5), size=n_rows) for size in sizes]
    return Forest(tasks_of(sizes), links), scores


def everything(scores):
    return [np.ones(own.shape, dtype=bool) for own in scores]


def all_rows(found):
    """Yield all rows that do not contradict; None is an empty cell."""
    above = {link.child: link for link in found.links}
    values = [
        [*range(len(task.classes_)), *([None] if k in above else [])]
        for k, task in enumerate(found.tasks)
    ]
    for row in product(*values):
        for k, parent, allowed in found.links:
            has = row[parent] is not None and allowed[row[parent]].any()
            if has != (row[k] is not None) or (
                has and not allowed[row[parent], row[k]]
            ):
                break
        else:
            yield row


def as_rows(codes, blank):
    table = np.column_stack(codes).astype(object)
    table[blank] = None
    return list(map(tuple, table.tolist()))


@pytest.mark.parametrize("seed", range(25))
def test_the_best_of_all_rows_with_the_same_labelled_tasks(seed):
    found, scores = forest(seed)
    parents = {link.parent for link in found.links}
    every = list(all_rows(found))
    for n, row in enumerate(as_rows(*found.decide(scores, everything(scores)))):
        assert row in every
        value = {
            other: sum(
                np.log(scores[k][n, code]) / (2 if k in parents else 1)
                for k, code in enumerate(other)
                if code is not None
            )
            for other in every
            if [code is None for code in other] == [code is None for code in row]
        }
        assert value[row] == pytest.approx(max(value.values()))


def random_labels(found, seed):
    """Return for each task which labels are possible in one of all rows."""
    rng = np.random.default_rng(seed)
    every = list(all_rows(found))
    row = every[rng.integers(len(every))]
    possible = [np.ones((6, len(task.classes_)), dtype=bool) for task in found.tasks]
    for own, code in zip(possible, row, strict=True):
        if code is not None and rng.random() < 0.3:
            own[:] = np.arange(own.shape[1]) == code
    return possible


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("some_are_known", [False, True])
def test_marginals_are_sums_over_all_rows(seed, some_are_known):
    found, scores = forest(seed)
    pooled = found.pooled(scores)
    above = {link.child: link for link in found.links}
    possible = everything(scores)
    if some_are_known:
        possible = random_labels(found, seed)
    wanted, total = [np.zeros_like(own) for own in scores], 0
    for row in all_rows(found):
        joint = np.ones(len(scores[0]))
        for k, code in enumerate(row):
            if code is None:
                joint *= possible[k].all(axis=1)
                continue
            own = pooled[k]
            if k in above:
                own = own * above[k].allowed[row[above[k].parent]]
            joint *= own[:, code] / own.sum(axis=1) * possible[k][:, code]
        total = total + joint
        for k, code in enumerate(row):
            if code is not None:
                wanted[k][:, code] += joint
    names = [f"task{k}" for k in range(len(scores))]
    known = {
        n: np.where(m.all(1), None, m.argmax(1))
        for n, m in zip(names, possible, strict=True)
    }
    if some_are_known:
        targets = SimpleNamespace(names=names, tasks=found.tasks)
        possible = possible_labels(known, targets, found.links, len(total))
    for own, other in zip(found.marginals(scores, possible), wanted, strict=True):
        assert_allclose(own, other / total[:, None], atol=1e-12)


def test_parents_and_children_are_averaged_geometrically():
    allowed = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
    found = Forest(tasks_of([2, 4]), [Link(1, 0, allowed)])
    scores = [np.array([[0.8, 0.2]]), np.array([[0.1, 0.3, 0.4, 0.2]])]
    own = np.sqrt([0.8 * 0.4, 0.2 * 0.6])
    own /= own.sum()
    parent, child = found.marginals(scores, everything(scores))
    assert_allclose(parent[0], own)
    given = np.array([1 / 4, 3 / 4, 2 / 3, 1 / 3])
    assert_allclose(child[0], np.repeat(own, 2) * given)


def test_a_child_does_not_say_whether_it_has_a_label():
    allowed = np.array([[0, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    found = Forest(tasks_of([3, 3]), [Link(1, 0, allowed)])
    scores = [np.array([[0.5, 0.3, 0.2]]), np.array([[0.1, 0.1, 0.8]])]
    parent, child = found.marginals(scores, everything(scores))
    assert parent[0, 0] == pytest.approx(0.5)
    assert parent[0, 2] > 0.2
    assert child.sum() == pytest.approx(0.5)


@pytest.mark.parametrize("rows", [[[1, 1], [1, 1]], [[0, 0], [1, 1]]])
def test_a_child_whose_labels_are_the_same_everywhere_says_nothing(rows):
    found = Forest(tasks_of([2, 2]), [Link(1, 0, np.array(rows, dtype=bool))])
    scores = [np.array([[0.9, 0.1]]), np.array([[0.3, 0.7]])]
    assert_allclose(found.marginals(scores, everything(scores))[0], scores[0])


def test_tasks_that_do_not_depend_on_others_are_left_alone():
    found, scores = forest(3)
    free = Forest(found.tasks, [])
    codes, blank = free.decide(scores, everything(scores))
    assert not blank.any()
    for own, code, plain in zip(
        scores, codes, free.marginals(scores, everything(scores)), strict=True
    ):
        assert_array_equal(code, own.argmax(axis=1))
        assert_allclose(plain, own)


def test_rows_that_do_not_contradict_are_left_alone():
    for seed in range(10):
        found, scores = forest(seed)
        row = next(iter(all_rows(found)))
        for own, code in zip(scores, row, strict=True):
            own[:] = 0.1
            own[:, 0 if code is None else code] = 5
            own /= own.sum(axis=1, keepdims=True)
        assert as_rows(*found.decide(scores, everything(scores))) == [row] * len(
            scores[0]
        )


def test_several_labels_follow_their_parent():
    allowed = np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=bool)
    found = Forest(tasks_of([3, 3], several=[1]), [Link(1, 0, allowed)])
    parent = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]])
    scores = [parent, np.ones((3, 3))]
    codes, blank = found.decide(scores, everything(scores))
    assert_array_equal(blank[:, 1], [True, False, False])
    assert_array_equal(codes[1], allowed)
    scores = [parent, np.full((3, 3), 0.5)]
    own, several = found.marginals(scores, everything(scores))
    assert_allclose(own, parent)
    assert_allclose(several, 0.5 * parent @ allowed)
    free = Forest(tasks_of([3, 3], several=[1]), [])
    scores = [parent, np.eye(3)]
    assert_array_equal(free.decide(scores, everything(scores))[0][1], np.eye(3))


def test_labels_that_are_not_possible_are_not_chosen():
    allowed = np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)
    found = Forest(tasks_of([2, 3]), [Link(1, 0, allowed)])
    scores = [np.array([[1.0, 0.0]]), np.array([[0.5, 0.5, 0.0]])]
    possible = [np.array([[False, True]]), np.ones((1, 3), dtype=bool)]
    codes, _ = found.decide(scores, possible)
    assert [own.tolist() for own in codes] == [[1], [2]]
    parent, child = found.marginals(scores, possible)
    assert_allclose(parent, [[0, 1]])
    assert_allclose(child, [[0, 0, 1]])


@pytest.mark.parametrize("seed", range(10))
def test_decisions_keep_known_labels(seed):
    found, scores = forest(seed)
    possible = random_labels(found, seed)
    names = [f"task{k}" for k in range(len(scores))]
    known = dict(
        zip(
            names,
            [np.where(m.all(1), None, m.argmax(1)) for m in possible],
            strict=True,
        )
    )
    targets = SimpleNamespace(names=names, tasks=found.tasks)
    every = set(all_rows(found))
    rows = as_rows(
        *found.decide(scores, possible_labels(known, targets, found.links, 6))
    )
    for row in rows:
        assert row in every
        for code, own in zip(row, known.values(), strict=True):
            assert own[0] in (None, code)
