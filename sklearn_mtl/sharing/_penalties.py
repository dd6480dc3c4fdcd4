"""What keeps the shared vector free of the tasks, and the private ones free of it."""

from math import log

import torch


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs):
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


def reverse_gradient(inputs):
    """Return a tensor as it is, whose gradient goes back with the other sign.

    Descent behind it is ascent before it (Ganin and Lempitsky 2015).
    """
    return _Reversed.apply(inputs)


def task_entropy(scores, weights):
    r"""Return how badly scores tell which tasks rows are labelled for.

    .. math::

        \frac{1}{n} \sum_i \Big(1 - \frac{\log m_i}{\log T}\Big)
        \frac{1}{m_i} \sum_{t \in L_i} -w_{it} \log \operatorname{softmax}(s_i)_t

    It is the cross-entropy against the uniform distribution over the :math:`m_i` tasks
    :math:`L_i` that row *i* is labelled for, times the share of the uncertainty about
    the task that these labels take away: 1 for a row with a label of one task, and 0
    for one with labels of all *T*. Without this factor such a row, which says nothing
    of the task, would still have a gradient: towards even scores, and once that is
    reversed, away from them.

    Parameters
    ----------
    scores : tensor of shape (n_rows, n_tasks)

    weights : tensor of shape (n_rows, n_tasks)
        Of the cells, 0 for a missing one.

    Returns
    -------
    loss : tensor of shape ()
    """
    n_tasks = weights.shape[1]
    counts = (weights > 0).sum(1).clamp(min=1)
    told = (1 - counts.log() / log(n_tasks)) / counts
    # Where all tasks are labelled, the logarithms may differ in the last digit.
    told = told.masked_fill(counts == n_tasks, 0).to(scores)
    return -((weights * scores.log_softmax(1)).sum(1) @ told) / len(weights)


def overlap(shared, private, weights):
    r"""Return how far two hidden vectors of some rows say the same, from 0 to 1.

    .. math::

        \Big\| \frac{1}{w} \sum_i w_i\,\bar s_i\,\bar p_i^\top \Big\|_F^2, \qquad
        \bar h = \frac{h}{\sqrt{1 + \|h\|^2}}, \qquad w = \sum_i w_i

    It is the squared Frobenius norm of :math:`S^\top P`, which is 0 where each unit of
    the one is orthogonal to each of the other. Two things keep its gradient in bounds.
    It is of means over rows, for that of sums would grow with their number. And vectors
    are no longer than 1, for that of long ones would grow with the cube of their length
    and make plain descent diverge.

    Parameters
    ----------
    shared, private : tensors of shape (n_rows, n_units) and (n_rows, n_private_units)

    weights : tensor of shape (n_rows,)
        Positive.

    Returns
    -------
    penalty : tensor of shape ()
    """
    share = (weights / weights.sum()).unsqueeze(1)
    return (_within_unit(shared).t() @ (share * _within_unit(private))).square().sum()


def _within_unit(hidden):
    return hidden * (1 + hidden.square().sum(1, keepdim=True)).rsqrt()
