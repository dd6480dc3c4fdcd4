"""The settings of a training run, read from the estimator once per fit."""

from dataclasses import MISSING, dataclass, fields, replace
from numbers import Real

import torch
from skorch.callbacks import EarlyStopping, LRScheduler, ProgressBar
from skorch.callbacks.scoring import ScoringBase

from ..distributed._ranks import current_ranks
from ._optimizers import LinearDecay
from ._user_callbacks import check_callbacks, needs_validation, own_callbacks
from ._validation import ValidationScore

# Parameters of skorch nets that the estimator sets under another name, or not at all.
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


@dataclass(frozen=True)
class TrainingConfig:
    """The user's settings of training.

    The attributes are parameters of the estimator, documented there, and results of the
    probe. Lower layers do not see the estimator; they read settings from this object.
    """

    sharing: object
    max_iter: object
    batch_size: object
    learning_rate_init: object
    alpha: object
    temperature: object
    logit_adjustment: object
    class_weight: object
    early_stopping: object
    early_stopping_metric: str
    validation_fraction: float
    n_iter_no_change: int
    random_state: object
    device: str
    verbose: int
    callbacks: list | None
    net_params: dict | None
    # Factor for the "auto" learning rates; the probe may lower it.
    learning_rate_factor: float = 1.0

    @classmethod
    def of(cls, estimator):
        """Read the constructor parameters of an estimator.

        Raises
        ------
        ValueError
            If its device is not available.
        """
        names = [field.name for field in fields(cls) if field.default is MISSING]
        config = cls(**{name: getattr(estimator, name) for name in names})
        ranks = current_ranks()
        return replace(
            config,
            device=resolve_device(config.device),
            # Of several processes, only the first prints.
            verbose=config.verbose if ranks is None or ranks.is_first else 0,
        )

    @property
    def params_of_net(self):
        """The dict `net_params`; {} if it is None."""
        return self.net_params or {}

    @property
    def splits_by_itself(self):
        """Whether `net_params` gives skorch a `train_split`."""
        return self.params_of_net.get("train_split") is not None

    @property
    def stops_early(self):
        """Whether early stopping is on; a grid may hold numpy's True."""
        return self.early_stopping != "auto" and bool(self.early_stopping)

    @property
    def sets_rows_aside(self):
        """Whether rows are held out, for early stopping or a callback's score."""
        if self.splits_by_itself:
            return False
        if self.early_stopping != "auto":
            return self.stops_early
        own = own_callbacks(self.callbacks, self.net_params)
        return any(needs_validation(callback) for _, callback in own)

    def run_callbacks(self, watched, further=()):
        """Return the callbacks of one fit, including copies of the user's callbacks.

        Parameters
        ----------
        watched : str or None
            The task whose validation score stops training, "mean", "worst" or None.

        further : sequence of skorch callbacks, default=()

        Returns
        -------
        callbacks : list of (str, callback) or callback
        """
        users = own_callbacks(self.callbacks, self.net_params)
        return self._with_ours([*users, *further], watched)

    def _with_ours(self, users, watched):
        bare = [each[1] if isinstance(each, tuple) else each for each in users]
        callbacks = []
        if not any(isinstance(callback, LRScheduler) for callback in bare):
            callbacks.append(("learning_rate", LinearDecay()))
        if watched is not None:
            stopping = EarlyStopping(
                monitor=f"valid_score_{watched}",
                lower_is_better=False,
                # skorch's default threshold is relative to the score, which may be
                # negative.
                threshold_mode="abs",
                patience=self.n_iter_no_change,
                load_best=True,
            )
            callbacks.append(("early_stopping", stopping))
        if self.verbose:
            callbacks.append(("progress", ProgressBar()))
        return callbacks + users

    def check(self, task_names):
        """Raise a ValueError if a setting does not fit these tasks."""
        for name in self.params_of_net:
            instead = _OWN_PARAMETERS.get(name.partition("__")[0])
            if instead and (name in _OWN_PARAMETERS or name.startswith("optimizer__")):
                raise ValueError(
                    f"net_params contains {name!r}, which is not supported. Use "
                    f"{instead} instead."
                )
        power = self.params_of_net.get("iterator_train__task_power", 1)
        if not (isinstance(power, Real) and 0 <= power <= 1):
            raise ValueError(
                f"iterator_train__task_power must be from 0 to 1. Got {power!r}. 1 "
                "takes each row once, 0 samples all tasks equally often."
            )
        own = own_callbacks(self.callbacks, self.net_params)
        names = [*_OF_EVERY_NET, *(["print_log"] if self.verbose else [])]
        watched = "mean" if self.stops_early else None
        names += [name for name, _ in self._with_ours(own, watched)]
        check_callbacks(own, names, self.net_params)
        if current_ranks() is not None:
            _check_none_scores_batches(own)
        if not self.sets_rows_aside and not self.splits_by_itself:
            _check_none_needs_validation(own)
            return
        taken = [name for name in ("mean", "worst") if name in task_names]
        if taken:
            raise ValueError(
                f"A task is called {taken[0]!r}, but with a validation split this is "
                "the name of a score over all tasks. Rename the task."
            )
        if self.stops_early:
            ValidationScore.of_name(self.early_stopping_metric, task_names)


def _check_none_scores_batches(callbacks):
    for name, callback in callbacks:
        if isinstance(callback, ScoringBase) and callback.on_train:
            raise ValueError(
                f"The callback {name!r} scores training batches (on_train=True), but "
                "with data_parallel each process predicts only a part of them. Set "
                "on_train=False, or train in one process."
            )


def _check_none_needs_validation(callbacks):
    needy = [callback for _, callback in callbacks if needs_validation(callback)]
    if needy:
        raise ValueError(
            f"The callback {type(needy[0]).__name__} reads a validation score, but "
            "early_stopping=False holds out no rows. Use early_stopping='auto', or let "
            "the callback read a training score: monitor='train_loss' or "
            "'train_loss_best', or on_train=True. For a WandbLogger use "
            "save_model=False."
        )


def resolve_device(device):
    """Return the device to train on; "auto" is CUDA if available.

    Raises
    ------
    ValueError
        If the device is unknown, or CUDA is not available.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is not a device that torch knows. Use 'cpu', 'cuda' or "
            "'auto'."
        ) from error
    if device.startswith("cuda"):
        n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if n_devices <= (torch.device(device).index or 0):
            raise ValueError(
                f"device={device!r} needs CUDA, but torch finds {n_devices or 'no'} "
                "CUDA device. Use device='cpu', or 'auto' to use CUDA only if it is "
                "available."
            )
    return device
