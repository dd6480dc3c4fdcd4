"""One training run: rows, cells and settings in, a trained net out."""

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch.callbacks import ParamMapper
from skorch.helper import predefined_split
from torch import nn

from ..answers._calibration import Calibration, by_task
from ..data._rows import FEW, SMALL, float_type
from ..distributed._ranks import agreed, check_same, copy_from_first
from ..network._descent import scipy_loops
from ..network._recipe import default_recipe
from ..sharing import resolve_sharing
from ._alignment import Alignment
from ._calibration import typical_temperature
from ._checkpoint import NetCheckpoint
from ._dataset import RowDataset
from ._grow import heads_by_classes
from ._held_out import learn_held_out
from ._input_spec import input_spec
from ._judge import Judge
from ._net import MultiTaskNet
from ._plan import (
    ADDED_EPOCHS,
    TUNED_PART,
    adds_in_steps,
    logit_adjustments,
    make_plan,
    slowed,
)
from ._remember import Remembering
from ._runtime import seeded
from ._user_callbacks import own_net_params
from ._validation import ValidationScore, check_validated
from ._warm_start import load_weights

# Up to this many rows, decisions of rows set aside weigh classes. With more, it gained
# macro-F1 for accuracy.
DECIDED_ROWS = 10_000


class TrainingRun:
    """Everything that a training run needs except loss weights.

    Several nets can be trained from one run. They start from the same weights, see the
    same batches, and differ only in their balancing.

    Parameters
    ----------
    config : TrainingConfig

    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    cells : LabelledCells

    trunk : BaseTrunk or None

    previous : MultiTaskNet, default=None
        For a warm start, the net to continue from.

    vocabulary : sequence of str, default=()
        For rows of token ids, the token of each id.

    token_weights : ndarray of shape (n_tokens,), default=None
        The weight of each token.

    learnt, aside : ndarray of int, default=None
        Numbers of the rows that train, and of those set aside; None trains all.

    probed : Probed, default=None
        What a probe of the rows found, or a previous fit.

    dense : ndarray of shape (n_rows, n_dense), default=None
        The dense block beside sparse rows.

    n_rows : int, default=None
        Number of rows that "auto" settings assume. None means that of `rows`.

    adds : {"frozen", "tuned"}, default=None
        Whether the run adds tasks to `previous`. With "frozen" it has only the new
        tasks, and weights of `previous` do not change.

    Attributes
    ----------
    plan : Plan
    """

    def __init__(
        self,
        config,
        rows,
        cells,
        trunk,
        previous=None,
        vocabulary=(),
        token_weights=None,
        learnt=None,
        aside=None,
        probed=None,
        dense=None,
        n_rows=None,
        adds=None,
    ):
        rng = check_random_state(config.random_state)
        self.seed = int(rng.randint(np.iinfo(np.int32).max))
        if trunk is not None:
            before = previous.module__trunk if previous else None
            trunk = trunk.prepare(rows, vocabulary, self.seed, before)
        spec = input_spec(rows, cells, trunk, previous, vocabulary, token_weights)
        if dense is not None:
            spec = replace(spec, n_dense=dense.shape[1])
        if n_rows is not None:
            spec = replace(spec, n_rows=n_rows)
        self.is_frozen, self.remembers = adds == "frozen", adds == "tuned"
        self.is_first = previous is None or adds is not None
        if self.remembers:  # tasks without labels, which come before the new ones
            table_of_task = cells.targets.layout.table_of_task
            self.unlabelled = [
                k
                for k in range(len(cells.targets.tasks))
                if not table_of_task(cells.weights, k).any()
            ]
        if self.is_frozen:
            spec = replace(spec, joined=False)
        in_steps = adds is not None and adds_in_steps(spec, previous.module__spec)
        if in_steps:
            spec = replace(spec, n_rows=FEW + 1)
        recipe = default_recipe(spec) if trunk is None else trunk.recipe(spec)
        if in_steps:
            recipe = replace(recipe, epochs=ADDED_EPOCHS)
        if self.remembers:
            recipe = slowed(recipe, TUNED_PART)
        self.plan = plan = make_plan(config, spec, recipe, cells.cells_per_class)
        self.is_tuned = any(task.is_tuned for task in cells.targets.tasks)
        self.validation, score = None, ValidationScore()
        if aside is not None:
            self.validation = RowDataset.of_cells(rows, cells, aside, dense)
            if self.remembers and config.sets_rows_aside:
                # They are only judged, and known tasks have no labels.
                known = cells.targets.layout.codes_of(self.unlabelled)
                self.validation.codes[:, known] = -1
        self.cells, self.probed = cells, probed
        self.temperature = typical_temperature(spec, cells.cells_per_class)
        if config.stops_early:
            score = ValidationScore.of_name(
                config.early_stopping_metric, cells.targets.names
            )
            if config.sets_rows_aside:
                check_validated(score, cells.targets, self.validation.codes)
        self.config, self.previous = config, previous
        trained = slice(None) if learnt is None else learnt
        self.dataset = RowDataset.of_cells(rows, cells, trained, dense)
        batch_size = config.params_of_net.get(
            "iterator_train__batch_size", plan.batch_size
        )
        self.parameters = {
            **_network_parameters(
                config, cells, spec, trunk, float_type(rows), previous
            ),
            "criterion__adjustments": logit_adjustments(
                config.logit_adjustment,
                cells.log_class_shares,
                is_few=spec.is_few and config.class_weight is None,
            ),
            "alpha": config.alpha,
            "embedding_rate": plan.embedding_rate,
            "optimizer_sparse__lr": plan.sparse_rate,
            "optimizer_dense__lr": plan.dense_rate,
            "max_epochs": plan.max_iter,
            "batch_size": plan.batch_size,
            "iterator_train__shuffle": batch_size < len(self.dataset),
            "iterator_train__transpose": _steps_read_features(config),
            "iterator_valid__batch_size": 1024,
            "iterator_valid__rows_at_once": trunk.rows_at_once if spec.tokens else None,
            "train_split": (
                predefined_split(self.validation) if config.sets_rows_aside else None
            ),
            "validation_score": score,
            "device": config.device,
            "verbose": config.verbose,
        }

    def keep_adjustments(self, calibration):
        """Add to the logits of the first tasks what an earlier fit added to them."""
        known = [code for own in calibration.adjustments for code in own]
        added = self.parameters["criterion__adjustments"]
        self.parameters["criterion__adjustments"] = known + added[len(known) :]

    def fit(self, balancing, callbacks=(), store=None):
        """Build a net and train it.

        Parameters
        ----------
        balancing : Balancer
            What the balancing strategy built.

        callbacks : sequence of skorch callbacks, default=()
            In addition to those of the settings, which each fit copies.

        store : object, default=None
            What keeps the state of the net, see :class:`NetCheckpoint`.

        Returns
        -------
        net : MultiTaskNet
        """
        with ExitStack() as seeding:
            seeding.enter_context(seeded(self.seed, self.config.device))
            net = self.build(balancing, callbacks)
            draws, checkpoint = draws_as_it_trains(net, self.config), None
            if not draws:
                seeding.close()
            if store is not None:
                device = self.config.device
                checkpoint = NetCheckpoint(store, device, draws=draws)
            net.train(self.dataset, checkpoint)
            return self._tune(net)

    def calibration(self, net):
        """Return the calibration of a trained net."""
        known = self.probed.calibration if self.probed else None
        # Nets of the probe train to the last epoch; early stopping may keep another.
        keeps_best = self.config.sets_rows_aside and self.is_first
        if self.validation is not None and (known is None or keeps_best):
            judge = Judge(
                self.validation, self.cells, tunes_decisions=self._tunes_decisions
            )
            known, _ = judge.calibrate(net)
        temperature, strengths = self.config.temperature, None
        if self.config.logit_adjustment != "auto":
            strengths = np.full(len(net.tasks), float(self.config.logit_adjustment))
        elif known is not None:
            strengths = known.strengths
        if temperature != "auto":
            temperatures = np.full(len(net.tasks), float(temperature))
        elif known is not None:
            temperatures = known.temperatures
        else:
            temperatures = np.full(len(net.tasks), self.temperature)
        return Calibration(
            by_task(net.tasks, net.criterion__adjustments),
            by_task(net.tasks, self.cells.log_class_shares),
            temperatures,
            strengths,
        )

    def finish(self, net):
        """Calibrate a trained net, which then learns from the rows that judged it.

        Rows for early stopping stay unseen: their score chose the weights.

        Returns
        -------
        calibration : Calibration
        """
        calibration = agreed(self.calibration(net))
        if self.validation is not None and not self.config.sets_rows_aside:
            with seeded(self.seed, self.config.device):
                learn_held_out(net, self.validation)
        # Other processors may have rounded differently.
        copy_from_first(_state_of(net))
        if self.remembers:
            net.module_ = net.module_.network
        return calibration

    @property
    def _tunes_decisions(self):
        config = self.config
        return (
            config.logit_adjustment == config.temperature == "auto"
            and config.class_weight is None
            and SMALL < len(self.cells.codes) <= DECIDED_ROWS
        )

    def end(self, net):
        """End the training of a net after its last epoch.

        Returns
        -------
        net : MultiTaskNet

        Raises
        ------
        ValueError
            If the loss diverged.
        """
        net.finish(self.dataset)
        return self._tune(net)

    def as_if_ended(self, net):
        """Return a net as if its training ended now; it shares weights with `net`.

        Raises
        ------
        ValueError
            If the loss diverged.
        """
        net.check_finite()
        return self._tune(net.paused())

    def _tune(self, net):
        if self.is_tuned:
            net.tune(self.validation, self.calibration(net))
        return net

    def build(self, balancing, callbacks=(), record=None):
        """Build a net, within a block of ``seeded``.

        Parameters
        ----------
        balancing : Balancer

        callbacks : sequence of skorch callbacks, default=()

        record : BatchRecord, default=None
            Batches that several nets train on.

        Returns
        -------
        net : MultiTaskNet
        """
        watched = self.parameters["validation_score"].over
        callbacks = self.config.run_callbacks(watched, callbacks)
        if balancing.validation_interval is not None and self.validation is not None:
            callbacks.append(("alignment", Alignment(self.validation)))
        net = MultiTaskNet(
            **self.parameters
            | {
                "criterion__balancing": balancing,
                "iterator_train__generator": torch.Generator().manual_seed(self.seed),
                "iterator_train__record": record,
                "callbacks": callbacks,
            }
            | own_net_params(self.config.net_params)
        ).initialize()
        net.criterion_.balancing.reset(self.seed)
        if self.previous:
            load_weights(net, self.previous, frozen=self.is_frozen)
        if self.remembers:
            known = [self.previous.tasks[k] for k in self.unlabelled]
            before = self.previous.module_.eval()
            net.module_ = Remembering(net.module_, before, known)
        sizes = [tuple(tensor.shape) for tensor in _state_of(net)]
        check_same("settings", (self.plan, len(self.dataset), sizes))
        copy_from_first(_state_of(net))
        return net


