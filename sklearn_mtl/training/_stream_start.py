"""The start of a stream: its settings, and its nets before they learn."""

from dataclasses import replace

from scipy.sparse import issparse
from skorch.callbacks import EarlyStopping, LRScheduler

from ..data._rows import FEW, float_type
from ..network._recipe import default_recipe
from ..sharing import ALIASES as SHARINGS
from ..sharing import resolve_sharing
from ..trunks import BagTrunk, reads_tokens
from ._plan import make_plan
from ._run import TrainingRun
from ._runtime import seeded
from ._stream_state import Stream
from ._stream_tables import FeatureTables, features_of, tables_of, take_tables
from ._user_callbacks import needs_validation, own_callbacks

# A stream is expected to have more rows than a fit in full batches.
MANY_ROWS = FEW + 1


def check_stream(config):
    """Raise a ValueError if a setting needs more than one chunk of rows."""
    if config.stops_early or config.splits_by_itself:
        raise ValueError(
            "partial_fit holds out no rows of a chunk, so it cannot stop early. Set "
            "early_stopping='auto' and no train_split; score each chunk before it is "
            "learnt instead, score(X, y)."
        )
    for name, callback in own_callbacks(config.callbacks, config.net_params):
        if isinstance(callback, EarlyStopping | LRScheduler) or needs_validation(
            callback
        ):
            raise ValueError(
                f"The callback {name!r} ({type(callback).__name__}) sets learning "
                "rates, restores weights or reads a validation score, which a stream "
                "without an end has no use for. Remove it before partial_fit."
            )


def keeps_tables(config, trunk, sharing, *, is_sparse):
    """Whether a network reads features by its tables alone, as ours do.

    A callback could read all weights, and an optimizer keep something for each.

    Parameters
    ----------
    config : TrainingConfig

    trunk : BaseTrunk or None

    sharing : BaseSharing

    is_sparse : bool
        Whether rows are sparse and hold no token ids.
    """
    is_plain = not (config.callbacks or config.net_params)
    is_bag = is_sparse and (trunk is None or type(trunk) is BagTrunk)
    return is_plain and is_bag and type(sharing) in SHARINGS.values()


def start_stream(config, rows, cells, trunk, balancing, vocabulary, dense):
    """Build the net of a stream from its first chunk, without training it.

    Returns
    -------
    stream : Stream
        Without sums.
    """
    n_features, features = rows.shape[1], None
    sharing = config.sharing
    if not reads_tokens(trunk):
        sharing = resolve_sharing(
            sharing,
            n_features=n_features,
            n_logits=sum(task.n_logits for task in cells.targets.tasks),
            itemsize=float_type(rows).itemsize,
        )
        config = replace(config, sharing=sharing)
    if keeps_tables(config, trunk, sharing, is_sparse=issparse(rows)):
        features, rows = features_of(rows)
    run = TrainingRun(
        replace(config, max_iter=1),
        rows,
        cells,
        trunk,
        vocabulary=vocabulary,
        dense=dense,
        n_rows=MANY_ROWS,
    )
    run.parameters["iterator_train__shuffle"] = True
    with seeded(run.seed, config.device):
        net = run.build(balancing)
    tables = None
    if features is not None:
        net.module__spec = replace(net.module__spec, n_features=n_features)
        tables = FeatureTables.of_weights(n_features, features, take_tables(net))
    return Stream(net, None, tables, None, None, 0.0, None, run.seed)


def initial_rows(net, n_rows):
    """Return the initial weights of further features in each table."""
    settings = net.get_params_for("module")
    settings["spec"] = replace(settings["spec"], n_features=n_rows)
    return [weight.detach() for weight in tables_of(net.module(**settings))]


def stream_plan(config, net):
    """Return the plan of a call: full rates, and the batch size."""
    spec, trunk = replace(net.module__spec, n_rows=MANY_ROWS), net.module__trunk
    recipe = default_recipe(spec) if trunk is None else trunk.recipe(spec)
    return make_plan(replace(config, max_iter=1), spec, recipe)
