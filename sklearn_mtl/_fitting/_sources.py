"""How an estimator reads a source of chunks."""

from functools import partial

from ..data._source import read_source
from ..datasets import ChunkSource
from ..labels._cells import some
from ..sharing import shares_trunk
from ..training._aside import set_aside
from ..training._config import TrainingConfig
from ..trunks import reads_tokens


class SourceMixin:
    """Turns the chunks of a source into rows and cells, in fit."""

    def _read_source(self, X, y, sample_weight):
        """Check the parameters for a source of chunks; return what opens it."""
        self._check_strategies()
        source = X if isinstance(X, ChunkSource) else ChunkSource(X)
        refused = {
            "y": y is not None,
            "sample_weight": sample_weight is not None,
            "warm_start=True": self.warm_start,
        }
        found = [name for name, is_set in refused.items() if is_set]
        if found:
            raise ValueError(
                f"X is a source of chunks (texts, labels), which cannot be combined "
                f"with {found[0]}. Pass clf.fit(source)."
            )
        config = TrainingConfig.of(self)
        return read_source(
            source,
            vectorizer=self.vectorizer,
            term_weighting=self.term_weighting,
            shares_trunk=shares_trunk(self.sharing, self.trunk),
            missing_label=self.missing_label,
            task_types=self.task_types,
            class_weight=self.class_weight,
            hold_out=partial(self._hold_out_stored, config),
        )

    def _hold_out_stored(self, config, cells):
        self._check_for_tasks(config, cells.targets.names)
        self._check_stored(config, cells.targets)
        return set_aside(config, cells)

    def _check_stored(self, config, targets):
        """Raise a ValueError if a parameter does not suit rows in files."""
        tuned = [
            name
            for name, task in zip(targets.names, targets.tasks, strict=True)
            if task.is_tuned
        ]
        unsuited = {
            f"trunk={self.trunk!r}": reads_tokens(self.trunk),
            f"embedding={self.embedding!r}": self.embedding is not None,
            "early_stopping=True": config.stops_early,
            f"tuned thresholds of the task(s) {some(tuned)}": bool(tuned),
        }
        for what, is_set in unsuited.items():
            if is_set:
                raise ValueError(
                    f"X is a source of more texts than a fit in memory reads, which "
                    f"needs bags of words and fixed settings, not {what}. Leave it "
                    "out, or pass a sample of the texts as a list."
                )


def is_source(X):
    """Whether X is a source of chunks, or a function that can be one."""
    return isinstance(X, ChunkSource) or (
        callable(X) and not hasattr(X, "__len__") and not hasattr(X, "__array__")
    )


def refuse_iterator(X, y):
    """Raise a ValueError if X is an iterator without labels."""
    if y is None and hasattr(X, "__next__"):
        raise ValueError(
            f"y is None and X is a {type(X).__name__}, which can be read only once. A "
            "source of chunks (texts, labels) is read twice: pass the function that "
            "returns the iterator, clf.fit(read). For texts without labels, pass y."
        )
