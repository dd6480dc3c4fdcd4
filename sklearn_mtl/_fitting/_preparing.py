"""From rows and cells to a training run."""

from scipy.sparse import issparse

from ..data._rows import FEW, SMALL, match_trunk
from ..persistence._fingerprint import describe_rows
from ..training._aside import set_aside
from ..training._balancing import build_balancing
from ..training._plan import auto_width
from ..training._probe import needs_probe, not_probed, probe
from ..training._run import TrainingRun
from ..training._runtime import computing
from ..trunks import BagTrunk, reads_tokens, resolve_trunk
from ..utils._rows import take_rows
from ._reading import RowsMixin


class PreparingMixin(RowsMixin):
    """Chooses the settings of a fit, and makes its training run."""

    def _prepare_stored(self, config, read, checkpoint):
        """Turn the rows of a source into a training run, as :meth:`_prepare` does."""
        self.vectorizer_, self.term_weights_ = read.vectorizer, read.term_weights
        self.column_scales_ = self.embedding_ = None
        parts = read.rows, None, read.cells, read.learnt, read.aside
        return self._make_run(config, *parts, checkpoint)

    def _prepare(self, config, X, cells, checkpoint=None, adds=None):
        """Turn what :meth:`_read` returns into a training run, see TrainingRun.

        Sets ``vectorizer_``, ``column_scales_``, ``term_weights_`` and ``embedding_``.
        """
        previous = getattr(self, "net_", None)
        is_first = previous is None or adds is not None
        learnt, aside = set_aside(
            config, cells, is_first=is_first, more_than=FEW if adds is None else SMALL
        )
        rows, dense = self._fit_rows(take_rows(X, cells.kept), cells, learnt)
        parts = rows, dense, cells, learnt, aside
        return self._make_run(config, *parts, checkpoint, adds)

    def _make_run(
        self, config, rows, dense, cells, learnt, aside, checkpoint, adds=None
    ):
        previous = getattr(self, "net_", None)
        n_logits = sum(task.n_logits for task in cells.targets.tasks)
        before = previous.module__trunk if previous else None
        width = auto_width(rows.shape[0], n_logits, before)
        trunk = resolve_trunk(self.trunk, sparse=issparse(rows), n_units=width)
        rows = match_trunk(
            rows,
            sparse=trunk is not None and trunk.reads_sparse,
            tokens=reads_tokens(trunk),
            n_tokens=previous.module__spec.n_features if previous else None,
        )
        if checkpoint is not None:
            checkpoint.match("", describe_rows(rows, dense))
        probed = checkpoint and checkpoint.probed
        if probed is None:
            probed = self._probe(config, rows, dense, cells, trunk, adds)
        if checkpoint is not None:
            checkpoint.probed = probed
        return TrainingRun(
            probed.settle(config),
            rows,
            cells,
            trunk,
            previous,
            getattr(self.vectorizer_, "tokens_", ()),
            self.term_weights_ if reads_tokens(trunk) else None,
            learnt,
            aside,
            probed,
            dense,
            adds=adds,
        )

    def _probe(self, config, rows, dense, cells, trunk, adds):
        """Return the settings that the probe chooses."""
        if adds is not None:
            return not_probed(config, self.alpha_, None, self.learning_rate_factor_)
        if hasattr(self, "net_"):
            known, names = self.targets_.names, cells.targets.names
            return not_probed(
                config,
                self.alpha_,
                self.calibration_.for_names(known, names),
                self.learning_rate_factor_,
            )
        if not needs_probe(config, rows):
            return not_probed(config)

        def train(config, rows, dense, cells):
            run = TrainingRun(config, rows, cells, trunk, dense=dense)
            return run.fit(build_balancing("auto", cells, config))

        with computing(self.n_jobs):
            return probe(
                config,
                rows,
                dense,
                cells,
                self.term_weights_,
                train,
                by_feature=trunk is None or type(trunk) is BagTrunk,
            )
