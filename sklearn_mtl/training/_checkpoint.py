"""The state of a net between two epochs, from which training can go on to the bit."""

from time import monotonic

import numpy as np
from skorch.history import History

from ._runtime import go_on_from, random_states
from ._states import (
    REPORTING,
    NotPlain,
    callback_state,
    module_state,
    objects_of,
    plain,
    set_callback_state,
    set_module_state,
)

# Methods of TorchJD that make an optimizer or a solver of their own as they train.
_WITH_OBJECTS = ("FAMO", "NashMTL")


class NetCheckpoint:
    """Keeps the state of a net at the ends of epochs, and puts it back.

    Parameters
    ----------
    store : object
        ``store.write(state, is_first)`` keeps a dict of plain values, see `_states`;
        ``store.training`` is the dict that an earlier run kept last, or None;
        ``store.minutes`` is the shortest time between two states.

    device : str, default="cpu"

    draws : bool, default=False
        Whether training draws torch's global random numbers.
    """

    def __init__(self, store, device="cpu", *, draws=False):
        self.store, self.device, self.draws = store, device, draws

    def begin(self, net):
        """Put the kept state back, or else keep that before the first epoch.

        Call it after the callbacks' ``on_train_begin``.

        Returns
        -------
        n_epochs : int
            Number of epochs left.
        """
        for part in net.criterion_.modules():
            if type(part).__name__ in _WITH_OBJECTS:
                raise _not_storable("balancing", part)
        # What is not plain must stay what it is: it is not in the state.
        self._objects = self._objects_of(net)
        kept = self.store.training
        if kept is None:
            self._write(net, is_first=True)
            return net.max_epochs
        self.store.training = None  # it takes as much memory as the net
        _restore(net, kept)
        if self.draws:
            go_on_from(kept["random"], self.device)
        self.written = monotonic()
        return 0 if kept["stopped"] else net.max_epochs - len(net.history)

    def end_epoch(self, net, stopped):
        """Keep the state after an epoch, if it is time to.

        Parameters
        ----------
        net : MultiTaskNet

        stopped : bool
            Whether training stops early.
        """
        diverged = not np.isfinite(net.history[-1, "train_loss"])
        if diverged or monotonic() - self.written < 60 * self.store.minutes:
            return
        for place, value in self._objects_of(net).items():
            if self._objects.get(place) is not value:
                raise _not_storable(" of the ".join(reversed(place)), value)
        self._write(net, stopped=stopped)

    def _write(self, net, *, stopped=False, is_first=False):
        state = _state_of(net) | {"stopped": stopped}
        state["random"] = random_states(self.device) if self.draws else None
        self.store.write(state, is_first=is_first)
        self.written = monotonic()

    @staticmethod
    def _objects_of(net):
        parts = {"network": net.module_, "loss": net.criterion_}
        return {
            (part, ".".join(filter(None, key))): value
            for part, module in parts.items()
            for key, value in objects_of(module).items()
        }


def _state_of(net):
    return {
        "network": module_state(net.module_),
        "criterion": module_state(net.criterion_),
        "optimizer": _plain(net.optimizer_.state_dict(), "state of the optimizer"),
        "order": net.iterator_train__generator.get_state(),
        "callbacks": {
            name: _callback_state(name, callback) for name, callback in _keeping(net)
        },
        "history": [_packed(epoch) for epoch in net.history],
    }


def _restore(net, state):
    set_module_state(net.module_, state["network"])
    set_module_state(net.criterion_, state["criterion"])
    net.optimizer_.load_state_dict(state["optimizer"])
    net.iterator_train__generator.set_state(state["order"])
    for name, callback in _keeping(net):
        set_callback_state(callback, state["callbacks"][name])
    net.history_ = History(_unpacked(epoch) for epoch in state["history"])


def _keeping(net):
    return [pair for pair in net.callbacks_ if not isinstance(pair[1], REPORTING)]


def _plain(value, where):
    try:
        return plain(value)
    except NotPlain as reason:
        raise _not_storable(where, reason.args[-1]) from None


def _callback_state(name, callback):
    try:
        return callback_state(callback)
    except NotPlain as reason:
        *attribute, value = reason.args
        where = f"attribute {attribute[0]}" if attribute else "state_dict()"
        raise _not_storable(
            f"{where} of the callback {name!r}",
            value,
            "An object that need not be kept can be passed to its constructor; or give "
            "it state_dict and load_state_dict. ",
        ) from None


def _not_storable(where, value, advice=""):
    return ValueError(
        f"A checkpoint cannot store the {where}: it holds an object of "
        f"{type(value).__name__}, and only numbers, texts, arrays, and collections of "
        f"these can be stored. {advice}Or fit with checkpoint=None."
    )


def _packed(epoch):
    """Return the records of an epoch, with an array for each record of the batches.

    Batches of validation follow those of training, and have other records.
    """
    groups = []
    for batch in epoch["batches"]:
        if not groups or list(groups[-1]) != list(batch):
            groups.append({name: [] for name in batch})
        for name, value in batch.items():
            groups[-1][name].append(value)
    epoch = epoch | {"batches": [_as_arrays(group) for group in groups]}
    return _plain(epoch, "history of an epoch")


def _as_arrays(group):
    kinds = {name: {type(value) for value in values} for name, values in group.items()}
    return {
        name: np.array(values) if kinds[name] in ({int}, {float}) else values
        for name, values in group.items()
    }


def _unpacked(epoch):
    batches = []
    for group in epoch["batches"]:
        columns = [
            values.tolist() if isinstance(values, np.ndarray) else values
            for values in group.values()
        ]
        batches += [
            dict(zip(group, row, strict=True)) for row in zip(*columns, strict=True)
        ]
    return epoch | {"batches": batches}
