"""Nets of one training run that train together, a few epochs at a time."""

from contextlib import nullcontext, suppress

from ._loader import BatchRecord
from ._run import draws_as_it_trains
from ._runtime import go_on_from, random_states, reseed, seeded
from ._stack import SideBySide, attempt, stackable
from ._user_callbacks import StopTraining


class JointTraining:
    """The training of a net for each of several balancings.

    The nets start from the same weights and see the same batches, which are made once.
    Those that can be stacked train side by side, the others in turn. Each equals the
    net that ``run.fit`` returns, also if training pauses or if others leave.

    Parameters
    ----------
    run : TrainingRun

    balancings : list of Balancer

    Attributes
    ----------
    nets : list of MultiTaskNet
        In the order of their balancings.
    """

    def __init__(self, run, balancings):
        self.run, self.nets = run, []
        record, device = BatchRecord(), run.config.device
        with seeded(run.seed, device):
            for balancing in balancings:
                reseed(run.seed, device)
                self.nets.append(run.build(balancing, record=record))
            drawn = random_states(device)
        alike = stackable(self.nets, run.config)
        others = [net for net in self.nets if net not in alike]
        self.parts = [SideBySide(alike, run)] if alike else []
        self.parts.append(InTurn(others, run, drawn))
        self.ended = {}

    def train(self, until):
        """Train all nets to the end of an epoch, or until they stop.

        Parameters
        ----------
        until : int
            Number of epochs since the first.

        Returns
        -------
        trained : dict of {MultiTaskNet: (MultiTaskNet or Exception, bool)}
            For each of `nets`, the trained net, or the error where training failed; and
            whether its training has ended. A net whose training goes on shares its
            weights with the one returned.
        """
        for part in self.parts:
            self.ended |= part.train(until)
        return {
            net: (self.ended[net], True)
            if net in self.ended
            else (attempt(self.run.as_if_ended, net), False)
            for net in self.nets
        }

    def keep(self, nets):
        """Continue with some of `nets`; the others leave."""
        self.nets = [net for net in self.nets if net in nets]
        self.ended = {net: self.ended[net] for net in self.nets if net in self.ended}
        for part in self.parts:
            part.keep(self.nets)


class InTurn:
    """Nets that train one after the other.

    A net that draws torch's global random numbers as it trains continues from the state
    in which it paused, and starts from the one after building.

    Parameters
    ----------
    nets : list of MultiTaskNet

    run : TrainingRun

    drawn : list of tensor
        The state of random numbers after building.
    """

    def __init__(self, nets, run, drawn):
        self.run = run
        self.epochs = {net: _epochs(net, run.dataset) for net in nets}
        self.states = {
            net: drawn for net in nets if draws_as_it_trains(net, run.config)
        }

    def train(self, until):
        """Train to the end of an epoch.

        Returns
        -------
        ended : dict of {MultiTaskNet: MultiTaskNet or Exception}
            The nets whose training ended, and the trained nets or errors.
        """
        ended = {}
        for net in list(self.epochs):
            found = attempt(self._go_on, net, until)
            if found is not None:
                ended[net] = found
                self._forget(net)
        return ended

    def keep(self, nets):
        """Continue with some of the nets, and end the training of the others."""
        for net in set(self.epochs).difference(nets):
            attempt(net.finish, self.run.dataset)  # callbacks may hold files
            self._forget(net)

    def _forget(self, net):
        self.epochs.pop(net)
        self.states.pop(net, None)

    def _go_on(self, net, until):
        """Return the net if its training ends, and None if it pauses."""
        if len(net.history) >= until:
            return None
        run, device = self.run, self.run.config.device
        draws = net in self.states
        with seeded(run.seed, device) if draws else nullcontext():
            if draws:
                go_on_from(self.states[net], device)
            for n_done in self.epochs[net]:
                if n_done >= until:
                    if draws:
                        self.states[net] = random_states(device)
                    return None
            return run.end(net)


def _epochs(net, dataset):
    """Train a net as skorch's ``fit_loop`` does; yield the epochs done before others.

    Parameters
    ----------
    net : MultiTaskNet
        Initialized, and not trained.

    dataset : RowDataset
    """
    net.notify("on_train_begin", X=dataset, y=None)
    learnt, validation = net.get_split_datasets(dataset)
    sets = {"dataset_train": learnt, "dataset_valid": validation}
    batches, checks = net.get_iterator(learnt, training=True), None
    if validation is not None:
        checks = net.get_iterator(validation, training=False)
    with suppress(StopTraining):
        for n_done in range(1, net.max_epochs + 1):
            net.notify("on_epoch_begin", **sets)
            net.run_single_epoch(batches, True, "train", net.train_step)
            net.run_single_epoch(checks, False, "valid", net.validation_step)
            net.notify("on_epoch_end", **sets)
            if n_done < net.max_epochs:
                yield n_done
