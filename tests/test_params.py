"""Loss weights as parameters of the classifier, one by one."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.trunks import BagTrunk


def weight_params(loss_weights, deep=True):
    """Give the parameters that speak of loss weights."""
    params = MultiTaskTextClassifier(loss_weights=loss_weights).get_params(deep=deep)
    return {k: v for k, v in params.items() if k.startswith("loss_weights")}


def test_a_dict_is_listed_by_task():
    weights = {"topic": 2, "tone": 1}
    assert weight_params(weights) == {
        "loss_weights": weights,
        "loss_weights__topic": 2,
        "loss_weights__tone": 1,
    }
    assert weight_params(weights, deep=False) == {"loss_weights": weights}


def test_an_object_is_listed_with_its_parameters():
    balancing = FixedWeights({"topic": 2})
    assert weight_params(balancing) == {
        "loss_weights": balancing,
        "loss_weights__weights": {"topic": 2},
        "loss_weights__share_power": 0.5,
        "loss_weights__topic": 2,
    }


@pytest.mark.parametrize("loss_weights", ["auto", None, [1, 2]])
def test_other_values_have_no_parts(loss_weights):
    assert weight_params(loss_weights) == {"loss_weights": loss_weights}


def test_a_dict_of_other_keys_can_be_looked_at():
    assert weight_params({0: 2})["loss_weights"] == {0: 2}


def test_setting_a_weight_replaces_the_dict():
    weights = {"topic": 2, "tone": 1}
    clf = MultiTaskTextClassifier(loss_weights=weights)
    assert clf.set_params(loss_weights__topic=5, loss_weights__mood=3) is clf
    assert clf.loss_weights == {"topic": 5, "tone": 1, "mood": 3}
    assert weights == {"topic": 2, "tone": 1}


def test_setting_a_weight_reaches_the_object():
    weights = {"topic": 2}
    clf = MultiTaskTextClassifier(loss_weights=FixedWeights(weights))
    clf.set_params(loss_weights__topic=5, loss_weights__share_power=1)
    assert clf.loss_weights.weights == {"topic": 5}
    assert clf.loss_weights.share_power == 1
    assert weights == {"topic": 2}


@pytest.mark.parametrize("wrap", [dict, FixedWeights])
def test_weights_and_one_of_them_may_be_set_at_once(wrap):
    clf = MultiTaskTextClassifier()
    clf.set_params(loss_weights__topic=5, loss_weights=wrap({"tone": 1}))
    assert clf.loss_weights.__class__ is wrap
    found = clf.get_params()
    assert [found[f"loss_weights__{task}"] for task in ("topic", "tone")] == [5, 1]


@pytest.mark.parametrize("alias", ["auto", None, [1, 2], np.array([1, 2])], ids=repr)
def test_an_alias_has_no_weights_to_set(alias):
    clf = MultiTaskTextClassifier(loss_weights=alias, alpha=0.5)
    message = r"weight of \['topic'\], because loss_weights is .* FixedWeights\(\)"
    with pytest.raises(ValueError, match=message):
        clf.set_params(loss_weights__topic=5, alpha=1.0)
    assert clf.loss_weights is alias
    assert clf.alpha == 0.5


def test_an_alias_may_replace_weights():
    clf = MultiTaskTextClassifier(loss_weights={"topic": 2})
    assert clf.set_params(loss_weights="auto").loss_weights == "auto"


def test_other_parameters_are_set_beside_weights():
    clf = MultiTaskTextClassifier(trunk=BagTrunk(), loss_weights={"topic": 2})
    clf.set_params(trunk__n_units=7, loss_weights__topic=5, alpha=1.0)
    assert clf.trunk.n_units == 7
    assert clf.alpha == 1.0


def test_unknown_parameters_are_an_error():
    with pytest.raises(ValueError, match="Invalid parameter 'loss_weight'"):
        MultiTaskTextClassifier().set_params(loss_weight={"topic": 2})


@pytest.mark.parametrize("wrap", [dict, FixedWeights])
def test_a_clone_is_independent(wrap):
    clf = MultiTaskTextClassifier(loss_weights=wrap({"topic": 2}))
    copy = clone(clf).set_params(loss_weights__topic=5)
    assert clf.get_params()["loss_weights__topic"] == 2
    assert copy.get_params()["loss_weights__topic"] == 5


@pytest.mark.parametrize(
    ("name", "alias", "example"),
    [
        ("trunk__n_units", "'auto'", "BagTrunk"),
        ("vectorizer__min_df", "'auto'", "Tfidf"),
    ],
)
def test_a_parameter_inside_an_alias_names_the_object_to_pass(name, alias, example):
    with pytest.raises(ValueError, match=f"Cannot set {name}.*{alias}.*{example}"):
        MultiTaskTextClassifier().set_params(**{name: 3})


def test_a_parameter_of_an_object_set_in_the_same_call():
    clf = MultiTaskTextClassifier().set_params(trunk=BagTrunk(), trunk__n_units=3)
    assert clf.trunk.n_units == 3
