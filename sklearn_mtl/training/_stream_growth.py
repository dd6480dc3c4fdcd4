"""A stream whose tasks have got further classes."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch

from ..answers._calibration import Calibration, by_task
from ..answers._layout import CodeLayout
from ..data._stream_growth import class_map, recoded
from ._grow import (
    carry_balancing,
    carry_logits,
    carry_over,
    carry_weights,
    net_for_tasks,
)
from ._plan import logit_adjustments
from ._runtime import seeded
from ._stream_state import Recent
from ._stream_tables import FeatureTables, set_tables, take_tables


def grown_stream(stream, config, cells, balancing):
    """Return a stream for tasks with more classes. What it learnt stays.

    Parameters
    ----------
    stream : Stream

    config : TrainingConfig

    cells : LabelledCells
        Of the chunk that has the new classes.

    balancing : Balancer
        For the same tasks.

    Returns
    -------
    stream : Stream
    """
    targets = cells.targets
    before, sizes = stream.net.tasks, targets.layout.sizes
    adjustments = logit_adjustments(
        config.logit_adjustment, cells.log_class_shares, is_few=stream.is_few
    )
    calibration = Calibration(
        by_task(targets.tasks, adjustments),
        by_task(targets.tasks, cells.log_class_shares),
        np.ones(len(targets.tasks)),
    )
    seen = None if stream.tables is None else stream.tables.features
    pairs = []
    for own, name in ((stream.net, "weights"), (stream.average, "averages")):
        rows = None if seen is None else getattr(stream.tables, name)(seen)
        source = own.branch() if rows is None else _with_rows(own, rows)
        with seeded(stream.seed, config.device):  # new weights are equal in both
            target = net_for_tasks(
                source,
                *(targets.names, targets.tasks, calibration, balancing),
                source.module__spec.blocks,
            )
        carry_over(source, target)
        carry_balancing(source, target, whole=True)
        target.past_epochs_ = own.past_epochs_
        pairs.append((own, source, target))
    nets = [target for _, _, target in pairs]
    carry_optimizer(*pairs[0])
    tables = stream.tables
    if tables is not None:
        weights, averages = (take_tables(net) for net in nets)
        tables = FeatureTables.of_weights(tables.n_features, seen, averages)
        tables = tables.moved(seen, weights, 1.0)
        for net in nets:
            net.module__spec = replace(net.module__spec, n_features=tables.n_features)
    terms = stream.terms
    if terms is not None:
        terms = terms.grown(class_map(before, targets.tasks), sizes)
    recent = _recent(stream, nets[1], targets)
    net, average = nets
    return replace(
        stream, net=net, average=average, tables=tables, terms=terms, recent=recent
    )


def carry_optimizer(own, source, target):
    """Copy what the optimizer of a net keeps for its weights to a net that grew.

    Parameters
    ----------
    own : MultiTaskNet
        It has the optimizer.

    source : MultiTaskNet
        A copy of it, with all weights.

    target : MultiTaskNet
    """
    before = {}
    for optimizer in own.optimizer_.optimizers:
        before |= optimizer.state
    known = list(own.module_.parameters())
    numbers = {
        key
        for weight, state in before.items()
        for key, value in state.items()
        if isinstance(value, torch.Tensor)
        and value.shape == weight.shape
        and value.ndim
    }
    moments = {
        key: _carried_moments(known, before, key, source, target)
        for key in sorted(numbers)
    }
    names = {id(weight): name for name, weight in target.module_.named_parameters()}
    by_name = dict(own.module_.named_parameters())
    outside = iter([weight for weight in before if not _is_in(weight, known)])
    for optimizer in target.optimizer_.optimizers:
        for group in optimizer.param_groups:
            for weight in group["params"]:
                name = names.get(id(weight))
                past = next(outside, None) if name is None else by_name.get(name)
                if past is None or past not in before:
                    continue
                state = deepcopy(before[past])
                if name is not None:
                    state |= {key: moments[key][name] for key in moments}
                optimizer.state[weight] = state


def _is_in(weight, weights):
    return any(weight is other for other in weights)


def _carried_moments(known, before, key, source, target):
    """Return by name what an optimizer keeps under a key, as weights are carried."""
    source, target = source.branch(), target.branch()
    with torch.no_grad():
        for weight, past in zip(source.module_.parameters(), known, strict=True):
            value = before.get(past, {}).get(key)
            if value is None or value.shape != weight.shape:
                weight.zero_()
            else:
                weight.copy_(value)
        for weight in target.module_.parameters():
            weight.zero_()
    carry_weights(source, target)
    return {name: weight.detach() for name, weight in target.module_.named_parameters()}


def _with_rows(net, rows):
    fresh = set_tables(net.branch(), rows)
    fresh.module__spec = replace(net.module__spec, n_features=len(rows[0]))
    return fresh


def _recent(stream, average, targets):
    """Return the recent rows of a stream with logits and codes of the new classes."""
    recent, before = stream.recent, stream.average
    if recent is None:
        return None
    logits = carry_logits(recent.logits, before, average)
    if logits is None:
        return None
    codes = recoded(recent.codes, before.tasks, targets.tasks)
    places = CodeLayout(before.tasks).starts  # all codes of a cell have its weight
    weights = targets.layout.by_code(recent.weights[:, places])
    return Recent(logits, codes, weights)
