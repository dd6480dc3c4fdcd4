"""Losses, penalties and gradients of a step that several processes take together.

Each process has computed its part of the rows of a batch. Gradients of dense weights
are added up. For the tables of input layers each process sends its products (see
``network._descent``): the gradient at the output of a layer is much smaller than that
of the table, and its rows are those of the batch.
"""

import torch

from ..distributed._parts import current_part, sum_of_parts
from ..distributed._ranks import add_up, gathered
from ..network._batch import Cells, SparseBatch
from ..network._descent import Product
from ..network._input import optim_groups


def cut(rows, cells, start, stop):
    """Return the rows from `start` to `stop` of a batch, and their cells."""
    cells = Cells(*(table[start:stop] for table in cells))
    if isinstance(rows, SparseBatch):
        return rows.cut(start, stop), cells
    return rows[start:stop], cells


def add_parts(sums, output):
    """Add up losses and penalties over the parts of a batch.

    Parameters
    ----------
    sums : tensor of shape (n_tasks,)
        Losses, summed over the rows of this part.

    output : Output

    Returns
    -------
    sums : tensor of shape (n_tasks,)
        Summed over all rows. Only this part has a gradient.

    output : Output
        Its penalties are the means of those of the parts, by their number of rows.
    """
    part = current_part()
    if part is None:
        return sums, output
    penalties = {n: part.share * own for n, own in output.penalties.items()}
    own = [sums, *(penalty.to(sums).view(1) for penalty in penalties.values())]
    total = sum_of_parts(torch.cat(own))
    values = total[len(sums) :]
    penalties = dict(zip(penalties, values, strict=True))
    return total[: len(sums)], output._replace(penalties=penalties)


def exchange_gradients(network, objective):
    """Replace the gradients of this part of a batch with those of all its rows.

    Parameters
    ----------
    network, objective : torch.nn.Module
        Gradients of the balancer stay as they are: it has seen the losses of all rows.
    """
    if current_part() is None:
        return
    tables = [w for group in optim_groups(network).values() for w in group]
    tables = [weight for weight in tables if weight.requires_grad]
    apart = {id(w) for w in [*tables, *objective.balancing.parameters()]}
    others = [*network.parameters(), *objective.parameters()]
    others = [w for w in others if w.requires_grad and id(w) not in apart]
    for dtype in dict.fromkeys(weight.dtype for weight in others):
        _add_dense([weight for weight in others if weight.dtype == dtype])
    if tables:
        _join_sparse(tables)


@torch.no_grad()
def _add_dense(weights):
    """Add up the gradients of dense weights, in one exchange."""
    is_there = weights[0].new_tensor([weight.grad is not None for weight in weights])
    own = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
    total = add_up(torch.cat([is_there, *(grad.flatten() for grad in own)]))
    sizes = [weight.numel() for weight in weights]
    is_there, *summed = total.split([len(weights), *sizes])
    for weight, n_parts, gradient in zip(weights, is_there, summed, strict=True):
        # A weight that no part used has no gradient: a step must leave it as it is.
        weight.grad = gradient.view_as(weight) if n_parts else None


def _join_sparse(tables):
    """Gather the products, or the sparse gradients, of all processes."""
    sent = [(_packed_products(w), _packed_gradient(w)) for w in tables]
    found = gathered(sent)
    own_rank = current_part().rank
    for k, weight in enumerate(tables):
        pending = getattr(weight, "pending", None)
        if pending is not None:
            # In the order of the rows of the batch, as in one process.
            parts = [
                pending.products if rank == own_rank else _products(each[k][0])
                for rank, each in enumerate(found)
            ]
            pending.products = [product for part in parts for product in part]
        weight.grad = _joined([each[k][1] for each in found], weight)


def _packed_products(weight):
    pending = getattr(weight, "pending", None)
    products = [] if pending is None else pending.products
    return [
        tuple(part.numpy() for part in (*_arrays(own.rows), own.slopes))
        for own in products
    ]


def _arrays(batch):
    return batch.indices, batch.offsets, batch.values


def _products(packed):
    return [
        Product(SparseBatch.from_arrays(*arrays), torch.from_numpy(slopes), None)
        for *arrays, slopes in packed
    ]


def _packed_gradient(weight):
    if weight.grad is None:
        return None
    gradient = weight.grad.coalesce()
    return gradient.indices()[0].cpu().numpy(), gradient.values().cpu().numpy()


def _joined(packed, weight):
    """Return the sum of packed gradients; None if there is none."""
    packed = [each for each in packed if each is not None]
    if not packed:
        return None
    features, values = (
        torch.cat([torch.from_numpy(each[k]) for each in packed]).to(weight.device)
        for k in range(2)
    )
    total = torch.sparse_coo_tensor(features.unsqueeze(0), values, weight.shape)
    return total.coalesce()
