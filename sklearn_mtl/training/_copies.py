"""Copies of a net while it trains, and what is tuned once it has."""

from copy import copy, deepcopy

import numpy as np
from skorch.callbacks import EarlyStopping

from ..answers._layout import CodeLayout
from ._user_callbacks import restored


class CopiesMixin:
    """Makes copies of a net that training goes on with, and nets to predict with."""

    def branch(self, weights=None):
        """Return a copy with weights of its own, whose optimizer has no state.

        `weights` maps the ids of weights to those that the copy gets instead.
        """
        # Not copy(), which skorch implements by pickling.
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        own = ("module_", "criterion_", "criterion__balancing", "history_")
        held = {name: vars(self)[name] for name in own}
        twin.__dict__.update(deepcopy(held, {**(weights or {})}))
        twin.initialize_optimizer()
        twin.callbacks_ = [(name, copy(callback)) for name, callback in self.callbacks_]
        twin.callbacks = list(twin.callbacks_)
        return twin

    def snapshot(self, weights=None):
        """Return the net as it would be if training ended now, see :meth:`branch`."""
        twin = self.branch(weights)
        for callback, _ in restored(self):
            if isinstance(callback, EarlyStopping):
                twin.module_.load_state_dict(callback.best_model_weights_)
            else:
                kind = callback.use_safetensors
                twin.load_params(checkpoint=callback, use_safetensors=kind)
        twin._forget_training()
        return twin

    def paused(self):
        """Return the net as of now, to predict with before training goes on.

        It shares the weights. Only the list of tasks and the history are its own.
        """
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.tasks, twin.history_ = list(self.tasks), deepcopy(self.history_)
        return twin

    def tune(self, dataset, calibration):
        """Tune the decisions of tasks on rows that were set aside, a RowDataset.

        A Calibration makes their probabilities.
        """
        self.tune_on(self.forward(dataset), dataset, calibration)

    def tune_on(self, logits, dataset, calibration):
        """Tune the decisions of tasks on rows with known logits."""
        layout = CodeLayout(self.tasks)
        self.tasks = [
            task.tuned(
                calibration.calibrated(k, task, np.asarray(own)),
                layout.table_of_task(dataset.codes, k),
                layout.table_of_task(dataset.weights, k),
            )
            for k, (task, own) in enumerate(zip(self.tasks, logits, strict=True))
        ]
