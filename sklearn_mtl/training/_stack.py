"""Nets that learn side by side: the same batches, and a step of all of them at once.

A step of one net is many small operations. Nets that differ in the weights of their
losses alone have batches, dropout and shapes in common, so that one operation on their
stacked weights does for all of them what is dense. Input weights stay apart, a table
for each net: side by side, their gradients would not fit into the cache.

A cell without a label has no gradient. Where tasks are labelled in other rows than the
rest, their logits are made of these rows alone, which a net of its own does not do.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ..balancing._fixed import WeightedSum
from ..network._batch import SparseBatch
from ..network._input import sparse_weights, weighted_sums
from ..sharing._base import TaskNetwork
from ..tasks import Categorical
from ..trunks import BagTrunk
from ._loader import BatchLoader, made_ahead
from ._optimizers import Adam
from ._user_callbacks import StopTraining

# What it costs to read a row once more, in columns of a table.
READING = 48


def can_stack(nets, settings):
    """Whether nets of one training run are of the kind that can learn side by side.

    That is the common one: bags of words, one trunk with or without private paths,
    categorical tasks, fixed weights of losses, no penalty, on the CPU; and nobody who
    wants to see a step, or change what is in it.

    Parameters
    ----------
    nets : list of MultiTaskNet
        They differ in their balancing alone.

    settings : MultiTaskTextClassifier
        Its constructor parameters are read.
    """
    net = nets[0]
    return (
        not (settings.callbacks or settings.net_params or settings.verbose)
        and net.device == "cpu"
        and not net.alpha
        and type(net.module_) is TaskNetwork
        and net.module_.heads is None
        and type(net.module__trunk) is BagTrunk
        and not net.module__spec.tokens
        and set(map(type, net.tasks)) == {Categorical}
        and {type(n.criterion_.balancing) for n in nets} == {WeightedSum}
    )


def train_side_by_side(nets, dataset):
    """Train nets that :func:`can_stack`; each comes out as from a training of its own.

    Parameters
    ----------
    nets : list of MultiTaskNet
        Initialized, and not trained.

    dataset : RowDataset

    Returns
    -------
    trained : list of MultiTaskNet or Exception
        The error where training diverged, or validation failed.
    """
    _, validation = nets[0].get_split_datasets(dataset)
    sets = {"dataset_train": dataset, "dataset_valid": validation}
    checks = None
    if validation is not None:
        checks = nets[0].get_iterator(validation, training=False)
    stack = Stack(nets, dataset)
    learning, errors = dict(enumerate(nets)), {}
    for net in nets:
        net.notify("on_train_begin", X=dataset, y=None)
    for n_left in reversed(range(nets[0].max_epochs)):
        for net in learning.values():
            net.notify("on_epoch_begin", **sets)
        losses = stack.learn()
        for k, net in list(learning.items()):
            if n_left == 0 or validation is not None:
                stack.hand_back(k)
            stops = attempt(_end_epoch, net, losses[k], sets, checks)
            if isinstance(stops, Exception):
                errors[k] = stops
            if stops or n_left == 0:
                stack.release(k)
                del learning[k]
        if not learning:
            break
    return [
        errors[k] if k in errors else attempt(net.finish, dataset)
        for k, net in enumerate(nets)
    ]


def attempt(function, *args):
    """Return what a function returns, or the exception that it raises."""
    try:
        return function(*args)
    except Exception as error:
        return error


class _Learnt:
    """An epoch that is over, as an iterator of one batch."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return 1

    def __iter__(self):
        yield self.dataset, None


def _report(net, losses, batch):
    """Tell a net what its epoch came to, as if that had been a step."""
    n_rows = len(batch[0])
    net.epoch_sums_ += losses
    net.epoch_rows_ += n_rows
    total = net.criterion_.balancing(losses.to(net.criterion_.balancing.weights))
    return {"loss": total / n_rows, "y_pred": None}


def _end_epoch(net, losses, sets, checks):
    """Validate a net that has learnt for an epoch; return whether it should stop."""
    learnt = _Learnt(sets["dataset_train"])
    net.run_single_epoch(learnt, True, "train", partial(_report, net, losses))
    net.run_single_epoch(checks, False, "valid", net.validation_step)
    try:
        net.notify("on_epoch_end", **sets)
    except StopTraining:
        return True
    return False


