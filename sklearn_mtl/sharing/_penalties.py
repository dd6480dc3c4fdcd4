"""The adversarial and the orthogonality penalty."""

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
    """Return a tensor unchanged; backward reverses the sign of its gradient.

    Layers before it ascend on the loss that layers after it descend on (Ganin and
    Lempitsky 2015).
    """
    return _Reversed.apply(inputs)


def task_entropy(scores, weights):
    r"""Return the cross-entropy of a discriminator that predicts the tasks of rows.

    .. math::

        \frac{1}{n} \sum_i \Big(1 - \frac{\log m_i}{\log T}\Big)
        \frac{1}{m_i} \sum_{t \in L_i} -w_{it} \log \operatorname{softmax}(s_i)_t

    The target is the uniform distribution over the :math:`m_i` tasks :math:`L_i` that
    row *i* is labelled for. The factor is the share of the uncertainty about the task
    that these labels remove: 1 for a label of one task, 0 for labels of all *T* tasks.
    Without it, rows labelled for all tasks would pull the scores towards uniform ones
    and, because the gradient is reversed, push the trunk away from them.

    Parameters
    ----------
    scores : tensor of shape (n_rows, n_tasks)

    weights : tensor of shape (n_rows, n_tasks)
        Weights of cells, 0 where a cell is missing.

    Returns
    -------
    loss : tensor of shape ()
    """
    n_tasks = weights.shape[1]
    counts = (weights > 0).sum(1).clamp(min=1)
    informative = (1 - counts.log() / log(n_tasks)) / counts
    # Exactly 0 if all tasks are labelled, despite rounding.
    informative = informative.masked_fill(counts == n_tasks, 0).to(scores)
    return -((weights * scores.log_softmax(1)).sum(1) @ informative) / len(weights)


def overlap(shared, private, weights):
    r"""Return the overlap of two hidden vectors, from 0 to 1.

    .. math::

        \Big\| \frac{1}{w} \sum_i w_i\,\bar s_i\,\bar p_i^\top \Big\|_F^2, \qquad
        \bar h = \frac{h}{\sqrt{1 + \|h\|^2}}, \qquad w = \sum_i w_i

    It is the squared Frobenius norm of :math:`S^\top P`, which is 0 if each unit of one
    vector is orthogonal to each unit of the other. Two changes keep the gradient
    bounded. Means over rows replace sums, whose gradient grows with the batch size.
    Vectors are scaled to a length of at most 1; otherwise the gradient grows with the
    cube of their length and plain gradient descent diverges.

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
