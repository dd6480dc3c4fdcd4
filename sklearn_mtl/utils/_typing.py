"""Types of public signatures.

Parameters have wide types: containers of texts and labels are distinguished at run
time. Frames of pandas, polars and pyarrow are optional, and scikit-learn and scipy have
no types, so all of these are ``Any``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
# Texts, or numeric rows in any container.
Rows: TypeAlias = Iterable[Any] | ArrayLike
# One column of labels, a table of them, or a dict of columns.
Labels: TypeAlias = Mapping[str, Iterable[Any]] | Iterable[Any] | ArrayLike
Weights: TypeAlias = ArrayLike | None
RandomState: TypeAlias = int | np.random.RandomState | None
# A data frame of one of the libraries, and sparse rows.
Frame: TypeAlias = Any
Sparse: TypeAlias = Any
# Any classifier, and matplotlib axes.
Estimator: TypeAlias = Any
Axes: TypeAlias = Any
# Output formats of predictions and probabilities.
LabelForm: TypeAlias = Literal["array", "frame", "dict"]
ListForm: TypeAlias = Literal["list", "dict"]