def find_blocks(labelled, n_logits, n_units):
    """Divide tasks into blocks, of those that are labelled in about the same rows.

    Parameters
    ----------
    labelled : bool ndarray of shape (n_rows, n_tasks)

    n_logits : list of int

    n_units : int
        Of the trunk.

    Returns
    -------
    blocks : list of list of int
        Tasks in their blocks. Those of the first block, which may be none, are made of
        all rows, as the trunk is.
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
    """What a block needs of a batch.

    Attributes
    ----------
    rows : tensor of shape (n_own,) or None
        Rows with a label for the block; None is all.

    batch : SparseBatch or None
        These rows; None where nobody reads them.

    codes, weights : tensor of shape (n_nets * n_own, n_tasks)
        Cells of the tasks of the block, repeated for each net.
    """

    rows: torch.Tensor | None
    batch: SparseBatch | None
    codes: torch.Tensor
    weights: torch.Tensor


class Stack:
    """The weights of several nets, and their steps.

    Takes the input weights away from the nets until it hands them back.

    Parameters
    ----------
    nets : list of MultiTaskNet

    dataset : RowDataset
    """

    def __init__(self, nets, dataset):
        net, self.nets = nets[0], nets
        modules = [n.module_ for n in nets]
        layer, _, self.dropout = net.module_.trunk
        self.scale, self.n_units = layer.scale, len(layer.bias)
        self.has_private = net.module_.private is not None
        self.n_logits = net.module__n_logits
        self.blocks = find_blocks(dataset.codes >= 0, self.n_logits, self.n_units)
        self.widths = [sum(self.n_logits[t] for t in own) for own in self.blocks]
        # Of the first table, the columns of the trunk and of private paths.
        self.first = [self.n_units, self.widths[0] if self.has_private else 0]
        # Where the logit columns of the stack, block by block, are in a net.
        columns = torch.arange(sum(self.n_logits)).split(self.n_logits)
        self.order = torch.cat([columns[t] for own in self.blocks for t in own])
        self.losses = [self._loss(net, tasks) for tasks in self.blocks]
        balancings = [n.criterion_.balancing for n in nets]
        self.task_weights = torch.stack([b.weights for b in balancings])

        self.trunk_bias = _stacked([m.trunk[0].bias for m in modules])
        self.head = _stacked([m.head.weight[self.order] for m in modules])
        layers = ["head", "private"] if self.has_private else ["head"]
        self.biases = {
            name: _stacked([getattr(m, name).bias[self.order] for m in modules])
            for name in layers
        }
        self.tables = [self._tables(m) for m in modules]

        dense = [self.trunk_bias, self.head, *self.biases.values()]
        self.adam = Adam(dense, **net.get_params_for("optimizer_dense"))
        self.decay = dict(net.callbacks_)["learning_rate"].factor
        self.rates = net.optimizer_sparse__lr, net.optimizer_dense__lr
        self.step = 0
        self.batches = BatchLoader(
            dataset,
            net.batch_size,
            shuffle=net.iterator_train__shuffle,
            generator=net.iterator_train__generator,
        )
        self.n_steps = net.max_epochs * len(self.batches)

    def _loss(self, net, tasks):
        if not tasks:
            return None
        added = [net.criterion__adjustments[t] for t in tasks]
        loss = Categorical.build_loss([net.tasks[t] for t in tasks], added)
        return loss.to(net.module__dtype)

    def _tables(self, module):
        """Take the input weights of a net apart, a table for each block."""
        tables = []
        for parts in self._parts_of_tables(module):
            tables.append(torch.cat(parts, dim=1) if parts else None)
        for weight in sparse_weights(module):
            weight.data = weight.new_empty(0, weight.shape[1])
        return tables

    def _parts_of_tables(self, module):
        """Return the input weights of a net, views, in the order of the tables."""
        parts = [[] for _ in self.blocks]
        parts[0].append(module.trunk[0].by_feature())
        if self.has_private:
            private = module.private.by_feature().split(self.n_logits, dim=1)
            for own, tasks in zip(parts, self.blocks, strict=True):
                own += [private[t] for t in tasks]
        return parts

    @torch.no_grad()
    def hand_back(self, k):
        """Give a net the weights that it has learnt so far."""
        module, tables = self.nets[k].module_, self.tables[k]
        for weight in sparse_weights(module):
            weight.data = weight.new_zeros(len(tables[0]), weight.shape[1])
        for table, parts in zip(tables, self._parts_of_tables(module), strict=True):
            if parts:
                widths = [part.shape[1] for part in parts]
                for part, own in zip(parts, table.split(widths, dim=1), strict=True):
                    part.copy_(own)
        module.trunk[0].bias.copy_(self.trunk_bias[k])
        module.head.weight[self.order] = self.head[k]
        for name, bias in self.biases.items():
            getattr(module, name).bias[self.order] = bias[k]

    def release(self, k):
        """Let a net learn no further."""
        self.tables[k] = None

    def learn(self):
        """Go through the batches once.

        Returns
        -------
        losses : tensor of shape (n_nets, n_tasks), dtype float64
            Summed over rows.
        """
        losses = torch.zeros(self.task_weights.shape, dtype=torch.float64)
        self.dropout.train()
        for n_rows, parts in made_ahead(map(self._parts, self.batches)):
            losses += self._step(n_rows, parts)
        return losses

    def _parts(self, batch):
        """Return the number of rows in a batch, and what each block needs of it."""
        rows, cells = batch
        n_nets, parts = len(self.nets), []
        for block, tasks in enumerate(self.blocks):
            codes, weights = cells.codes[:, tasks], cells.weights[:, tasks]
            own, chosen = rows, None
            if block > 0:
                chosen = (codes >= 0).any(dim=1).nonzero()[:, 0]
                codes, weights = codes[chosen], weights[chosen]
                own = rows[chosen] if self.has_private else None
            if own is not None:
                own.transposed()
            codes, weights = codes.repeat(n_nets, 1), weights.repeat(n_nets, 1)
            parts.append(Part(chosen, own, codes, weights))
        return len(rows), parts

    def _step(self, n_rows, parts):
        """Let all nets take a step; return their losses, summed over rows."""
        products = [self._product(block, part) for block, part in enumerate(parts)]
        sums, first = products[0].split(self.first, dim=2)
        hidden = torch.add(self.trunk_bias.unsqueeze(1), sums, alpha=self.scale).relu()
        hidden = hidden * self.dropout(hidden.new_ones(n_rows, self.n_units))
        heads = self.head.split(self.widths, dim=1)
        biases = sum(self.biases.values()).unsqueeze(1).split(self.widths, dim=2)
        losses, total = torch.zeros_like(self.task_weights), 0.0
        own = [first, *products[1:]]
        blocks = zip(self.blocks, self.losses, parts, heads, biases, own, strict=True)
        for tasks, loss, part, head, bias, product in blocks:
            if not tasks or len(part.codes) == 0:
                continue
            read = hidden if part.rows is None else hidden.index_select(1, part.rows)
            logits = torch.baddbmm(bias, read, head.transpose(1, 2))
            if self.has_private:
                logits = torch.add(logits, product, alpha=self.scale)
            values = loss([logits.flatten(0, 1)], part.codes) * part.weights
            by_task = values.view(len(self.nets), -1, len(tasks)).sum(1)
            losses[:, tasks] = by_task.detach()
            total = total + (by_task * self.task_weights[:, tasks]).sum()
        self.adam.zero_grad()
        (total / n_rows).backward()
        self._descend(products, parts)
        return losses

    @torch.no_grad()
    def _product(self, block, part):
        """Return the rows of a block times the tables of all nets, stacked."""
        if part.batch is None:
            return None
        n_columns = self.widths[block] if block else sum(self.first)
        product = self.head.new_zeros(len(self.nets), len(part.batch), n_columns)
        for tables, own in zip(self.tables, product, strict=True):
            if tables is not None:
                own.copy_(weighted_sums(tables[block], part.batch))
        return product.requires_grad_()

    @torch.no_grad()
    def _descend(self, products, parts):
        """Move all weights, each as the optimizer of a single net moves it."""
        factor = self.decay(self.step, self.n_steps)
        self.step += 1
        sparse_rate, dense_rate = (factor * rate for rate in self.rates)
        for group in self.adam.param_groups:
            group["lr"] = dense_rate
        self.adam.step()
        for block, (product, part) in enumerate(zip(products, parts, strict=True)):
            if product is None or product.grad is None:
                continue
            transposed = part.batch.transposed()
            steps = product.grad.mul_(-sparse_rate)
            for tables, step in zip(self.tables, steps, strict=True):
                if tables is None:
                    continue
                # At once, while it is in the cache.
                rows = weighted_sums(step, transposed)
                index = transposed.features.unsqueeze(1).expand_as(rows)
                tables[block].scatter_add_(0, index, rows)


def _stacked(weights):
    return nn.Parameter(torch.stack([weight.detach() for weight in weights]))
