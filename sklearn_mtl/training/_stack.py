"""Nets that train side by side: the same batches, and one step for all of them.

A step of one net is many small operations. Nets that differ only in loss weights have
the same batches, dropout and shapes, so one operation on stacked weights can do the
dense work of all of them.

A cell without a label has no gradient. Where tasks are labelled in different rows,
their logits are computed for these rows only. A single net does not do this.
"""

from functools import partial

from ..balancing._fixed import WeightedSum
from ..distributed._ranks import current_ranks
from ..sharing._base import TaskNetwork
from ..tasks import Categorical
from ..trunks import BagTrunk
from ._loader import made_ahead
from ._optimizers import JointOptimizer, decay_rates
from ._stacked_network import StackedNetwork, StackedObjective, find_blocks
from ._step import take_step
from ._user_callbacks import StopTraining


def can_stack(nets, config):
    """Whether nets of one training run can train side by side.

    This covers the common case: bags of words without a dense block, one trunk with or
    without private paths, categorical tasks, fixed loss weights, no penalty, on the
    CPU, in one process, and no user code that sees or changes single steps.

    Parameters
    ----------
    nets : list of MultiTaskNet
        They differ only in their balancing.

    config : TrainingConfig
    """
    net = nets[0]
    return (
        not (config.callbacks or config.net_params or config.verbose)
        and net.device == "cpu"
        and current_ranks() is None
        and not net.alpha
        and type(net.module_) is TaskNetwork
        and net.module_.heads is None
        and type(net.module__trunk) is BagTrunk
        and not net.module__spec.tokens
        and not net.module__spec.n_dense
        and set(map(type, net.tasks)) == {Categorical}
        and {type(n.criterion_.balancing) for n in nets} == {WeightedSum}
    )


def stackable(nets, config):
    """Return those nets that can train side by side; [] if they are fewer than two.

    The parameters are those of :func:`can_stack`.
    """
    fixed = [n for n in nets if type(n.criterion_.balancing) is WeightedSum]
    is_one = len(fixed) < len(nets) and len(fixed) == 1
    return fixed if fixed and not is_one and can_stack(fixed, config) else []


class SideBySide:
    """Nets that train with one step for all of them.

    Parameters
    ----------
    nets : list of MultiTaskNet
        Initialized, not trained, and such that :func:`can_stack`.

    run : TrainingRun
    """

    def __init__(self, nets, run):
        self.nets, self.run = list(nets), run
        _, validation = nets[0].get_split_datasets(run.dataset)
        self.sets = {"dataset_train": run.dataset, "dataset_valid": validation}
        self.checks = None
        if validation is not None:
            self.checks = nets[0].get_iterator(validation, training=False)
        self.stack, self.n_done = Stack(nets, run.dataset), 0
        for net in nets:
            net.notify("on_train_begin", X=run.dataset, y=None)

    def train(self, until):
        """Train to the end of an epoch.

        Returns
        -------
        ended : dict of {MultiTaskNet: MultiTaskNet or Exception}
            The nets whose training ended, and the trained nets or errors.
        """
        ended = {}
        if self.checks is None and self.n_done < until:
            self.stack.network.release()
        while self.nets and self.n_done < until:
            ended |= self._run_epoch(is_judged=self.n_done + 1 == until)
        return ended

    def keep(self, nets):
        """Continue with some of the nets; the others are left without weights."""
        kept = [k for k, net in enumerate(self.nets) if net in nets]
        if len(kept) < len(self.nets):
            self.nets = [self.nets[k] for k in kept]
            self.stack.keep(kept)

    def _run_epoch(self, is_judged):
        for net in self.nets:
            net.notify("on_epoch_begin", **self.sets)
        losses, ended = self.stack.run_epoch(), {}
        self.n_done += 1
        is_last = self.n_done == self.nets[0].max_epochs
        for k, (net, own) in enumerate(zip(self.nets, losses, strict=True)):
            if is_last or is_judged or self.checks is not None:
                self.stack.network.hand_back(k)
            stops = attempt(_end_epoch, net, own, self.sets, self.checks)
            if stops or is_last:
                ended[net] = stops
        self.keep([net for net in self.nets if net not in ended])
        return {
            net: stops if isinstance(stops, Exception) else attempt(self.run.end, net)
            for net, stops in ended.items()
        }


def attempt(function, *args):
    """Return what a function returns, or the exception that it raises."""
    try:
        return function(*args)
    except Exception as error:
        return error


class _Learnt:
    """A finished epoch as an iterator of one batch."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return 1

    def __iter__(self):
        yield self.dataset, None


def _report(net, losses, batch):
    """Report the losses of an epoch to a net as those of one step."""
    n_rows = len(batch[0])
    net.epoch_sums_ += losses
    net.epoch_rows_ += n_rows
    net.epoch_weighted_ += losses * net.criterion_.balancing.weights
    total = net.criterion_.balancing(losses.to(net.criterion_.balancing.weights))
    return {"loss": total / n_rows, "y_pred": None}


def _end_epoch(net, losses, sets, checks):
    """Validate a net after an epoch; return whether it should stop."""
    learnt = _Learnt(sets["dataset_train"])
    net.run_single_epoch(learnt, True, "train", partial(_report, net, losses))
    net.run_single_epoch(checks, False, "valid", net.validation_step)
    try:
        net.notify("on_epoch_end", **sets)
    except StopTraining:
        return True
    return False


class Stack:
    """The training of several nets at once.

    Parameters
    ----------
    nets : list of MultiTaskNet

    dataset : RowDataset
    """

    def __init__(self, nets, dataset):
        net = nets[0]
        n_units = len(net.module_.trunk[0].bias)
        blocks = find_blocks(dataset.codes >= 0, net.module__n_logits, n_units)
        self.network = StackedNetwork(nets, blocks)
        self.objective = StackedObjective(nets, blocks)
        sparse = net.optimizer_sparse(
            self.network.sparse, **net.get_params_for("optimizer_sparse")
        )
        self.dense = net.optimizer_dense(
            self.network.dense, **net.get_params_for("optimizer_dense")
        )
        self.optimizer = JointOptimizer([sparse, self.dense])
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.batches = net.get_iterator(dataset, training=True)
        if self.batches.order.shuffle:
            self.batches.record = None  # each batch is used once
        self.n_steps = net.max_epochs * len(self.batches)
        self.step = 0

    def run_epoch(self):
        """Go through the batches once.

        Returns
        -------
        losses : tensor of shape (n_nets, n_tasks), dtype float64
            Summed over rows.
        """
        losses = 0.0
        self.network.dropout.train()
        for batch in made_ahead(map(self.network.divide, self.batches)):
            decay_rates(self.optimizer, self.rates, self.step, self.n_steps)
            self.step += 1
            sums, _, _ = take_step(
                self.network, self.objective, self.optimizer, batch, batch
            )
            losses = losses + sums.detach().double()
        return losses

    def keep(self, kept):
        """Continue with some of the nets.

        Parameters
        ----------
        kept : list of int
        """
        self.network.keep(kept)
        self.objective.keep(kept)
        for weight in self.network.dense:
            state = self.dense.state[weight]
            for name, value in state.items():
                if value.shape == weight.shape:
                    state[name] = value[kept]
            weight.grad, weight.data = None, weight.data[kept]
