"""Types of public signatures.

What a function takes is as wide as what it reads: containers of texts and labels are
told apart when it runs. Frames of pandas, polars and pyarrow are optional, so they and
whatever scikit-learn and scipy give, which have no types, are ``Any``.
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
# A DataFrame of one of the libraries, and sparse rows.
Frame: TypeAlias = Any
Sparse: TypeAlias = Any
# Classifiers of any make, and axes of matplotlib.
Estimator: TypeAlias = Any
Axes: TypeAlias = Any
# In what form predictions and probabilities come.
LabelForm: TypeAlias = Literal["array", "frame", "dict"]
ListForm: TypeAlias = Literal["list", "dict"]
