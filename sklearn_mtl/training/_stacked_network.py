"""Several networks as one: stacked weights, one forward pass, all losses."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ..network._batch import SparseBatch
from ..network._input import optim_groups, sparse_product
from ..network._output import Output
from ..tasks import Categorical

# The cost of reading a row again, in columns of a table.
READING = 48


def find_blocks(labelled, n_logits, n_units):
    """Group tasks that are labelled in about the same rows into blocks.

    Parameters
    ----------
    labelled : bool ndarray of shape (n_rows, n_tasks)

    n_logits : list of int

    n_units : int
        Of the trunk.

    Returns
    -------
    blocks : list of list of int
        The tasks of each block. The first block, which may be empty, reads all rows, as
        the trunk does.
    """
    blocks = [([], np.ones(len(labelled), dtype=bool), n_units)]

    def cost(block):
        return block[1].sum() * (block[2] + READING)

    for task, width in enumerate(n_logits):
        own = [task], labelled[:, task], width
        joint = [(b[0] + own[0], b[1] | own[1], b[2] + width) for b in blocks]
        rises = [cost(j) - cost(b) for j, b in zip(joint, blocks, strict=True)]
        best = int(np.argmin(rises))
        if rises[best] <= cost(own):
            blocks[best] = joint[best]
        else:
            blocks.append(own)
    return [tasks for tasks, _, _ in blocks]


class Part(NamedTuple):
    """The part of a batch that a block of tasks reads.

    Attributes
    ----------
    rows : tensor of shape (n_own,) or None
        Rows with a label for the block; None is all.

    batch : SparseBatch or None
        These rows; None where they are not read.

    codes, weights : tensor of shape (n_nets * n_own, n_tasks)
        Cells of the block's tasks, repeated for each net.
    """

    rows: torch.Tensor | None
    batch: SparseBatch | None
    codes: torch.Tensor
    weights: torch.Tensor


class StackedBatch(list):
    """The parts of a batch, one for each block; ``len`` is the rows of the batch."""

    def __init__(self, n_rows, parts):
        super().__init__(parts)
        self.n_rows = n_rows

    def __len__(self):
        return self.n_rows


class StackedNetwork:
    """The networks of several nets, with one operation for all of them.

    Dense weights are stacked. The input weights of all nets are columns of one table
    per block, so that the weights of a feature are read and written in one go. Input
    weights are moved out of the nets until `hand_back` returns them.

    Parameters
    ----------
    nets : list of MultiTaskNet
        All with a bag trunk, and all with or all without private paths.

    blocks : list of list of int
        Tasks in blocks, see :func:`find_blocks`.

    Attributes
    ----------
    dense : list of torch.nn.Parameter
        Dense weights of all nets, stacked along the first axis.

    tables : dict of {int: torch.nn.Parameter}
        The input weights of each block that reads rows, of shape
        (n_features, n_nets * width). The columns of a net are neighbours.
    """

    def __init__(self, nets, blocks):
        self.modules, self.blocks = [net.module_ for net in nets], blocks
        first = self.modules[0]
        layer, _, self.dropout = first.trunk
        self.scale, self.n_units = layer.scale, len(layer.bias)
        self.has_private = first.private is not None
        self.n_logits = first.n_logits
        self.widths = [sum(self.n_logits[t] for t in own) for own in blocks]
        # Columns of the trunk and of private paths in the first table.
        self.first = [self.n_units, self.widths[0] if self.has_private else 0]
        # The column in a net of each logit of the stack, block by block.
        columns = torch.arange(sum(self.n_logits)).split(self.n_logits)
        self.order = torch.cat([columns[t] for own in blocks for t in own])
        self.trunk_bias = _stacked([m.trunk[0].bias for m in self.modules])
        self.head = _stacked([m.head.weight[self.order] for m in self.modules])
        layers = ["head", "private"] if self.has_private else ["head"]
        self.biases = {
            name: _stacked([getattr(m, name).bias[self.order] for m in self.modules])
            for name in layers
        }
        self.dense = [self.trunk_bias, self.head, *self.biases.values()]
        self.tables = self._take_tables()

    def _take_tables(self):
        known = [self._parts_of_tables(module) for module in self.modules]
        tables = {
            block: nn.Parameter(
                torch.cat([part for own in known for part in own[block]], dim=1)
            )
            for block in known[0]
        }
        self.release()
        return tables

    def release(self):
        """Free the input weights of the nets, which `hand_back` copied."""
        for module in self.modules:
            _free(module)

    @property
    def sparse(self):
        """The input weights of all nets, as a list."""
        return list(self.tables.values())

    def keep(self, kept):
        """Drop all nets but some; their slices of `dense` are left to the caller.

        Parameters
        ----------
        kept : list of int
        """
        for table in self.tables.values():
            table.data = self._by_net(table.data)[:, kept].flatten(1)
        self.modules = [self.modules[k] for k in kept]

    def _by_net(self, columns):
        """Return columns of a table as (n_rows, n_nets, width)."""
        return columns.unflatten(1, (len(self.modules), -1))

    def _parts_of_tables(self, module):
        """Return views of a net's input weights for the table of each block."""
        parts = {0: [module.trunk[0].by_feature()]}
        if self.has_private:
            private = module.private.by_feature().split(self.n_logits, dim=1)
            for block, tasks in enumerate(self.blocks):
                parts.setdefault(block, []).extend(private[t] for t in tasks)
        return parts

    @torch.no_grad()
    def hand_back(self, k):
        """Copy the current weights back into a net."""
        module = self.modules[k]
        for weight in optim_groups(module)["sparse"]:
            weight.data = weight.new_zeros(len(self.tables[0]), weight.shape[1])
        for block, parts in self._parts_of_tables(module).items():
            widths = [part.shape[1] for part in parts]
            learnt = self._by_net(self.tables[block])[:, k].split(widths, dim=1)
            for part, own in zip(parts, learnt, strict=True):
                part.copy_(own)
        module.trunk[0].bias.copy_(self.trunk_bias[k])
        module.head.weight[self.order] = self.head[k]
        for name, bias in self.biases.items():
            getattr(module, name).bias[self.order] = bias[k]

    def divide(self, batch):
        """Divide a batch into parts for the blocks."""
        rows, cells = batch
        n_nets, parts = len(self.modules), []
        for block, tasks in enumerate(self.blocks):
            codes, weights = cells.codes[:, tasks], cells.weights[:, tasks]
            own, chosen = rows, None
            if block > 0:
                chosen = (codes >= 0).any(dim=1).nonzero()[:, 0]
                codes, weights = codes[chosen], weights[chosen]
                own = rows[chosen] if self.has_private else None
            codes, weights = codes.repeat(n_nets, 1), weights.repeat(n_nets, 1)
            parts.append(Part(chosen, own, codes, weights))
        return StackedBatch(len(rows), parts)

    def __call__(self, batch, cells=None):
        """Return the logits of each block, (n_nets * n_own, n_logits) or None."""
        products = [self._product(block, part) for block, part in enumerate(batch)]
        sums, first = products[0].split(self.first, dim=2)
        hidden = torch.add(self.trunk_bias.unsqueeze(1), sums, alpha=self.scale).relu()
        hidden = hidden * self.dropout(hidden.new_ones(len(batch), self.n_units))
        heads = self.head.split(self.widths, dim=1)
        biases = sum(self.biases.values()).unsqueeze(1).split(self.widths, dim=2)
        private, logits = [first, *products[1:]], []
        for part, head, bias, own in zip(batch, heads, biases, private, strict=True):
            if head.shape[1] == 0 or len(part.codes) == 0:
                logits.append(None)
                continue
            read = hidden if part.rows is None else hidden.index_select(1, part.rows)
            scores = torch.baddbmm(bias, read, head.transpose(1, 2))
            if self.has_private:
                scores = torch.add(scores, own, alpha=self.scale)
            logits.append(scores.flatten(0, 1))
        return Output(tuple(logits), hidden)

    def _product(self, block, part):
        """Return the stacked products of a block's rows with the tables of all nets."""
        if part.batch is None:
            return None
        product = self._by_net(sparse_product(self.tables[block], part.batch))
        return product.transpose(0, 1).contiguous()


