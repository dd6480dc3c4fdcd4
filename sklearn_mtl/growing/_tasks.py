"""``add_tasks`` and ``drop_tasks`` of the estimator."""

from collections.abc import Sequence
from copy import copy
from typing import Self

from sklearn.utils.validation import check_is_fitted

from ..balancing import resolve_balancing
from ..balancing._base import build_balancer
from ..data._growth import joined, new_names, subset
from ..labels._cells import some
from ..labels._tables import as_label_table
from ..network._memory import without_first_weights
from ..training._grow import (
    carry_balancing,
    carry_over,
    check_growable,
    net_for_tasks,
)
from ..training._history import without_tasks
from ..training._runtime import computing, seeded
from ..utils import _typing as t
from ..utils._numpy import numpy_errors
from ..utils._rows import settled
from ..utils._state import take_over, without_stream
from ._cells import with_known_tasks
from ._parameters import for_new_tasks, for_tasks

TRUNKS = ("frozen", "tuned")


class GrowingMixin:
    """Adds tasks to a fitted estimator, and drops tasks."""

    def add_tasks(
        self,
        X: t.Rows,
        y: t.Labels,
        trunk: str = "frozen",
        sample_weight: t.Weights = None,
    ) -> Self:
        """Add tasks to a fitted classifier, without the labels of the other tasks.

        Vectorizer, embedding and term weights stay as they are, so words that the
        classifier does not know have no effect on the new tasks either.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`
            Rows with labels of the new tasks. Rows of earlier fits are not needed.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels of the new tasks only, under names that no task has. If tasks have
            no names, columns are numbered after the known ones.

        trunk : {"frozen", "tuned"}, default="frozen"
            "frozen" trains only heads and private paths of the new tasks; predictions
            for the other tasks stay the same to the bit. "tuned" also trains what tasks
            share, and the other tasks change a little. Choose it if there are many rows
            and the trunk knows little of their kind.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            As in :meth:`fit`.

        Returns
        -------
        self : MultiTaskTextClassifier
            The classifier, with the new tasks behind the others.

        Raises
        ------
        ValueError
            If a task exists already, or X, y, weights or a parameter cannot be used.
            The classifier stays as it was.

        sklearn.exceptions.NotFittedError
            Before :meth:`fit`.

        Notes
        -----
        Training settings follow the same rules as in a fit on these rows. Parameters
        that refer to tasks by name, such as `task_types` and `loss_weights`, may name
        old and new tasks. ``history_`` goes on; tasks that an epoch does not train have
        weight 0 and no loss in it.

        With "tuned", the new tasks first learn on the frozen trunk. Then all weights
        learn at a tenth of the usual rates, and a penalty keeps the predictions of the
        other tasks for X near those of before: learning without forgetting (Z. Li, D.
        Hoiem, ECCV 2016). ``history_`` has it as ``penalty_forgetting``.

        Examples
        --------
        >>> from sklearn_mtl import MultiTaskTextClassifier
        >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
        >>> clf = MultiTaskTextClassifier(random_state=0)
        >>> clf.fit(texts, {"tone": ["good", "bad"] * 10})
        MultiTaskTextClassifier(random_state=0)
        >>> clf.add_tasks(texts, {"topic": ["tech", "tech", "arts", "arts"] * 5})
        MultiTaskTextClassifier(random_state=0)
        >>> clf.predict(["awful film"], output="dict")["topic"].tolist()
        ['arts']
        """
        check_is_fitted(self)
        self._validate_params()  # type: ignore[attr-defined]
        if trunk not in TRUNKS:
            raise ValueError(f"trunk must be one of {TRUNKS}. Got {trunk!r}.")
        fresh = without_stream(self)  # partial_fit derives it from the net
        with numpy_errors():
            fresh._add_tasks(settled(X), settled(y), trunk, sample_weight)
        take_over(self, fresh)
        return self

    def drop_tasks(self, names: str | Sequence[str]) -> Self:
        """Remove tasks from a fitted classifier.

        The weights of the others do not change, so their predictions are the same up to
        rounding errors. A trunk does not forget what it learnt from the dropped tasks.

        Parameters
        ----------
        names : str or list of str
            Names of the tasks to remove.

        Returns
        -------
        self : MultiTaskTextClassifier
            The classifier without these tasks.

        Raises
        ------
        ValueError
            If a task is unknown, or if no task would remain.

        sklearn.exceptions.NotFittedError
            Before :meth:`fit`.

        Examples
        --------
        >>> from sklearn_mtl import MultiTaskTextClassifier
        >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
        >>> labels = {"tone": ["good", "bad"] * 10, "topic": ["a", "a", "b", "b"] * 5}
        >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
        >>> clf.drop_tasks("topic").task_names_
        ['tone']
        """
        check_is_fitted(self)
        names = [names] if isinstance(names, str) else list(names)
        kept = self._names_without(names)
        fresh = without_stream(self)  # partial_fit derives it from the net
        with numpy_errors():
            fresh._keep_tasks(kept)
        take_over(self, fresh)
        return self

    def _names_without(self, names):
        known = self.task_names_
        if not names:
            raise ValueError(f"names is empty. Pass one or more of {some(known)}.")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(
                f"There is no task {some(unknown)}. The tasks are {some(known)}."
            )
        kept = [name for name in known if name not in names]
        if not kept:
            raise ValueError(
                f"names holds all tasks, {some(known)}. At least one must remain."
            )
        self._check_apart("dropped without a change to the others. Fit again")
        return kept

    def _check_apart(self, done):
        check_growable(self.net_)
        if self.sharing_.keeps_tasks_apart:
            return
        raise ValueError(
            f"With sharing_={self.sharing_!r} tasks read what other tasks have learnt, "
            f"so none can be {done}."
        )

    def _add_tasks(self, X, y, trunk, sample_weight):
        check_growable(self.net_)
        if trunk == "frozen":
            self._check_apart("added to a frozen trunk. Use trunk='tuned'")
        known = self.targets_
        table = as_label_table(y, missing_label=self.missing_label)
        names = new_names(known, table)
        part = copy(self)
        part.trunk, part.sharing = self.net_.module__trunk, self.net_.module__sharing
        for_new_tasks(part, known.names, names)
        del part.targets_
        config, X, cells = part._read(X, y, sample_weight, names)
        if self.sharing_.keeps_tasks_apart:
            self._learn(part, config, X, cells, "frozen", known)
        if trunk == "tuned":
            for_tasks(part, self, [*known.names, *names])
            part.net_, part.targets_ = self.net_, known
            cells = with_known_tasks(known, self.calibration_, cells)
            self._learn(part, config, X, cells, "tuned", known)

    def _learn(self, part, config, X, cells, trunk, known):
        """Learn new tasks with the settings of a part, and set a net of all tasks."""
        run = part._prepare(config, X, cells, adds=trunk)
        if trunk == "tuned":
            run.keep_adjustments(self.calibration_)
        with computing(self.n_jobs):
            balancing = resolve_balancing(part.loss_weights)
            names = cells.targets.names
            net = run.fit(build_balancer(balancing, names, cells.labelled_share))
            calibration = run.finish(net)
            if trunk == "frozen":
                self._join(net, cells.targets.with_tasks(net.tasks), calibration)
            else:
                self._replace(net, cells.targets, calibration, known)
        self._add_epochs(net)

    def _join(self, net, targets, calibration):
        """Set a net with all tasks, from the fitted one and one with new tasks."""
        known = self.net_
        targets = joined(self.targets_, targets)
        calibration = self.calibration_.and_tasks(calibration)
        blocks = known.module__spec.blocks or (len(known.tasks),)
        whole = self._net_for(
            targets, calibration, known, (*blocks, len(net.tasks)), net
        )
        # The frozen weights last: buffers may have changed in training.
        for source in (net, known):
            carry_over(source, whole)
            carry_balancing(source, whole, whole=True)
        self._set_tasks(whole, targets, calibration)

    def _replace(self, net, targets, calibration, known):
        """Set a net that has learnt new tasks and remembered the known ones."""
        n_known = len(known.names)
        new = list(range(n_known, len(net.tasks)))
        # Without labels nothing is learnt about decisions and weights of known tasks.
        net.tasks = known.tasks + [net.tasks[k] for k in new]
        carry_balancing(self.net_, net, whole=True)
        remembered = self.calibration_.of_tasks(list(range(n_known)))
        calibration = remembered.and_tasks(calibration.of_tasks(new))
        self._set_tasks(net, targets.with_tasks(net.tasks), calibration)

    def _keep_tasks(self, names):
        known = self.net_
        places = [known.task_names.index(name) for name in names]
        targets = subset(self.targets_, names)
        calibration = self.calibration_.of_tasks(places)
        dropped = [name for name in known.task_names if name not in names]
        with computing(self.n_jobs):
            net = self._net_for(targets, calibration, known, (), known)
            carry_over(known, net)
            carry_balancing(known, net, whole=True)
        self._set_tasks(net, targets, calibration)
        if hasattr(self, "history_"):
            self.history_ = without_tasks(self.history_, dropped)

    def _net_for(self, targets, calibration, known, blocks, trained):
        settings = copy(self)
        for_tasks(settings, self, targets.names)
        shares = [1.0] * len(targets.names)
        balancing = resolve_balancing(settings.loss_weights)
        balancer = build_balancer(balancing, targets.names, shares)
        with seeded(0, known.device), without_first_weights():
            net = net_for_tasks(
                known, targets.names, targets.tasks, calibration, balancer, blocks
            )
        net.callbacks_, net.history_ = trained.callbacks_, trained.history
        return net
