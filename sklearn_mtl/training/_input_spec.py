"""What a network is told about its input."""

import numpy as np
from scipy.sparse import issparse

from ..data._rows import row_scale
from ..feature_extraction import UNKNOWN
from ..network._spec import InputSpec
from ..trunks import reads_tokens


def input_spec(rows, cells, trunk, previous, vocabulary, token_weights):
    n_rows, n_features = rows.shape
    known = previous.module__spec if previous else None
    if reads_tokens(trunk):
        highest = max(rows.data.max(initial=0), UNKNOWN)
        n_features = known.n_features if known else int(highest) + 1
        return InputSpec(
            n_features,
            sparse=True,
            scale=1.0,
            n_rows=n_rows,
            tokens=True,
            vocabulary=tuple(vocabulary[:n_features]),
            token_weights=token_weights,
        )
    # Weights trained with one scale are wrong for another.
    scale = known.scale if known else row_scale(rows, cells.row_weights)
    return InputSpec(
        n_features,
        sparse=issparse(rows),
        scale=scale,
        n_rows=n_rows,
        labelled_share=known.labelled_share if known else _labelled_share(cells),
    )


def _labelled_share(cells):
    """Return the share of all logits whose task has a label in a row, on average."""
    n_logits = np.array([task.n_logits for task in cells.targets.tasks])
    return float(cells.task_shares @ n_logits / n_logits.sum())
