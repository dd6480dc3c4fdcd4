"""What a feature does to the logits, against slopes that are measured."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    MixtureOfExperts,
    ProgressiveLayers,
    SharedPrivate,
)
from sklearn_mtl.training._dataset import RowDataset
from sklearn_mtl.trunks import BagTrunk, DenseTrunk

# A task of one class is among them, which has effects, too: none.
pytestmark = pytest.mark.filterwarnings("ignore:The task.* have a single class")

SHARINGS = [
    "shared-private",
    "hard",
    "separate",
    "mmoe",
    "ple",
    ProgressiveLayers(n_levels=2),
    AdversarialSharedPrivate(private="trunk"),
]
RNG = np.random.RandomState(0)
X = RNG.normal(size=(250, 6)) * (RNG.uniform(size=(250, 6)) < 0.6)
SCORES = X @ RNG.normal(size=(6, 4))
LABELS = {
    "three": SCORES[:, :3].argmax(axis=1),
    "two": np.where(SCORES[:, 3] > 0, "yes", "no"),
    "one": ["all"] * 250,
}


def fit(rows, sharing="auto", **params):
    trunk = DenseTrunk(5) if isinstance(rows, np.ndarray) else BagTrunk(5)
    params = {"trunk": trunk, "max_iter": 3, "batch_size": 64} | params
    clf = MultiTaskTextClassifier(sharing=sharing, random_state=0, **params)
    return clf.fit(rows, LABELS)


def measured(clf, rows, kind):
    """Move each feature of all rows a little, and see what the mean logits do."""
    slopes = []
    for feature in range(rows.shape[1]):
        step = np.zeros(rows.shape)
        step[:, feature] = 1e-6
        # To the network itself: no weighing of features in between.
        up, down = (
            clf.net_.forward(RowDataset(kind(move)))
            for move in (rows + step, rows - step)
        )
        pairs = zip(up, down, strict=True)
        slopes.append([(a - b).numpy().mean(axis=0) / 2e-6 for a, b in pairs])
    three, two, _ = (np.array(task) for task in zip(*slopes, strict=True))
    two = np.column_stack([np.zeros(len(two)), two[:, 0]])  # against a logit of 0
    return [three, two]


@pytest.mark.parametrize("sharing", SHARINGS, ids=str)
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_effects_are_mean_slopes_of_the_logits(kind, sharing):
    rows = kind(X)
    clf = fit(rows, sharing)
    rows, effects = clf._feature_effects(rows, "both")
    for found, slopes in zip(effects, measured(clf, rows, kind), strict=False):
        assert np.abs(slopes).max() > 1e-3
        expected = slopes - slopes.mean(axis=1, keepdims=True)
        assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_without_a_trunk_effects_are_coefficients(kind):
    clf = fit(kind(X), trunk=None)
    layer = clf.net_.module_.private
    weight = layer.scale * layer.weight.detach().numpy()
    weight = weight.T if weight.shape[1] == 6 else weight
    three, two, one = clf._feature_effects(kind(X[:3]), "both")[1]
    assert_allclose(three, weight[:, :3] - weight[:, :3].mean(axis=1, keepdims=True))
    assert_allclose(two, np.column_stack([-weight[:, 3], weight[:, 3]]) / 2)
    assert_array_equal(one, np.zeros((6, 1)))


@pytest.mark.parametrize(
    "sharing",
    [
        "shared-private",
        SharedPrivate(share_heads=True),
        "separate",
        MixtureOfExperts(2, private=True),
        ProgressiveLayers(n_levels=2, private=True),
        "adversarial",
        AdversarialSharedPrivate(private="trunk"),
    ],
    ids=str,
)
def test_both_paths_add_up(sharing):
    clf = fit(csr_array(X), sharing)
    both, private, trunk = (
        clf._feature_effects(csr_array(X), through)[1]
        for through in ("both", "private", "trunk")
    )
    for whole, one, other in zip(both, private, trunk, strict=True):
        assert_allclose(whole, one + other, atol=1e-12)
    assert np.abs(private[0]).max() > 0
    assert np.abs(trunk[0]).max() > 0


@pytest.mark.parametrize(
    ("params", "through"),
    [
        ({"sharing": "hard"}, "private"),
        ({"sharing": "mmoe"}, "private"),
        ({"sharing": "ple"}, "private"),
        ({"trunk": None}, "trunk"),
        ({"trunk": None, "sharing": "ple"}, "trunk"),
    ],
)
def test_a_path_that_is_not_there(params, through):
    clf = fit(X, **params)
    message = f"through='{through}', but the network has no such path. Use 'both'"
    with pytest.raises(ValueError, match=message):
        clf._feature_effects(X, through)


def test_the_network_stays_as_it_was():
    clf = fit(X)
    before = clf.predict_proba(X)
    _, effects = clf._feature_effects(X, "both")
    for after, expected in zip(clf.predict_proba(X), before, strict=True):
        assert_array_equal(after, expected)
    assert not any(m._forward_hooks for m in clf.net_.module_.modules())
    for parameter in clf.net_.module_.parameters():  # as skorch's Freezer does
        parameter.requires_grad_(False)
    for frozen, expected in zip(
        clf._feature_effects(X, "both")[1], effects, strict=True
    ):
        assert_array_equal(frozen, expected)


@pytest.mark.parametrize(
    ("level", "fits"), [(-3, False), (-2, True), (0, True), (1, True), (2, False)]
)
def test_levels_of_gates_are_counted_like_those_of_a_list(level, fits):
    clf = fit(X, ProgressiveLayers(n_levels=2), max_iter=1)
    if not fits:
        match = (
            rf"level must be from -2 to 1, because there are 2 level\(s\).*Got {level}"
        )
        with pytest.raises(ValueError, match=match):
            clf._gate_weights(X, level)
        return
    weights, names = clf._gate_weights(X, level)
    assert weights.shape == (250, 3, 4)
    assert names == ["three", "two", "one", "shared"]
    assert_allclose(weights.sum(axis=2), 1, rtol=1e-6)


def test_there_are_no_gates_without_experts():
    clf = fit(X, "hard", max_iter=1)
    with pytest.raises(ValueError, match=r"no gates: sharing_ is HardSharing\(\)"):
        clf._gate_weights(X, 0)


def test_sequences_have_no_effects_of_features():
    texts = ["good film", "bad film"] * 10
    clf = MultiTaskTextClassifier(trunk="conv", max_iter=1, random_state=0)
    clf.fit(texts, [0, 1] * 10)
    with pytest.raises(ValueError, match="reads sequences of tokens"):
        clf._feature_effects(texts, "both")


def test_effects_are_means_over_rows_and_not_sums():
    clf = fit(X, "hard", max_iter=1)
    _, once = clf._feature_effects(X[:5], "both")
    _, often = clf._feature_effects(np.tile(X[:5], (7, 1)), "both")
    for one, other in zip(once, often, strict=True):
        assert_allclose(one, other, atol=1e-6)
    assert [effect.shape for effect in once] == [(6, 3), (6, 2), (6, 1)]
    assert np.abs(once[0]).max() > 0


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_effects_through_the_private_path_are_its_weights(kind):
    clf = fit(kind(X), max_iter=1)
    layer = clf.net_.module_.private
    weight = layer.scale * layer.by_feature().numpy()[:, :3]
    three = clf._feature_effects(kind(X), "private")[1][0]
    assert np.abs(weight).max() > 0
    assert_allclose(three, weight - weight.mean(axis=1, keepdims=True), atol=1e-6)