def _state_of(net):
    """Return the weights and buffers of a net and its criterion."""
    parts = net.module_, net.criterion_
    return [tensor for part in parts for tensor in part.state_dict().values()]


def _steps_read_features(config):
    """Whether steps read batches sorted by feature, which are then made ahead."""
    return (
        config.device != "cpu"
        or any(name.startswith("optimizer_sparse") for name in config.params_of_net)
        or scipy_loops() is None
    )


def _network_parameters(config, cells, spec, trunk, dtype, previous=None):
    """Return the parameters of tasks, network and loss for the net."""
    targets = cells.targets
    n_logits = [task.n_logits for task in targets.tasks]
    is_known = previous is not None and config.sharing == "auto"
    sharing = resolve_sharing(
        previous.module__sharing if is_known else config.sharing,
        n_features=spec.n_features,
        n_logits=sum(n_logits),
        itemsize=dtype.itemsize,
    )
    return {
        "tasks": targets.tasks,
        "task_names": targets.names,
        "module__sharing": sharing.for_tasks(targets.names),
        "module__trunk": trunk,
        "module__spec": spec,
        "module__n_logits": n_logits,
        "module__heads": heads_by_classes(targets.tasks),
        "module__dtype": getattr(torch, dtype.name),
        "module__tasks": targets.tasks,
        "module__log_class_shares": [
            cells.log_class_shares[k] for k in targets.layout.starts
        ],
        "criterion__tasks": targets.tasks,
    }


def draws_as_it_trains(net, config):
    """Whether training may draw torch's global random numbers.

    Our own modules have their own random numbers once they are built, so fits in
    threads give reproducible results. User modules, callbacks and classes may not; such
    fits train one at a time.
    """
    return (
        not all(_is_known(callback) for _, callback in net.callbacks_)
        or any(map(callable, config.params_of_net.values()))
        or any(map(_may_draw, [*net.module_.modules(), *net.criterion_.modules()]))
    )


def _may_draw(module):
    if type(module).__module__.startswith("torch.nn."):
        kinds = nn.modules.dropout._DropoutNd | nn.RReLU
        return isinstance(module, kinds) or bool(getattr(module, "dropout", 0))
    return not _is_known(module)


def _is_known(part):
    if isinstance(part, ParamMapper):  # which may draw weights
        return False
    kind = part if isinstance(part, type) else type(part)
    return kind.__module__.partition(".")[0] in ("sklearn_mtl", "skorch")
