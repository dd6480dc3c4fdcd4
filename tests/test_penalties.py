"""Reversed gradients, the entropy of tasks, and the overlap of two hidden vectors."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from sklearn_mtl.sharing._penalties import overlap, reverse_gradient, task_entropy

torch.manual_seed(0)
SCORES = torch.randn(6, 4).double()
SINGLE = torch.tensor([0, 3, 1, 1, 2, 0])  # the task of each row
SHARED, PRIVATE = torch.rand(6, 5).double(), torch.randn(6, 3).double()
WEIGHTS = torch.rand(6).double() + 0.1


def labelled(*tasks):
    """Return the weights of cells, 1 where a row is labelled for a task."""
    weights = torch.zeros(len(tasks), 4).double()
    for row, own in zip(weights, tasks, strict=True):
        row[own] = 1
    return weights


def test_a_reversed_gradient_has_the_other_sign_and_the_same_size():
    inputs = torch.randn(3, 2, requires_grad=True)
    outputs = reverse_gradient(inputs)
    assert torch.equal(outputs, inputs)
    gradient = torch.randn(3, 2)
    outputs.backward(gradient)
    assert torch.equal(inputs.grad, -gradient)


def test_rows_of_one_task_have_the_usual_cross_entropy():
    weights = labelled(*SINGLE.tolist())
    torch.testing.assert_close(
        task_entropy(SCORES, weights), cross_entropy(SCORES, SINGLE)
    )
    by_row = cross_entropy(SCORES, SINGLE, reduction="none")
    torch.testing.assert_close(
        task_entropy(SCORES, weights * WEIGHTS.unsqueeze(1)), by_row @ WEIGHTS / 6
    )


def test_rows_of_several_tasks_should_look_like_any_of_them():
    weights = labelled([0, 2], [1, 2, 3])
    share = 1 - np.log([2, 3]) / np.log(4)
    p = -SCORES[:2].log_softmax(1)
    expected = share[0] * (p[0, 0] + p[0, 2]) / 2 + share[1] * p[1, 1:].mean()
    torch.testing.assert_close(task_entropy(SCORES[:2], weights), expected / 2)
    even = torch.zeros(1, 4).double()
    assert task_entropy(even, labelled([0, 2])).item() == pytest.approx(np.log(4) / 2)


def test_rows_of_all_tasks_have_no_gradient():
    for n_tasks in range(2, 60):
        scores = torch.randn(5, n_tasks, requires_grad=True)
        loss = task_entropy(scores, torch.rand(5, n_tasks) + 0.1)
        loss.backward()
        assert loss == 0
        assert not scores.grad.any()


def test_rows_without_a_label_count_for_nothing():
    scores = SCORES.clone().requires_grad_()
    task_entropy(scores, labelled(0, [], 1, [], 2, [])).backward()
    assert scores.grad.abs().sum(1).gt(0).tolist() == [True, False] * 3


def test_a_weight_of_two_is_a_row_twice():
    twice = [0, 1, 1, 2, 3, 4, 5]
    weights = labelled([0, 1], [2], [0], [3], [1, 2, 3], [0])
    heavy = weights.clone()
    heavy[1] *= 2
    torch.testing.assert_close(
        task_entropy(SCORES, heavy) * 6,
        task_entropy(SCORES[twice], weights[twice]) * 7,
    )
    heavy = WEIGHTS.clone()
    heavy[1] *= 2
    torch.testing.assert_close(
        overlap(SHARED, PRIVATE, heavy),
        overlap(SHARED[twice], PRIVATE[twice], WEIGHTS[twice]),
    )


def test_overlap_is_the_norm_of_the_formula():
    s, p = (
        h / np.sqrt(1 + np.sum(h**2, axis=1, keepdims=True))
        for h in (SHARED.numpy(), PRIVATE.numpy())
    )
    product = (s * WEIGHTS.numpy()[:, None]).T @ p / WEIGHTS.numpy().sum()
    expected = np.linalg.norm(product, "fro") ** 2
    assert overlap(SHARED, PRIVATE, WEIGHTS).item() == pytest.approx(expected)


def test_orthogonal_vectors_do_not_overlap():
    basis = torch.linalg.qr(torch.randn(6, 6).double())[0]
    # Each row of the same length, so that bringing it to less than 1 changes no angle.
    shared = torch.stack([torch.ones(4), torch.tensor([1.0, -1, 1, -1])], 1).double()
    private = torch.stack([torch.tensor([1.0, 1, -1, -1])], 1).double()
    ones = torch.ones(4).double()
    assert overlap(shared, private, ones).item() == pytest.approx(0, abs=1e-30)
    assert overlap(shared, shared[:, :1], ones) > 0.1
    # Units that are never active together are orthogonal whatever their size.
    first, second = basis.clone(), basis.clone()
    first[3:], second[:3] = 0, 0
    assert overlap(first, second, torch.ones(6).double()) == 0


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6])
def test_overlap_and_its_gradient_stay_in_bounds(size):
    shared = (size * SHARED).requires_grad_()
    private = (size * PRIVATE).requires_grad_()
    found = overlap(shared, private, WEIGHTS)
    found.backward()
    assert 0 < found <= 1
    for hidden in (shared, private):
        assert hidden.grad.norm(dim=1).sum() <= 2


def test_overlap_does_not_grow_with_the_batch():
    many = [*range(6)] * 50
    torch.testing.assert_close(
        overlap(SHARED[many], PRIVATE[many], WEIGHTS[many]),
        overlap(SHARED, PRIVATE, WEIGHTS),
    )


def test_overlap_of_two_rows_by_hand():
    shared = torch.tensor([[3.0**0.5], [1.0]], dtype=torch.double)
    private = torch.tensor([[1.0], [-(3.0**0.5)]], dtype=torch.double)
    # Brought to lengths of sqrt(3) / 2 and 1 / sqrt(2), and weighed by 3 / 4 and 1 / 4.
    half, third = 0.5**0.5, 0.75**0.5
    expected = (0.75 * third * half - 0.25 * half * third) ** 2
    found = overlap(shared, private, torch.tensor([3.0, 1.0], dtype=torch.double))
    assert found.item() == pytest.approx(expected)


def test_entropy_of_two_rows_by_hand():
    scores = torch.log(torch.tensor([[2.0, 1.0, 1.0], [1.0, 1.0, 2.0]]).double())
    weights = torch.tensor([[1.0, 0.0, 0.0], [3.0, 0.0, 1.0]]).double()
    # The first row is of one task; the second of two out of three.
    first = -np.log(0.5)
    told = 1 - np.log(2) / np.log(3)
    second = told / 2 * -(3 * np.log(0.25) + np.log(0.5))
    found = task_entropy(scores, weights).item()
    assert found == pytest.approx((first + second) / 2)
