"""Reports a fit and its epochs to scikit-learn's callbacks."""

from contextlib import contextmanager

from skorch.callbacks import Callback

from ..utils._compat import callback_context
from ._user_callbacks import StopTraining


class FitProgress:
    """The task tree of a fit: "vectorize", and "train" with one subtask per epoch.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        The estimator whose callbacks are called.

    X, y, sample_weight : as in ``fit``
        Passed to callbacks unchanged.
    """

    def __init__(self, estimator, X, y, sample_weight=None):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.estimator = estimator
        self.data = {"X": X, "y": y, "metadata": metadata}
        self.is_watched = bool(getattr(estimator, "_skl_callbacks", []))

    def begin(self, context):
        """Report the begin of a task, and return its context."""
        return context.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end(self, context, fitted=None):
        """Report the end of a task, and return whether a callback requests a stop.

        Parameters
        ----------
        context : CallbackContext

        fitted : callable, default=None
            Returns the fitted attributes as if the fit ended now. Called only if a
            callback reads them.

        Returns
        -------
        stop : bool
        """
        return context.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes=fitted
        )

    def begin_fit(self, n_parts):
        """Report that the fit begins, and return its context."""
        return self.begin(callback_context(self.estimator, n_parts))

    @contextmanager
    def part(self, parent, name, n_parts=0):
        """Run a block as a subtask of `parent`."""
        context = self.begin(parent.subcontext(name, max_subtasks=n_parts))
        yield context
        self.end(context)


class EpochProgress(Callback):
    """A skorch callback that reports each epoch to scikit-learn's callbacks.

    Parameters
    ----------
    progress : FitProgress

    parent : CallbackContext
        The context of "train".

    fitted : callable
        Maps a net to the fitted attributes of the estimator.
    """

    def __init__(self, progress, parent, fitted):
        self.progress, self.parent, self.fitted = progress, parent, fitted

    def on_epoch_begin(self, net, **kwargs):
        self.epoch_ = self.progress.begin(self.parent.subcontext("epoch"))

    def on_epoch_end(self, net, **kwargs):
        if self.progress.end(self.epoch_, lambda: self.fitted(net.snapshot())):
            raise StopTraining

    def on_train_end(self, net, **kwargs):
        # The net outlives the fit, but must not keep the data alive.
        vars(self).clear()

    def __getstate__(self):
        return {}  # for copies of the net before training ends
