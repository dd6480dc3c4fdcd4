"""Parameters of the estimator: constraints, nested names for grids, tags, HTML."""

from collections.abc import Mapping
from numbers import Integral, Real
from os import PathLike

from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from .balancing import BALANCING_ALIASES, BaseBalancing
from .sharing import ALIASES, BaseSharing, has_representation
from .training._user_callbacks import callback_params, set_callback_params
from .trunks import TRUNK_ALIASES, BaseTrunk
from .utils._compat import HasMethods, Interval, StrOptions
from .utils._html import tasks_html, write_classes
from .utils._state import reads_one_fit

_PREFIX = "loss_weights__"
# Parameters that take an alias or an object, with an example object.
_OBJECTS = {
    "vectorizer": "TfidfVectorizer()",
    "embedding": "PooledEmbedding()",
    "trunk": "BagTrunk()",
    "sharing": "MixtureOfExperts()",
}


def _check_nesting(params, name, value, example):
    """Raise a ValueError if a nested parameter is set on an alias."""
    nested = [key for key in params if key.startswith(f"{name}__")]
    value = params.get(name, value)
    if nested and not hasattr(value, "set_params"):
        raise ValueError(
            f"Cannot set {nested[0]}, because {name} is {value!r}. First pass an "
            f"object as {name}, for instance {example}."
        )


def has_own_representation(estimator):
    """Return True if all tasks read one hidden vector, or raise an AttributeError."""
    if not has_representation(estimator.sharing, estimator.trunk):
        raise AttributeError(
            f"There is no shared representation with trunk={estimator.trunk!r} and "
            f"sharing={estimator.sharing!r}. Use a trunk, and sharing='auto' or 'hard'."
        )
    return True


def with_own_representation(kind):
    """Hide what returns hidden vectors where tasks read no common one.

    A decorator of the class: within it scikit-learn would wrap ``transform`` and hide
    the condition.
    """
    for name in ("transform", "get_feature_names_out"):
        method = available_if(has_own_representation)(
            reads_one_fit(getattr(kind, name))
        )
        setattr(kind, name, method)
    return kind


