"""scikit-learn's own checks, none of them expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_mtl import MultiTaskTextClassifier


# Some checks fit a single class, of which we warn by design.
@pytest.mark.filterwarnings("ignore:The task.* have a single class:UserWarning")
@parametrize_with_checks([MultiTaskTextClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
