"""Nets with other tasks or classes than a trained net, but with its weights."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch
from sklearn.base import clone
from torch import nn

from ..answers._types import OrdinalAnswers
from ..network._build import LinkedNetwork
from ..network._places import TaskKeys, keyed_weights
from ._net import MultiTaskNet
from ._optimizers import LinearDecay

# The logit of a class that a net did not know.
NEVER = -1e4


def check_growable(net):
    """Raise a ValueError if the network does not say which weights are whose."""
    if not hasattr(net.module_, "places"):
        name = type(net.module__sharing).__name__
        raise ValueError(
            f"The network of {name} has no method places(tasks), so it is not known "
            "which weights belong to which tasks. Write one, or fit a new classifier "
            "on all tasks."
        )


def has_tasks_of(source, target):
    """Whether two nets have the same tasks with the same classes."""
    names = source.task_names == target.task_names
    return names and _kinds_of(source.tasks) == _kinds_of(target.tasks)


def carry_over(source, target):
    """Copy the weights of a trained net that a net with other tasks also has.

    Tasks are matched by name, and classes by label. All other weights of the target
    stay as they are.

    Parameters
    ----------
    source, target : MultiTaskNet
        With the same trunk and sharing.

    Returns
    -------
    known : set of str
        Names of the weights of the target's network that were copied as a whole.

    Raises
    ------
    ValueError
        If the networks differ in more than tasks and classes.
    """
    check_growable(source)
    known = carry_weights(source, target)
    _carry_links(source, target)
    return known


def carry_weights(source, target):
    """Do what :func:`carry_over` does, but for modules after the logits."""
    zeros = _keys_of(source).zeros
    by_family = defaultdict(list)
    for weight, family, keys, outputs in _weights_of(source).values():
        by_family[family].append((weight, keys, outputs))
    known = set()
    for name, (weight, family, keys, outputs) in _weights_of(target).items():
        for old, old_keys, old_outputs in by_family[family]:
            if (keys or old_keys) and not keys & old_keys:
                continue
            if outputs is None:
                _copy(name, old, weight)
                known.add(name)
            elif _copy_outputs(name, old, old_outputs, weight, outputs, zeros):
                known.add(name)
            break
    return known


def carry_logits(logits, source, target):
    """Return logits of a net as if it had the classes that another net also has.

    Rows cannot be of a class that the net did not know.

    Parameters
    ----------
    logits : list of ndarray of shape (n_rows, n_logits)

    source, target : MultiTaskNet
        The tasks of the first, and those of the other, of the same names.

    Returns
    -------
    logits : list of ndarray of shape (n_rows, n_logits), or None
        None if the logits of a task with new classes do not belong to classes.
    """
    keys, fresh, carried = _keys_of(source), _keys_of(target), []
    for k, (own, wanted) in enumerate(zip(keys.own, fresh.own, strict=True)):
        if keys.kinds[k] == fresh.kinds[k]:
            carried.append(logits[k])
            continue
        rows = np.full((len(logits[k]), len(wanted)), NEVER, dtype=logits[k].dtype)
        for place, key in enumerate(wanted):
            if key in own:
                rows[:, place] = logits[k][:, own.index(key)]
            elif key in keys.zeros:
                rows[:, place] = 0
        if (rows == NEVER).all() or isinstance(target.tasks[k], OrdinalAnswers):
            return None
        carried.append(rows)
    return carried


def carry_balancing(source, target, *, whole=False):
    """Copy what a balancer has learnt about tasks to that of another net.

    Parameters
    ----------
    source, target : MultiTaskNet

    whole : bool, default=False
        Whether to copy all numbers, and not only those with which a warm start
        continues.
    """
    old, new = source.criterion_.balancing, target.criterion_.balancing
    if type(old) is not type(new):
        return
    pairs = [
        (source.task_names.index(name), place)
        for place, name in enumerate(target.task_names)
        if name in source.task_names
    ]
    if not pairs:
        return
    befores, places = torch.tensor(pairs).T.to(target.device)
    sizes = len(source.task_names), len(target.task_names)
    held = dict(old.named_parameters()) | dict(old.named_buffers())
    for name, value in [*new.named_parameters(), *new.named_buffers()]:
        is_learnt = isinstance(value, nn.Parameter) or name in new.state
        if not (whole or is_learnt) or name not in held:
            continue
        learnt = held[name].detach()
        with torch.no_grad():
            if learnt.shape[:1] + value.shape[:1] == sizes:
                value.index_copy_(0, places, learnt[befores])
            elif learnt.shape == value.shape:
                value.copy_(learnt)


def freeze(net, known):
    """Freeze weights of a network, given by name.

    Raises
    ------
    ValueError
        If some of them are in a table with others.
    """
    parameters = dict(_inner(net.module_).named_parameters(remove_duplicate=False))
    buffers = dict(_inner(net.module_).named_buffers())
    joined = sorted(known - parameters.keys() - buffers.keys())
    if joined:
        raise ValueError(
            f"The weights {joined[:3]} cannot be frozen, because the network of "
            f"{type(net.module__sharing).__name__} keeps them in one table with others "
            "although spec.joined is False. Use trunk='tuned'."
        )
    for name in known & parameters.keys():
        parameters[name].requires_grad_(False)


def heads_by_classes(tasks):
    """Return a number for each task, equal for tasks of the same type and classes."""
    kinds = _kinds_of(tasks)
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    return [numbers[kind] for kind in kinds]


def net_for_tasks(net, names, tasks, calibration, balancer, blocks=()):
    """Build a net like another for other tasks. Its weights are new.

    Parameters
    ----------
    net : MultiTaskNet

    names : list of str

    tasks : list of TaskType

    calibration : Calibration
        Of these tasks.

    balancer : Balancer

    blocks : tuple of int, default=()
        As in an InputSpec.

    Returns
    -------
    net : MultiTaskNet
    """
    shares, added = calibration.log_shares, calibration.adjustments
    parameters = net.get_params(deep=False) | {
        "tasks": tasks,
        "task_names": names,
        "module__sharing": clone(net.module__sharing).for_tasks(names),
        "module__spec": replace(net.module__spec, blocks=blocks, joined=True),
        "module__n_logits": [task.n_logits for task in tasks],
        "module__heads": heads_by_classes(tasks),
        "module__tasks": tasks,
        "module__log_class_shares": [own[0] for own in shares],
        "criterion__tasks": tasks,
        "criterion__adjustments": [code for own in added for code in own],
        "criterion__balancing": balancer,
        "callbacks": [("learning_rate", LinearDecay())],
        "verbose": 0,
    }
    fresh = MultiTaskNet(**parameters).initialize()
    fresh.verbose = net.verbose
    fresh.callbacks_, fresh.history_ = net.callbacks_, net.history
    fresh._forget_training()
    return fresh


def _inner(module):
    return module.network if isinstance(module, LinkedNetwork) else module


def _keys_of(net):
    names, tasks = net.task_names, net.tasks
    zeros = [
        (name, task.classes_.tolist()[0])
        for name, task in zip(names, tasks, strict=True)
        if _is_binary(task)
    ]
    own = [_logit_keys(*each) for each in zip(names, tasks, strict=True)]
    return TaskKeys(list(names), own, _kinds_of(tasks), frozenset(zeros))


def _kinds_of(tasks):
    return [(type(task), *task.classes_.tolist()) for task in tasks]


def _is_binary(task):
    """Whether a task has one logit for two classes, that of the second."""
    is_one = task.n_logits == 1 and len(task.classes_) == 2
    return is_one and not task.is_multilabel and not isinstance(task, OrdinalAnswers)


def _logit_keys(name, task):
    """Return a key for each logit: the class, where there is one for each."""
    classes, n_logits = task.classes_.tolist(), task.n_logits
    if _is_binary(task):
        return [(name, classes[1])]
    of_classes = len(classes) == n_logits and not isinstance(task, OrdinalAnswers)
    if of_classes and (n_logits > 1 or task.is_multilabel):
        return [(name, label) for label in classes]
    return [(name, "logit", number) for number in range(n_logits)]


def _weights_of(net):
    return keyed_weights(_inner(net.module_), _keys_of(net))


@torch.no_grad()
def _copy(name, old, new):
    if old.shape != new.shape:
        raise ValueError(
            f"The network has another {name!r} than before: the shape was "
            f"{tuple(old.shape)} and is {tuple(new.shape)}. Only tasks and classes may "
            "be added; set the other parameters back."
        )
    new.copy_(old)


@torch.no_grad()
def _copy_outputs(name, old, old_outputs, new, outputs, zeros):
    """Copy the outputs of a layer that have equal keys; return whether all have."""
    axis, new_keys = outputs
    index = {key: n for n, keys in enumerate(old_outputs[1]) for key in keys}
    places, befores, at_zero = [], [], []
    for place, keys in enumerate(new_keys):
        before = next((index[key] for key in keys if key in index), None)
        if before is not None:
            places.append(place)
            befores.append(before)
        elif keys.intersection(zeros):
            at_zero.append(place)
    if len(places) == len(new_keys) == len(index) and places == befores:
        _copy(name, old, new)
        return True
    if axis == 1:
        old, new = old.t(), new.t()
    if old.shape[1:] != new.shape[1:]:
        _copy(name, old[:1], new[:1])
    new[places] = old[befores]
    new[at_zero] = 0
    return len(places) == len(new_keys)


def _carry_links(source, target):
    """Copy the modules after the logits, such as thresholds."""
    before = dict(zip(source.task_names, _links_of(source), strict=True))
    names_and_tasks = zip(target.task_names, target.tasks, strict=True)
    for (name, task), link in zip(names_and_tasks, _links_of(target), strict=True):
        old = before.get(name)
        if old is None or type(old) is not type(link):
            continue
        known = source.tasks[source.task_names.index(name)].classes_.tolist()
        classes = task.classes_.tolist()
        if classes == known:
            link.load_state_dict(old.state_dict())
        elif hasattr(link, "widen"):
            link.widen(old, [classes.index(label) for label in known])


def _links_of(net):
    is_linked = isinstance(net.module_, LinkedNetwork)
    return net.module_.links if is_linked else [None] * len(net.tasks)
