"""One training run: rows, cells and settings in, a trained net out."""

from contextlib import ExitStack
from copy import copy

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from skorch.callbacks import EarlyStopping, LRScheduler, ParamMapper, ProgressBar
from skorch.helper import predefined_split
from torch import nn

from ..data._features import float_type, row_scale
from ..feature_extraction import UNKNOWN
from ..labels._splitting import multitask_split
from ..network._spec import SMALL, InputSpec
from ..sharing import resolve_sharing
from ..trunks import reads_tokens, weighs_tokens
from ._loader import BatchRecord
from ._net import MultiTaskNet
from ._optimizers import LinearDecay
from ._plan import asks_for_early_stopping, logit_adjustments, make_plan
from ._runtime import go_on_from, random_states, reseed, seeded
from ._stack import attempt, can_stack, train_side_by_side
from ._user_callbacks import (
    check_callbacks,
    needs_validation,
    own_callbacks,
    own_net_params,
)
from ._validation import ValidationScore

# Parameters of a skorch net that are parameters of ours, or do not exist here.
_OWN_PARAMETERS = {
    "lr": "learning_rate_init, or 'optimizer_sparse__lr' and 'optimizer_dense__lr'",
    "optimizer": "'optimizer_sparse' and 'optimizer_dense', with their prefixes,",
    "batch_size": "batch_size",
    "max_epochs": "max_iter",
    "device": "device",
    "verbose": "verbose",
    "callbacks": "callbacks",
    "warm_start": "warm_start",
}


# Callbacks that skorch gives every net.
_OF_EVERY_NET = ("epoch_timer", "train_loss", "valid_loss")


class TrainingRun:
    """All that a training run needs but the weights of the losses.

    Several nets may be built and trained from one run, which then differ in their
    balancing alone: they start from the same weights and see the same batches.

    Parameters
    ----------
    settings : MultiTaskTextClassifier
        Its constructor parameters are read.

    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    cells : LabelledCells

    trunk : BaseTrunk or None

    device : str

    previous : MultiTaskNet, default=None
        Net whose weights to go on from.

    vocabulary : sequence of str, default=()
        Of rows of token ids, the token of each id.

    token_weights : ndarray of shape (n_tokens,), default=None
        And what each of them says about labels.

    Attributes
    ----------
    plan : Plan
    """

    def __init__(
        self,
        settings,
        rows,
        cells,
        trunk,
        device,
        previous=None,
        vocabulary=(),
        token_weights=None,
    ):
        rng = check_random_state(settings.random_state)
        self.seed = int(rng.randint(np.iinfo(np.int32).max))
        if trunk is not None:
            learnt = previous.module__trunk if previous else None
            trunk = trunk.prepare(rows, vocabulary, self.seed, learnt)
        spec = _input_spec(rows, cells, trunk, previous, vocabulary, token_weights)
        self.plan = plan = make_plan(settings, spec, cells.cells_per_class)
        learn, self.validation, score = slice(None), None, ValidationScore()
        self.is_tuned = any(task.is_tuned for task in cells.targets.tasks)
        sets_aside = validates(settings) and not _splits_by_itself(settings)
        if sets_aside or self.is_tuned:
            learn, validate = multitask_split(
                cells.codes, settings.validation_fraction, rng
            )
            self.validation = cells.dataset(rows, validate)
        if plan.early_stopping:
            score = ValidationScore.of_name(
                settings.early_stopping_metric, cells.targets.names
            )
            if sets_aside:
                _check_validated(score, cells.targets, self.validation.codes)
        self.settings, self.device, self.previous = settings, device, previous
        self.dataset = cells.dataset(rows, learn)
        self.parameters = {
            **_network_parameters(settings, cells, spec, trunk, float_type(rows)),
            "criterion__adjustments": logit_adjustments(
                settings.logit_adjustment, cells.log_class_shares
            ),
            "alpha": settings.alpha,
            "embedding_rate": plan.embedding_rate,
            "optimizer_sparse__lr": plan.sparse_rate,
            "optimizer_dense__lr": plan.dense_rate,
            "max_epochs": plan.max_iter,
            "batch_size": plan.batch_size,
            "iterator_train__shuffle": _batch_size(settings, plan) < len(self.dataset),
            "iterator_train__transpose": True,
            "iterator_valid__batch_size": 1024,
            "iterator_valid__rows_at_once": trunk.rows_at_once if spec.tokens else None,
            "train_split": predefined_split(self.validation) if sets_aside else None,
            "validation_score": score,
            "device": device,
            "verbose": settings.verbose,
        }

    def fit(self, balancing, callbacks=()):
        """Build a net and train it.

        Parameters
        ----------
        balancing : torch.nn.Module
            What the balancing strategy built.

        callbacks : sequence of skorch callbacks, default=()
            Beside those of the settings, of which each fit has copies.

        Returns
        -------
        net : MultiTaskNet
        """
        with ExitStack() as seeding:
            seeding.enter_context(seeded(self.seed, self.device))
            net = self._build(balancing, callbacks)
            if not _draws_as_it_trains(net, self.settings):
                seeding.close()
            return self._train(net)

    def fit_each(self, balancings):
        """Build and train a net for each balancing, over batches that are made once.

        Parameters
        ----------
        balancings : list of torch.nn.Module

        Returns
        -------
        nets : list of MultiTaskNet or Exception
            The error where training diverged, or failed in another way.
        """
        if not balancings:
            return []
        record = BatchRecord()
        with ExitStack() as seeding:
            seeding.enter_context(seeded(self.seed, self.device))
            nets = []
            for balancing in balancings:
                reseed(self.seed, self.device)
                nets.append(self._build(balancing, record=record))
            drawn = random_states(self.device)
            if not any(_draws_as_it_trains(net, self.settings) for net in nets):
                seeding.close()
            if can_stack(nets, self.settings):
                return train_side_by_side(nets, self.dataset)
            return self._train_in_turn(nets, drawn)

    def _train(self, net):
        net.train(self.dataset)
        if self.is_tuned:
            net.tune(self.validation)
        return net

    def _train_in_turn(self, nets, drawn):
        """Train each net alone; give the error instead where training failed.

        One that draws random numbers goes on from where those of its weights ended.
        """
        trained = []
        for net in nets:
            if _draws_as_it_trains(net, self.settings):
                go_on_from(drawn, self.device)
            trained.append(attempt(self._train, net))
        return trained

    def _build(self, balancing, callbacks=(), record=None):
        watched = self.parameters["validation_score"].over
        settings = _with_own_callbacks(self.settings, callbacks)
        net = MultiTaskNet(
            **self.parameters
            | {
                "criterion__balancing": balancing,
                "iterator_train__generator": torch.Generator().manual_seed(self.seed),
                "iterator_train__record": record,
                "callbacks": _callbacks(settings, watched),
            }
            | own_net_params(settings.net_params)
        ).initialize()
        if self.previous:
            net.go_on_from(self.previous)
        return net


