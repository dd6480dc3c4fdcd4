"""With a text vectorizer: tags, and scikit-learn's checks that never call fit on X.

scikit-learn skips its suite for estimators that take no table of numbers; tests of the
rest are in test_classifier.py.
"""

from dataclasses import asdict

import pytest
from sklearn.base import is_classifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks, get_tags

from sklearn_mtl import MultiTaskTextClassifier

CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_mixin_order,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_param_validation,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_scikit_learn_checks_that_touch_no_x(check):
    clf = MultiTaskTextClassifier(vectorizer=TfidfVectorizer())
    check("MultiTaskTextClassifier", clf)


def test_auto_takes_texts_tables_and_sparse_rows():
    tags = get_tags(MultiTaskTextClassifier()).input_tags
    assert (tags.string, tags.two_d_array, tags.sparse) == (True, True, True)
    assert not tags.one_d_array
    assert not tags.allow_nan


@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(),
        CountVectorizer(),
        make_pipeline(CountVectorizer(), StandardScaler(with_mean=False)),
        StandardScaler(),
    ],
    ids=lambda vectorizer: type(vectorizer).__name__,
)
def test_an_explicit_vectorizer_gives_its_input_tags(vectorizer):
    tags = get_tags(MultiTaskTextClassifier(vectorizer=vectorizer))
    assert asdict(tags.input_tags) == asdict(get_tags(vectorizer).input_tags)


def test_an_explicit_text_vectorizer_takes_texts_only():
    tags = get_tags(MultiTaskTextClassifier(vectorizer=TfidfVectorizer())).input_tags
    assert tags.string
    assert not tags.two_d_array


@pytest.mark.parametrize("vectorizer", ["auto", TfidfVectorizer()], ids=str)
def test_it_is_a_classifier_of_several_outputs(vectorizer):
    clf = MultiTaskTextClassifier(vectorizer=vectorizer)
    tags = get_tags(clf)
    assert is_classifier(clf)
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.target_tags.single_output
    assert tags.target_tags.two_d_labels
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class
    assert tags.transformer_tags is not None


def test_tags_of_the_vectorizer_are_its_own():
    vectorizer = TfidfVectorizer()
    before = asdict(get_tags(vectorizer).input_tags)
    get_tags(MultiTaskTextClassifier(vectorizer=vectorizer)).input_tags.sparse = True
    assert asdict(get_tags(vectorizer).input_tags) == before
