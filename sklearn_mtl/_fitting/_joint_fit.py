"""Fits of one estimator with several loss weights, a few epochs at a time."""

from copy import copy

from ..training._joint import JointTraining
from ..training._runtime import computing
from ..training._stack import attempt
from ..utils._numpy import numpy_errors


class JointFit:
    """The fits of an estimator with several loss weights.

    Texts are vectorized once, and batches are made once.

    Parameters
    ----------
    estimator : BaseMultiTask
        Has the attributes of vectorized rows. Copies of it become the fits.

    loss_weights : list
        The parameter `loss_weights` of each fit.

    built : list of Balancer or Exception
        What the balancing strategy of each built.

    run : TrainingRun

    cells : LabelledCells

    Attributes
    ----------
    n_epochs : int
        Number of epochs of a whole fit.
    """

    def __init__(self, estimator, loss_weights, built, run, cells):
        self.estimator, self.run, self.cells = estimator, run, cells
        self.loss_weights = list(loss_weights)
        self.n_epochs = run.plan.max_iter
        able = [each for each in built if not isinstance(each, Exception)]
        with computing(estimator.n_jobs):
            self.training = JointTraining(run, able)
        nets = iter(self.training.nets)
        self.nets = [
            None if isinstance(each, Exception) else next(nets) for each in built
        ]
        # A fit is known once it has failed or ended, and None before.
        self.fits = [each if isinstance(each, Exception) else None for each in built]

    def train(self, until=None):
        """Train up to an epoch.

        Parameters
        ----------
        until : int, default=None
            Number of epochs since the first; None trains to the end.

        Returns
        -------
        fitted : list of BaseMultiTask or Exception
            The fits as if training ended now, or the error of a fit that failed. A fit
            that goes on must be used before it does.
        """
        until = self.n_epochs if until is None else until
        current = list(self.fits)
        with numpy_errors(), computing(self.estimator.n_jobs):
            trained = self.training.train(until)
            for k, known in enumerate(self.fits):
                if known is None:
                    net, has_ended = trained[self.nets[k]]
                    current[k] = attempt(self._fitted, k, net, has_ended)
                    if has_ended:
                        self.fits[k] = current[k]
        return current

    def keep(self, kept):
        """Continue with some of the fits.

        Parameters
        ----------
        kept : list of int
        """
        for name in ("loss_weights", "nets", "fits"):
            own = getattr(self, name)
            setattr(self, name, [own[k] for k in kept])
        self.training.keep([net for net in self.nets if net is not None])

    def _fitted(self, k, net, has_ended):
        if isinstance(net, Exception):
            raise net
        calibrate = self.run.finish if has_ended else self.run.calibration
        calibration = calibrate(net)
        fitted = copy(self.estimator)
        fitted.loss_weights = self.loss_weights[k]
        fitted._set_fitted(net, self.run, self.cells, calibration)
        return fitted
