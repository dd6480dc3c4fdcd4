"""The user's skorch callbacks: their names, checks, and copies for a fit."""

import dis
import signal
from collections import Counter
from copy import deepcopy
from inspect import signature
from types import SimpleNamespace

from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    InputShapeSetter,
    LRScheduler,
    PassthroughScoring,
    WandbLogger,
)
from skorch.callbacks.scoring import ScoringBase, convert_sklearn_metric_function
from skorch.utils import to_numpy
from torch.optim.lr_scheduler import LRScheduler as TorchScheduler

from ..utils._compat import _BaseScorer

_PREFIX = "callbacks__"


class StopTraining(Exception):  # noqa: N818 (a request, not an error)
    """Raised if a callback requests a stop; the current weights are kept."""


def named_callbacks(callbacks):
    """Return each callback with the name that skorch gives it.

    Parameters
    ----------
    callbacks : list or None
        Callbacks or callback classes, each alone or as a pair ``(name, callback)``.

    Returns
    -------
    named : list of (str, callback)
    """
    pairs = []
    for item in callbacks or []:
        if isinstance(item, tuple | list):
            if len(item) != 2 or not isinstance(item[0], str):
                raise ValueError(
                    f"callbacks contains {item!r}. Pass a callback, or a pair (name, "
                    "callback)."
                )
            pairs.append((*item, True))
        else:
            pairs.append((_class_of(item).__name__, item, False))
    unnamed = Counter(name for name, _, is_given in pairs if not is_given)
    numbers, named = Counter(), []
    for name, callback, is_given in pairs:
        if not is_given and unnamed[name] > 1:
            numbers[name] += 1
            name = f"{name}_{numbers[name]}"
        named.append((name, callback))
    return named


def callback_params(callbacks):
    """Return the parameters of callbacks under their names in a parameter grid."""
    params = {}
    for name, callback in named_callbacks(callbacks):
        params[_PREFIX + name] = callback
        if isinstance(callback, Callback):
            own = callback.get_params(deep=False)
            params |= {f"{_PREFIX}{name}__{key}": own[key] for key in own}
    return params


def set_callback_params(callbacks, params):
    """Return the callbacks with some parameters set or callbacks replaced.

    Parameters
    ----------
    callbacks : list or None

    params : dict
        ``callbacks__<name>`` is a callback, ``callbacks__<name>__<parameter>`` a
        parameter of a callback. Parameters are set in place, as in scikit-learn.

    Returns
    -------
    callbacks : list or None
        The same list, unless a callback is replaced.
    """
    if not params:
        return callbacks
    named = dict(named_callbacks(callbacks))
    replaced = False
    for key in sorted(params, key=lambda key: key.count("__")):
        name, _, parameter = key.removeprefix(_PREFIX).partition("__")
        if name not in named:
            raise ValueError(
                f"Cannot set {key}: callbacks contains no callback called {name!r}. "
                f"Use one of the names {list(named)}."
            )
        if not parameter:
            named[name], replaced = params[key], True
        elif isinstance(named[name], Callback):
            named[name].set_params(**{parameter: params[key]})
        else:
            raise ValueError(
                f"Cannot set {key}, because the callback {name!r} is {named[name]!r}. "
                "Pass an instance."
            )
    return list(named.items()) if replaced else callbacks


def own_callbacks(callbacks, net_params=None):
    """Return copies of the callbacks for one fit, with their names.

    Training changes callbacks, so a fit uses copies. Constructor arguments, such as a
    list or a logger, are not copied.

    Parameters
    ----------
    callbacks : list or None

    net_params : dict, default=None
        Its items ``callbacks__<name>__<parameter>`` are set in the copies.

    Returns
    -------
    named : list of (str, Callback)

    Raises
    ------
    ValueError
        If an item is not a callback or cannot be copied.
    """
    own, params = [], {}
    for name, callback in named_callbacks(callbacks):
        prefix = f"{_PREFIX}{name}__"
        params[name] = {
            key.removeprefix(prefix): value
            for key, value in (net_params or {}).items()
            if key.startswith(prefix)
        }
        own.append((name, _instance(callback, params[name])))
    shared = {}
    for _, callback in own:
        for key in signature(type(callback)).parameters:
            value = vars(callback).get(key)
            if not isinstance(value, Callback):  # nested callbacks are copied too
                shared[id(value)] = value
    try:
        own = deepcopy(own, shared)
    except TypeError as error:
        raise ValueError(
            f"A fit uses copies of its callbacks, but one of {dict(own)} cannot be "
            f"copied: {error}. Pass the object that cannot be copied to the callback's "
            "constructor and store it in an attribute with the parameter's name; such "
            "attributes are not copied."
        ) from error
    for name, callback in own:
        if params[name]:
            callback.set_params(**params[name])
        if isinstance(callback, ScoringBase) and callback.target_extractor is to_numpy:
            callback.target_extractor = read_codes
    return own


def _instance(callback, params):
    kind = _class_of(callback)
    if not issubclass(kind, Callback):
        instead = "Pass callbacks of skorch, or objects that inherit from its Callback."
        if issubclass(kind, TorchScheduler):
            instead = f"Pass skorch's LRScheduler({kind.__name__}, ...)."
        elif hasattr(kind, "on_fit_task_end"):
            instead = "Pass callbacks of scikit-learn to set_callbacks."
        raise ValueError(
            f"callbacks contains {callback!r}, which is not a callback of skorch. "
            f"{instead}"
        )
    if not isinstance(callback, type):
        return callback
    try:
        return callback(**params)
    except TypeError as error:
        raise ValueError(
            f"callbacks contains the class {kind.__name__}, which needs arguments: "
            f"{error}. Pass an instance."
        ) from error


