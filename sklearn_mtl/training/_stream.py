"""Training on a stream of chunks: one call continues where the last one stopped.

The step size of a stream is constant, and predictions come from an average of the
weights. A step that falls to 0 needs the number of rows in advance. Averaged weights
have as little noise as those at the end of a falling step, at any time.
"""

from contextlib import ExitStack, suppress
from dataclasses import replace
from math import ceil

import numpy as np
import torch
from skorch.callbacks import Callback
from skorch.history import History

from ..answers._calibration import Calibration, by_task
from ..network._input import BlockLinear, DenseLinear, SparseLinear
from ..utils._rows import squared_norms
from ._calibration import typical_temperature
from ._dataset import RowDataset
from ._net import DIVERGED
from ._objective import Objective
from ._optimizers import LinearDecay, SparseSGD
from ._plan import logit_adjustments
from ._run import draws_as_it_trains
from ._runtime import seeded
from ._stream_start import initial_rows, stream_plan
from ._stream_state import RECENT_ROWS, Recent
from ._stream_tables import (
    features_of,
    set_tables,
    take_tables,
)
from ._temperatures import fit_temperatures
from ._user_callbacks import StopTraining

# Passes over a chunk: PASSES, or one if labels are noisy; and more while a stream has
# fewer than PASSED_ROWS rows, at most MOST_PASSES. Two passes gained 0.6 and 0.9 points
# of macro-F1 on sets with clean labels, and lost 0.7 with noisy ones.
PASSES, PASSED_ROWS, MOST_PASSES = 2, 1000, 10
# Labels count as noisy if the geometric mean of temperatures is above this.
OVERCONFIDENT = 1.15
# A call moves the average to the new weights by 1 - (rows before / rows now) ** WINDOW:
# it spans about the latest ninth of the stream.
WINDOW = 9
# The scale of rows changes when it is off by more than this factor.
SCALE_CHANGE = 1.05
# Number of recent rows from which on they calibrate probabilities.
LEAST_RECENT = 150


class StreamRates(Callback):
    """A skorch callback that sets the learning rates of a stream.

    A batch of n rows takes n / batch_size of the full step, as many small batches then
    have the effect of one large batch. While a stream has fewer rows than a batch, it
    is n divided by their number. The rates of Adam get the square root of this factor.

    Parameters
    ----------
    rates : list of float
        Rates of a full batch, one for each parameter group.

    powers : list of float
        Powers of the factor.

    n_rows : int
        Rows of a batch; at most those of the stream so far.
    """

    def __init__(self, rates, powers, n_rows):
        self.rates, self.powers, self.n_rows = rates, powers, n_rows

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if not training:
            return
        factor = min(1.0, len(batch[0]) / self.n_rows)
        groups = net.optimizer_.param_groups
        for group, rate, power in zip(groups, self.rates, self.powers, strict=True):
            group["lr"] = rate * factor**power


