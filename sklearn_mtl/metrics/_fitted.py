"""The last step of a pipeline or search, and how an estimator reads labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..labels._tables import as_label_table


def last_step(estimator):
    """Return the last step of a search or a pipeline, and the steps before it.

    Parameters
    ----------
    estimator : fitted estimator

    Returns
    -------
    transformers : list of Pipeline
        All steps before the last, the outermost first.

    classifier : fitted estimator
    """
    transformers = []
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            if len(estimator.steps) > 1:
                transformers.append(estimator[:-1])
            estimator = estimator.steps[-1][1]
        else:
            return transformers, estimator


@dataclass(frozen=True)
class LabelReader:
    """How an estimator reads labels, so that scores and splits read them alike.

    Attributes
    ----------
    missing_label : object, default=None
        Values that mean "no label" besides NaN, None and pandas.NA.

    task_types : dict of {str: object}, default={}
        Types of tasks, as far as they are known.

    orders : dict of {str: list}, default={}
        All labels in order, for ordinal tasks whose labels are texts, as far as known.

    task_names : list of str, default=None
        None before fit, and for a classifier without task names.
    """

    missing_label: object = None
    task_types: Mapping = field(default_factory=dict)
    orders: Mapping = field(default_factory=dict)
    task_names: list | None = None

    def table(self, y, what="y"):
        """Read labels, with the tasks in the order of the estimator.

        Parameters
        ----------
        y : array-like, dict or DataFrame

        what : str, default="y"
            Name of the argument in messages.

        Returns
        -------
        table : LabelTable
        """
        table = as_label_table(y, missing_label=self.missing_label, what=what)
        return table if self.task_names is None else table.select(self.task_names, what)

    def orders_of(self, table):
        """Return the orders of ordinal tasks, also from ordered categorical columns.

        Parameters
        ----------
        table : LabelTable

        Returns
        -------
        orders : dict of {str: list}
        """
        own = {
            name: order
            for name, order in zip(table.names, table.orders, strict=True)
            if order and self._is_ordinal(name) and isinstance(order[0], str)
        }
        return own | dict(self.orders)

    def _is_ordinal(self, name):
        kind = self.task_types.get(name)
        # Types given as objects know whether they are ordered, also types of other
        # packages.
        return kind == "ordinal" or getattr(kind, "is_ordered", False)


def label_reader(estimator, missing_label=None):
    """Return how an estimator reads labels, fitted or not.

    Parameters
    ----------
    estimator : multi-output classifier
        Or a Pipeline, a search or another estimator around one.

    missing_label : object, default=None
        None takes that of the classifier.

    Returns
    -------
    reader : LabelReader
    """
    chain = list(_inwards(estimator))

    def first(name):
        values = (getattr(each, name, None) for each in chain)
        return next((value for value in values if value is not None), None)

    if missing_label is None:
        missing_label = first("missing_label")
    types = first("task_types_") or first("task_types") or {}
    targets, orders = first("targets_"), first("label_orders_")
    if targets is not None:
        orders = targets.orders
    elif orders is None:
        orders = _given_orders(types)
    return LabelReader(missing_label, types, orders, first("task_names_"))


def _inwards(estimator):
    """Yield an estimator and the estimators inside it, the outermost first."""
    while hasattr(estimator, "fit"):
        yield estimator
        if hasattr(estimator, "task"):  # a view of one task has all attributes itself
            return
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
            continue
        names = ("best_estimator_", "estimator_", "estimator", "base_estimator")
        inner = (getattr(estimator, name, None) for name in names)
        estimator = next((each for each in inner if hasattr(each, "fit")), None)


def _given_orders(types):
    """Return the orders of labels of the types that are given as objects."""
    given = {name: getattr(kind, "classes", None) for name, kind in types.items()}
    orders = {name: np.asarray(own) for name, own in given.items() if own is not None}
    return {
        name: own.tolist() for name, own in orders.items() if own.dtype.kind in "OU"
    }