def own_net_params(net_params):
    """Return `net_params` with copies of its callbacks."""
    return {
        name: deepcopy(value) if isinstance(value, Callback) else value
        for name, value in (net_params or {}).items()
    }


def read_codes(cells):
    """Return the codes of cells as an ndarray, -1 where a label is missing."""
    return to_numpy(cells.codes)


def check_callbacks(own, names, net_params):
    """Raise a ValueError if a callback cannot be used.

    Parameters
    ----------
    own : list of (str, Callback)
        The user's callbacks, from :func:`own_callbacks`.

    names : list of str
        The names of all callbacks of the fit.

    net_params : dict or None
    """
    taken = [name for name in names if names.count(name) > 1]
    if taken:
        raise ValueError(
            f"callbacks contains the name {taken[0]!r}, which another callback has "
            f"already. Use a name other than {sorted(set(names))}."
        )
    for key, value in (net_params or {}).items():
        name = key.removeprefix(_PREFIX).partition("__")[0]
        if not key.startswith(_PREFIX) or name in names or value is None:
            continue
        raise ValueError(
            f"net_params contains {key!r}, but this fit has no callback {name!r}. It "
            f"has {names}."
        )
    replaced = [name for name, _ in own if _PREFIX + name in (net_params or {})]
    if replaced:
        raise ValueError(
            f"net_params replaces the callback {replaced[0]!r} in callbacks. Pass only "
            "one of the two, in callbacks."
        )
    for _, callback in own:
        _check_callback(callback)


def _check_callback(callback):
    name = type(callback).__name__
    if isinstance(callback, InputShapeSetter):
        raise ValueError(
            f"callbacks contains an {name}, which is not needed: the network gets the "
            "number of features from the rows. Remove it."
        )
    if isinstance(callback, LRScheduler):
        _check_scheduler(callback)
    if isinstance(callback, ScoringBase):
        scoring = callback.scoring
        if (
            not callable(scoring)
            or isinstance(scoring, _BaseScorer)
            or convert_sklearn_metric_function(scoring) is not scoring
        ):
            raise ValueError(
                f"{name} got scoring={scoring!r}. The net returns logits, which "
                "scikit-learn's scorers cannot read. Pass a function of (net, rows, "
                "codes); or for scores of each epoch use scikit-learn's ScoringMonitor "
                "with set_callbacks."
            )
    if (
        isinstance(callback, PassthroughScoring)
        and callback.name.startswith("train_")
        and not callback.on_train
    ):
        raise ValueError(
            f"{name} of {callback.name!r}, a score of the training, needs "
            "on_train=True."
        )


def _check_scheduler(callback):
    try:
        policy = callback._get_policy_cls()
    except AttributeError as error:
        raise ValueError(
            f"LRScheduler has no policy {callback.policy!r}. Pass a class of "
            "torch.optim.lr_scheduler."
        ) from error
    cycles = signature(policy).parameters.get("cycle_momentum")
    if cycles and callback.kwargs.get("cycle_momentum", cycles.default):
        raise ValueError(
            f"LRScheduler with the policy {policy.__name__} cycles momentum, but the "
            "optimizer of sparse input layers has no momentum. Pass "
            "cycle_momentum=False to it."
        )


def watched_record(callback):
    """Return the name of the history record that a callback reads, or None."""
    record = None
    if isinstance(callback, LRScheduler):
        policy = getattr(callback.policy, "__name__", callback.policy)
        if policy == "ReduceLROnPlateau" and callback.step_every == "epoch":
            record = callback.monitor
    elif isinstance(callback, EarlyStopping | Checkpoint):
        record = callback.monitor
    elif isinstance(callback, WandbLogger) and callback.save_model:
        record = "valid_loss_best"
    return record if isinstance(record, str) else None


def needs_validation(callback):
    """Whether a callback reads a validation score."""
    if isinstance(callback, ScoringBase):
        return not callback.on_train
    if isinstance(callback, PassthroughScoring):
        return callback.name.startswith("valid_")
    return (watched_record(callback) or "").startswith("valid_")


def is_interrupt(error):
    """Whether a KeyboardInterrupt comes from Ctrl-C, not from a callback.

    If a callback raised it, the current instruction of the innermost frame is a `raise`
    statement. After Ctrl-C it is another instruction, because Python's default handler
    has no frame. A signal handler written in Python is one of the frames.
    """
    handler = getattr(signal.getsignal(signal.SIGINT), "__code__", None)
    trace = error.__traceback__
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code, trace.tb_lasti))
        trace = trace.tb_next
    code, at = frames[-1]
    raised = code.co_code[at] == dis.opmap["RAISE_VARARGS"]
    return not raised or any(code is handler for code, _ in frames)


def with_stored_gradient(weight):
    """Return an object whose gradient holds the stored values of a sparse gradient."""
    if weight.grad is None or not weight.grad.is_sparse:
        return weight
    weight.grad = weight.grad.coalesce()
    return SimpleNamespace(grad=weight.grad.values())


def _class_of(callback):
    return callback if isinstance(callback, type) else type(callback)


def restored(net):
    """Yield the callbacks that restore weights after training, and their epoch."""
    for _, callback in net.callbacks_:
        epoch = None
        if isinstance(callback, EarlyStopping) and callback.load_best:
            epoch = callback.best_epoch_
        elif isinstance(callback, Checkpoint) and callback.load_best:
            saved = (each.get(callback.event_name) for each in net.history)
            epoch = max((k for k, s in enumerate(saved, start=1) if s), default=0)
        if epoch and epoch < len(net.history):
            yield callback, epoch