def _input_spec(rows, cells, trunk, previous, vocabulary, token_weights):
    n_rows, n_features = rows.shape
    known = previous.module__spec if previous else None
    if reads_tokens(trunk):
        highest = max(rows.data.max(initial=0), UNKNOWN)
        n_features = known.n_features if known else int(highest) + 1
        return InputSpec(
            n_features,
            sparse=True,
            scale=1.0,
            n_rows=n_rows,
            tokens=True,
            vocabulary=tuple(vocabulary[:n_features]),
            plain_embeddings=weighs_tokens(trunk) and n_rows > SMALL,
            token_weights=token_weights,
        )
    # Weights that were learnt under one scale mean something else under another.
    scale = known.scale if known else row_scale(rows, cells.row_weights)
    return InputSpec(n_features, sparse=issparse(rows), scale=scale, n_rows=n_rows)


def _network_parameters(settings, cells, spec, trunk, dtype):
    """Return what the net needs to know of tasks, network and loss."""
    targets = cells.targets
    n_logits = [task.n_logits for task in targets.tasks]
    sharing = resolve_sharing(
        settings.sharing,
        n_features=spec.n_features,
        n_logits=sum(n_logits),
        itemsize=dtype.itemsize,
    )
    return {
        "tasks": targets.tasks,
        "task_names": targets.names,
        "module__sharing": sharing,
        "module__trunk": trunk,
        "module__spec": spec,
        "module__n_logits": n_logits,
        "module__heads": _heads_by_classes(targets.tasks),
        "module__dtype": getattr(torch, dtype.name),
        "module__tasks": targets.tasks,
        "module__log_class_shares": [cells.log_class_shares[k] for k in targets.starts],
        "criterion__tasks": targets.tasks,
    }


def _heads_by_classes(tasks):
    """Return a number for each task, the same for the same type and classes."""
    kinds = [(type(task), *task.classes_.tolist()) for task in tasks]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    return [numbers[kind] for kind in kinds]