class ParamsMixin:
    """Parameter constraints, tags, and ``loss_weights__<task>`` as a parameter.

    A dict is replaced, never changed, so a clone in a search cannot change the user's
    dict. For a :class:`~sklearn_mtl.balancing.FixedWeights` object, scikit-learn's
    nested parameters do the same.
    """

    _parameter_constraints = {
        "vectorizer": [
            StrOptions({"auto", "hashing"}),
            HasMethods(["fit_transform", "transform"]),
        ],
        "term_weighting": [StrOptions({"auto", "information"}), None],
        "embedding": [
            StrOptions({"lsa", "use"}),
            HasMethods(["fit_transform", "transform"]),
            None,
        ],
        "embedding_weight": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "trunk": [StrOptions({"auto", *TRUNK_ALIASES}), BaseTrunk, None],
        "sharing": [StrOptions({"auto", *ALIASES}), BaseSharing],
        "loss_weights": [
            StrOptions({*BALANCING_ALIASES}),
            dict,
            "array-like",
            BaseBalancing,
            None,
        ],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "logit_adjustment": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
        ],
        "task_types": [dict, None],
        "missing_label": "no_validation",
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate_init": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "temperature": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "early_stopping_metric": [str],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "warm_start": ["boolean"],
        "grow": ["boolean"],
        "random_state": ["random_state"],
        "device": [str],
        "memory": [str, HasMethods(["cache"]), None],
        "checkpoint": [str, PathLike, None],
        "checkpoint_every": [
            StrOptions({"epoch"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "verbose": ["verbose"],
        "callbacks": [list, None],
        "net_params": [dict, None],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        tags.target_tags.two_d_labels = True
        if isinstance(self.vectorizer, str):
            tags.input_tags.sparse = True
            tags.input_tags.string = True
        else:
            tags.input_tags = get_tags(self.vectorizer).input_tags
        return tags

    def get_params(self, deep=True):
        """Get parameters for this estimator.

        Parameters
        ----------
        deep : bool, default=True
            If True, also return the parameters of contained objects, and the weights in
            a dict `loss_weights` as ``loss_weights__<task>``.

        Returns
        -------
        params : dict
            Parameter names mapped to their values.
        """
        params = super().get_params(deep=deep)
        if deep and isinstance(self.loss_weights, Mapping):
            params.update({f"{_PREFIX}{t}": w for t, w in self.loss_weights.items()})
        if deep and isinstance(self.callbacks, list):
            params.update(callback_params(self.callbacks))
        return params

    def set_params(self, **params):
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Estimator parameters; ``loss_weights__<task>`` sets the weight of a task,
            ``callbacks__<name>__<parameter>`` a parameter of a callback.

        Returns
        -------
        self : estimator instance

        Raises
        ------
        ValueError
            If a nested parameter is set on an alias, or a task's weight is set and
            `loss_weights` is an alias.
        """
        callbacks = {
            name: params.pop(name)
            for name in list(params)
            if name.startswith("callbacks__")
        }
        if callbacks:
            self.set_params(**params)
            self.callbacks = set_callback_params(self.callbacks, callbacks)
            return self
        for name, example in _OBJECTS.items():
            _check_nesting(params, name, getattr(self, name), example)
        chosen = params.get("loss_weights", self.loss_weights)
        if isinstance(chosen, BaseBalancing):
            return super().set_params(**params)
        by_task = {
            name.removeprefix(_PREFIX): params.pop(name)
            for name in list(params)
            if name.startswith(_PREFIX)
        }
        if by_task and not isinstance(chosen, Mapping):
            raise ValueError(
                f"Cannot set the loss weight of {sorted(by_task)}, because "
                f"loss_weights is {chosen!r}. First pass a dict {{task: weight}} or "
                "FixedWeights() as loss_weights."
            )
        super().set_params(**params)
        if by_task:
            self.loss_weights = {**chosen, **by_task}
        return self

    def _repr_html_inner(self):
        # Notebooks show this. scikit-learn's diagram of a fitted estimator lists all
        # features, and texts have thousands, so it is collapsed below the tasks.
        diagram = super()._repr_html_inner()
        return _fitted_html(self, diagram) if hasattr(self, "targets_") else diagram

    def _repr_mimebundle_(self, **kwargs):
        output = super()._repr_mimebundle_(**kwargs)
        if "text/html" in output:  # not with display="text"
            output["text/html"] = self._repr_html_inner()
        return output


def _fitted_html(estimator, diagram):
    """Return HTML that shows the tasks of a fitted classifier and their scores.

    A loaded classifier has no history, so it shows neither losses nor scores.
    """
    targets, names = estimator.targets_, estimator.task_names_
    facts = [f"{len(names)} task" if len(names) == 1 else f"{len(names)} tasks"]
    columns = {
        "task": [str(name) for name in names],
        "type": [targets.types[name] for name in names],
        "classes": [write_classes(task.classes_) for task in targets.tasks],
    }
    history = getattr(estimator, "history_", [])
    if history:
        best = history[estimator.best_iter_ - 1]
        n_epochs = len(history)
        facts.append(f"{n_epochs} epoch{'s' * (n_epochs > 1)}")
        if best is not history[-1]:
            facts.append(f"weights of epoch {estimator.best_iter_}")
        # Computed on training rows with at least one label, with their weights.
        last = estimator.net_.history[-1]
        shares = [last.get(f"task_cells_{name}") for name in names]
        if None not in shares:
            columns["labelled"] = [f"{share:.0%}" for share in shares]
        columns["training loss"] = [f"{best[f'loss_{name}']:.3f}" for name in names]
        if "valid_score_mean" in best:
            scores = [best[f"valid_score_{name}"] for name in names]
            columns["validation score"] = [f"{score:.3f}" for score in scores]
            facts.append(f"mean validation score {best['valid_score_mean']:.3f}")
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return tasks_html(type(estimator).__name__, facts, list(columns), rows, diagram)