class ChunkRun:
    """The training of a stream on one chunk.

    Parameters
    ----------
    config : TrainingConfig

    stream : Stream
        With the sums of this chunk, and the nets of the last call.

    dataset : RowDataset

    cells : LabelledCells

    balancing : Balancer
        New, for the shares of labelled cells so far.

    Attributes
    ----------
    plan : Plan

    temperatures : ndarray of shape (n_tasks,) or None
        Those of the latest rows, None if they are too few.
    """

    temperatures = features = None

    def __init__(self, config, stream, dataset, cells, balancing):
        self.config, self.stream, self.cells = config, stream, cells
        self.dataset, self.balancing = dataset, balancing
        if stream.tables is not None:
            self.features, rows = features_of(dataset.X)
            parts = dataset.codes, dataset.weights, dataset.dense
            self.dataset = RowDataset(rows, *parts)
        self.plan = stream_plan(config, stream.net)
        passes = 1 if stream.is_noisy else PASSES
        passes *= max(1, ceil(PASSED_ROWS / stream.labels.n_rows))
        self.plan = replace(self.plan, max_iter=min(passes, MOST_PASSES))

    def fit(self):
        """Train.

        Returns
        -------
        stream : Stream
            With its new nets, tables and recent rows.
        """
        config, stream = self.config, self.stream
        recent = self._predicted() if stream.average is not None else None
        if recent is not None and len(recent.codes) >= LEAST_RECENT:
            self.temperatures = self._fitted_temperatures(recent)
            is_noisy = np.log(self.temperatures).mean() > np.log(OVERCONFIDENT)
            stream = replace(stream, is_noisy=stream.is_noisy or bool(is_noisy))
        seed = (stream.seed + stream.n_calls) % np.iinfo(np.int32).max
        with ExitStack() as seeding:
            seeding.enter_context(seeded(seed, config.device))
            net = self._branch()
            self._prepare(net, seed)
            if not draws_as_it_trains(net, config):
                seeding.close()
            _train(net, self.dataset, self.plan.max_iter)
        average, tables = self._averaged(net)
        stream = replace(
            stream,
            net=net,
            average=average,
            tables=tables,
            squares=stream.squares + self._squares(),
            recent=recent,
            n_calls=stream.n_calls + 1,
        )
        stream = self._with_spec(stream)
        if self.temperatures is not None:
            self._tune(average, recent)
            net.tasks = average.tasks
        return stream

    def calibration(self, stream, known=None):
        """Return the calibration of predictions.

        Parameters
        ----------
        stream : Stream
            What :meth:`fit` returned.

        known : Calibration, default=None
            That of the last call, or of an earlier fit.
        """
        net = stream.average
        n_tasks = len(net.tasks)
        if self.config.temperature != "auto":
            temperatures = np.full(n_tasks, float(self.config.temperature))
        elif self.temperatures is not None:
            temperatures = self.temperatures
        elif known is not None:
            temperatures = known.temperatures
        else:
            typical = typical_temperature(
                net.module__spec, stream.labels.cells_per_class
            )
            temperatures = np.full(n_tasks, typical)
        strengths = None if known is None else known.strengths
        if self.config.logit_adjustment != "auto":
            strengths = np.full(n_tasks, float(self.config.logit_adjustment))
        return replace(self._calibrated(net, temperatures), strengths=strengths)

    def _calibrated(self, net, temperatures):
        return Calibration(
            by_task(net.tasks, net.criterion__adjustments),
            by_task(net.tasks, self.cells.log_class_shares),
            temperatures,
        )

    def _fitted_temperatures(self, recent):
        """Return the temperatures of the net before, on rows that it had not learnt."""
        before = self.stream.average
        tasks = before.tasks
        calibration = self._calibrated(before, np.ones(len(tasks)))
        cells = recent.codes, recent.weights
        return fit_temperatures(tasks, calibration, recent.logits, *cells)

    def _predicted(self):
        """Return the latest rows with those of the chunk, which are not learnt yet."""
        last = self.dataset.take(slice(-RECENT_ROWS, None))
        net, tables = self.stream.average, self.stream.tables
        if tables is not None:
            places, rows = features_of(last.X)
            last = RowDataset(rows, last.codes, last.weights, last.dense)
            averages = tables.averages(self.features[places])
            net = set_tables(net.branch(), averages)
        logits = [own.numpy() for own in net.forward(last)]
        recent = self.stream.recent
        if recent is None:
            return Recent(logits, last.codes, last.weights)
        return recent.plus(logits, last.codes, last.weights)

    def _branch(self):
        """Return a net that trains: a copy of that of the last call."""
        net, tables = self.stream.net.branch(), self.stream.tables
        if tables is None:
            return net
        weights, is_known = (
            tables.weights(self.features),
            tables.are_known(self.features),
        )
        if not is_known.all():
            new = torch.from_numpy(np.flatnonzero(~is_known))
            initial = initial_rows(net, len(new))
            for table, rows in zip(weights, initial, strict=True):
                table[new] = rows.to(table)
        return set_tables(net, weights)

    def _prepare(self, net, seed):
        """Set what may differ between calls: rates, class shares, weights of tasks."""
        config, plan = self.config, self.plan
        settings = {
            "alpha": config.alpha,
            "embedding_rate": plan.embedding_rate,
            "optimizer_sparse__lr": plan.sparse_rate,
            "optimizer_dense__lr": plan.dense_rate,
            "batch_size": plan.batch_size,
            "max_epochs": plan.max_iter,
        }
        for name, value in settings.items():
            if name not in config.params_of_net:
                setattr(net, name, value)
        net.verbose, net.train_split = config.verbose, None
        net.iterator_train__shuffle = True
        net.iterator_train__generator = torch.Generator().manual_seed(seed)
        net.iterator_train__record = None
        adjustments = logit_adjustments(
            config.logit_adjustment,
            self.cells.log_class_shares,
            is_few=self.stream.is_few,
        )
        net.criterion__adjustments = adjustments
        balancing = net.criterion_.balancing
        if self.balancing.is_weighted_sum and type(balancing) is type(self.balancing):
            balancing = self.balancing  # its weights follow shares of labelled cells
        weight = next(net.module_.parameters())
        device, dtype = weight.device, weight.dtype
        net.criterion__balancing = balancing
        net.criterion_ = Objective(net.tasks, balancing, adjustments).to(device, dtype)
        net.initialize_optimizer()
        net.optimizer_.go_on_from(self.stream.net.optimizer_)
        net.past_epochs_ += len(net.history)
        net.history_ = History()
        kept = [
            (name, callback)
            for name, callback in net.callbacks_
            if not isinstance(callback, LinearDecay | StreamRates)
        ]
        net.callbacks_ = [*kept, ("learning_rate", self._rates(net))]
        net.callbacks = list(net.callbacks_)

    def _rates(self, net):
        rates, powers = [], []
        for optimizer in net.optimizer_.optimizers:
            is_plain = isinstance(optimizer, SparseSGD | torch.optim.SGD)
            rates += [group["lr"] for group in optimizer.param_groups]
            powers += [1.0 if is_plain else 0.5] * len(optimizer.param_groups)
        n_rows = min(self.plan.batch_size, self.stream.labels.n_rows)
        return StreamRates(rates, powers, n_rows)

    def _averaged(self, net):
        """Return a net with the average of the weights, and the tables.

        The tables leave the net.
        """
        tables, before = self.stream.tables, self.stream.average
        n_now = self.stream.labels.n_rows
        kept = (1 - len(self.dataset) / n_now) ** WINDOW
        kept = kept if before is not None else 0.0
        if tables is not None:
            tables = tables.moved(self.features, take_tables(net), kept)
        if not kept:
            return net.snapshot(), tables
        known = before.module_.parameters()
        pairs = zip(net.module_.parameters(), known, strict=True)
        with torch.no_grad():
            averages = {
                id(now): torch.nn.Parameter(torch.lerp(now, before, kept))
                for now, before in pairs
                if now.requires_grad
            }
        return net.snapshot(averages), tables

    def _squares(self):
        if self.dataset.lengths is not None:  # tokens have no norm
            return 0.0
        norms = squared_norms(self.dataset.X)
        return float(norms @ self.cells.row_weights)

    def _with_spec(self, stream):
        """Note the number of rows, and the scale of rows if it changed."""
        spec, labels = stream.net.module__spec, stream.labels
        nets, scale = (stream.net, stream.average), spec.scale
        if stream.squares > 0 and not spec.tokens:
            wanted = float(stream.squares / labels.row_weight) ** -0.5
            if max(wanted / scale, scale / wanted) > SCALE_CHANGE:
                scale = wanted
        if scale != spec.scale:
            for net in nets:
                rescale(net.module_, scale)
            if stream.tables is not None:
                tables = stream.tables.scaled(spec.scale / scale)
                stream = replace(stream, tables=tables)
        spec = replace(spec, scale=scale, n_rows=labels.n_rows)
        for net in nets:
            net.module__spec = spec
        return stream

    def _tune(self, net, recent):
        """Tune the decisions of tasks on the latest rows."""
        if not any(task.is_tuned for task in net.tasks):
            return
        calibration = self._calibrated(net, self.temperatures)
        dataset = RowDataset(None, recent.codes, recent.weights)
        net.tune_on(recent.logits, dataset, calibration)


@torch.no_grad()
def rescale(module, scale):
    """Set the scale of rows in input layers, whose outputs stay what they were."""
    for layer in module.modules():
        if isinstance(layer, BlockLinear):
            layer.block.weight.mul_(layer.words.scale / scale)
    for layer in module.modules():
        if isinstance(layer, SparseLinear | DenseLinear):
            layer.by_feature().mul_(layer.scale / scale)
            layer.scale = scale


def _train(net, dataset, passes):
    """Run the training loop for a number of passes over a chunk."""
    net.notify("on_train_begin", X=dataset, y=None)
    with suppress(StopTraining):
        net.fit_loop(dataset, epochs=passes)
    net.notify("on_train_end", X=dataset, y=None)
    net.forget_rows()
    for epoch in net.history.to_list():
        epoch["batches"] = []
    if not np.isfinite(net.history[-1, "train_loss"]):
        raise ValueError(DIVERGED)