def _draws_as_it_trains(net, settings):
    """Whether training may take torch's random numbers of the process.

    Our own modules have numbers of their own once they are built, so that fits in
    threads give what they give alone. A module, callback or class of the user's may
    not; such fits train one at a time.
    """
    return (
        not all(_is_known(callback) for _, callback in net.callbacks_)
        or any(map(callable, (settings.net_params or {}).values()))
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


def check_settings(settings, task_names):
    """Raise a ValueError if a setting cannot mean anything for these tasks."""
    for name in settings.net_params or {}:
        instead = _OWN_PARAMETERS.get(name.partition("__")[0])
        if instead and (name in _OWN_PARAMETERS or name.startswith("optimizer__")):
            raise ValueError(f"net_params holds {name!r}. Use {instead} instead.")
    own = _with_own_callbacks(settings)
    stops = asks_for_early_stopping(settings)
    names = [*_OF_EVERY_NET, *(["print_log"] if settings.verbose else [])]
    names += [name for name, _ in _callbacks(own, "mean" if stops else None)]
    check_callbacks(own.callbacks, names, settings.net_params)
    if not validates(settings) and not _splits_by_itself(settings):
        needy = [c for _, c in own.callbacks if needs_validation(c)]
        if needy:
            raise ValueError(
                f"The callback {type(needy[0]).__name__} reads a score of validation "
                "rows, and early_stopping=False sets none aside. Use "
                "early_stopping='auto'; or let the callback read the training, by "
                "monitor='train_loss' or 'train_loss_best', or on_train=True; a "
                "WandbLogger needs save_model=False."
            )
        return
    taken = [name for name in ("mean", "worst") if name in task_names]
    if taken:
        raise ValueError(
            f"With a validation split no task can be called {taken[0]!r}, which is a "
            "score over all tasks. Rename it."
        )
    if not stops:
        return
    ValidationScore.of_name(settings.early_stopping_metric, task_names)


def _check_validated(score, targets, codes):
    if score.over not in targets.names:
        return
    if (codes[:, targets.starts[targets.names.index(score.over)]] < 0).all():
        raise ValueError(
            f"early_stopping_metric is the task {score.over!r}, and none of the "
            f"{len(codes)} rows of the validation split carries its label: it has too "
            "few. Use 'mean', or a larger validation_fraction."
        )


def validates(settings):
    """Whether rows are set aside: for early stopping, or for a callback's score."""
    if settings.early_stopping != "auto":
        return asks_for_early_stopping(settings)
    own = own_callbacks(settings.callbacks, settings.net_params)
    return any(needs_validation(callback) for _, callback in own)


def _splits_by_itself(settings):
    """Whether `net_params` splits the training rows, as skorch does."""
    return (settings.net_params or {}).get("train_split") is not None


def _batch_size(settings, plan):
    name = "iterator_train__batch_size"
    return (settings.net_params or {}).get(name, plan.batch_size)


def _with_own_callbacks(settings, callbacks=()):
    """Return the settings with copies of the user's callbacks, and further ones."""
    settings = copy(settings)
    own = own_callbacks(settings.callbacks, settings.net_params)
    settings.callbacks = [*own, *callbacks]
    return settings


def _callbacks(settings, watched):
    """Return the callbacks of the run, ours and the user's.

    `watched` is whose score stops training, None for nobody's.
    """
    own = list(settings.callbacks or [])
    bare = [
        callback[1] if isinstance(callback, tuple) else callback for callback in own
    ]
    callbacks = []
    if not any(isinstance(callback, LRScheduler) for callback in bare):
        callbacks.append(("learning_rate", LinearDecay()))
    if watched is not None:
        stopping = EarlyStopping(
            monitor=f"valid_score_{watched}",
            lower_is_better=False,
            # skorch's threshold is a part of the score, which may be negative.
            threshold_mode="abs",
            patience=settings.n_iter_no_change,
            load_best=True,
        )
        callbacks.append(("early_stopping", stopping))
    if settings.verbose:
        callbacks.append(("progress", ProgressBar()))
    return callbacks + own


def resolve_device(device):
    """Return the device to train on; "auto" is CUDA where there is one.

    Raises
    ------
    ValueError
        If the device is unknown, or CUDA is asked for and absent.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is no device that torch knows. Use 'cpu', 'cuda' or "
            "'auto'."
        ) from error
    if device.startswith("cuda"):
        n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if n_devices <= (torch.device(device).index or 0):
            raise ValueError(
                f"device={device!r} asks for CUDA, and torch finds {n_devices or 'no'} "
                "CUDA device. Use device='cpu', or 'auto' to take CUDA only where "
                "it is there."
            )
    return device