class StackedObjective:
    """The losses of all tasks of several nets, and their weighted total.

    Parameters
    ----------
    nets : list of MultiTaskNet
        With categorical tasks and constant loss weights.

    blocks : list of list of int
    """

    def __init__(self, nets, blocks):
        net, self.blocks = nets[0], blocks
        self.task_weights = torch.stack([n.criterion_.balancing.weights for n in nets])
        self.losses = [
            Categorical.build_loss(
                [net.tasks[t] for t in tasks],
                [net.criterion__adjustments[t] for t in tasks],
            ).to(net.module__dtype)
            if tasks
            else None
            for tasks in blocks
        ]

    watches_steps = False

    def keep(self, kept):
        """Drop the losses of all nets but some."""
        self.task_weights = self.task_weights[kept]

    @property
    def balancing(self):
        return self

    def cells_of_tasks(self, cells):
        return cells

    def __call__(self, logits, batch):
        """Return the losses, summed over rows, shape (n_nets, n_tasks)."""
        n_nets, n_tasks = self.task_weights.shape
        sums = batch[0].weights.new_zeros(n_nets, n_tasks)
        blocks = zip(self.blocks, self.losses, batch, logits, strict=True)
        for tasks, loss, part, own in blocks:
            if own is not None:
                values = loss([own], part.codes) * part.weights
                by_task = values.view(n_nets, -1, len(tasks)).sum(1)
                sums = sums.index_add(1, torch.tensor(tasks), by_task)
        return sums

    def backward(self, losses, penalties, output):
        total = (losses * self.task_weights).sum()
        total.backward()
        return total


def _stacked(weights):
    return nn.Parameter(torch.stack([weight.detach() for weight in weights]))


def _free(module):
    for weight in optim_groups(module)["sparse"]:
        weight.data = weight.new_empty(0, weight.shape[1])
