"""One training run: rows, cells and settings in, a trained net out."""

from contextlib import contextmanager
from math import ceil

import numpy as np
import torch
from joblib import effective_n_jobs
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from skorch.callbacks import EarlyStopping, LRScheduler, ProgressBar
from skorch.helper import predefined_split

from ._features import row_scale
from ._layers import InputSpec
from ._net import MultiTaskNet
from ._optimizers import LinearDecay
from ._plan import asks_for_early_stopping, logit_adjustments, make_plan
from ._splitting import multitask_split
from .sharing import resolve_sharing

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


def train(settings, rows, cells, trunk, balancing, device, previous=None):
    """Build a net and train it.

    Parameters
    ----------
    settings : MultiTaskTextClassifier
        Its constructor parameters are read.

    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    cells : LabelledCells

    trunk : BaseTrunk or None

    balancing : torch.nn.Module
        What the balancing strategy built.

    device : str

    previous : MultiTaskNet, default=None
        Net whose weights to go on from.

    Returns
    -------
    net : MultiTaskNet

    plan : Plan
    """
    rng = check_random_state(settings.random_state)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    spec = InputSpec(
        n_features=rows.shape[1],
        sparse=issparse(rows),
        # Weights that were learnt under one scale mean something else under another.
        scale=previous.module__spec.scale
        if previous
        else row_scale(rows, cells.row_weights),
        n_rows=rows.shape[0],
    )
    plan = make_plan(settings, spec, cells.cells_per_class)
    learn, validation = slice(None), None
    if plan.early_stopping:
        learn, validate = multitask_split(
            cells.codes, settings.validation_fraction, rng
        )
        _check_validated(settings, cells, validate)
        validation = predefined_split(cells.dataset(rows, validate))
    dataset = cells.dataset(rows, learn)
    n_steps = plan.max_iter * ceil(len(dataset) / plan.batch_size)
    parameters = {
        **_network_parameters(settings, cells.targets, spec, trunk, rows.dtype),
        "criterion__balancing": balancing,
        "criterion__adjustments": logit_adjustments(
            settings.logit_adjustment, cells.log_class_shares
        ),
        "alpha": settings.alpha,
        "optimizer_sparse__lr": plan.sparse_rate,
        "optimizer_dense__lr": plan.dense_rate,
        "max_epochs": plan.max_iter,
        "batch_size": plan.batch_size,
        "iterator_train__shuffle": plan.batch_size < len(dataset),
        "iterator_train__transpose": True,
        "iterator_train__generator": torch.Generator().manual_seed(seed),
        "iterator_valid__batch_size": 1024,
        "train_split": validation,
        "device": device,
        "verbose": settings.verbose,
        "callbacks": _callbacks(settings, plan, n_steps),
        **(settings.net_params or {}),
    }
    with _seeded(seed, device), threads(settings.n_jobs):
        net = MultiTaskNet(**parameters).initialize()
        if previous:
            net.go_on_from(previous)
        net.train(dataset)
    return net, plan


def _network_parameters(settings, targets, spec, trunk, dtype):
    """Return what the net needs to know of tasks, network and loss."""
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
        "module__dtype": getattr(torch, dtype.name),
        "criterion__tasks": targets.tasks,
    }


@contextmanager
def _seeded(seed, device):
    """Run a block with torch's random numbers of its own, on the devices it uses."""
    devices = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        for cuda in devices:
            with torch.cuda.device(cuda):
                torch.cuda.manual_seed(seed)
        yield


def check_settings(settings, task_names):
    """Raise a ValueError if a setting cannot mean anything for these tasks."""
    for name in settings.net_params or {}:
        instead = _OWN_PARAMETERS.get(name.partition("__")[0])
        if instead and (name in _OWN_PARAMETERS or name.startswith("optimizer__")):
            raise ValueError(f"net_params holds {name!r}. Use {instead} instead.")
    if not asks_for_early_stopping(settings):
        return
    taken = [name for name in ("mean", "worst") if name in task_names]
    if taken:
        raise ValueError(
            f"With early stopping no task can be called {taken[0]!r}, which is a "
            "score over all tasks. Rename it."
        )
    if settings.early_stopping_metric not in ["mean", "worst", *task_names]:
        raise ValueError(
            "early_stopping_metric must be 'mean', 'worst' or the name of a task. Got "
            f"{settings.early_stopping_metric!r}; the tasks are {task_names}."
        )


def _check_validated(settings, cells, rows):
    metric, names = settings.early_stopping_metric, cells.targets.names
    if metric in names and (cells.codes[rows, names.index(metric)] < 0).all():
        raise ValueError(
            f"early_stopping_metric is the task {metric!r}, and none of the "
            f"{len(rows)} rows of the validation split carries its label: it has too "
            "few. Use 'mean', or a larger validation_fraction."
        )


def _callbacks(settings, plan, n_steps):
    """Return the callbacks of the run, ours and the user's."""
    own = list(settings.callbacks or [])
    bare = [
        callback[1] if isinstance(callback, tuple) else callback for callback in own
    ]
    callbacks, last = [], []
    if not any(isinstance(callback, LRScheduler) for callback in bare):
        callbacks.append(("learning_rate", LinearDecay(n_steps)))
    if plan.early_stopping:
        metric = settings.early_stopping_metric
        stopping = EarlyStopping(
            monitor=f"valid_score_{metric}",
            lower_is_better=False,
            patience=settings.n_iter_no_change,
            load_best=True,
        )
        # After the user's, who would not see the epoch at which it stops.
        last.append(("early_stopping", stopping))
    if settings.verbose:
        callbacks.append(("progress", ProgressBar()))
    return callbacks + own + last


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


@contextmanager
def threads(n_jobs):
    """Run a block with torch on `n_jobs` threads, counted as joblib counts."""
    before = torch.get_num_threads()
    torch.set_num_threads(effective_n_jobs(n_jobs))
    try:
        yield
    finally:
        torch.set_num_threads(before)
