"""Sets of labels: the coverage that they promise, on other rows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import beta
from sklearn.naive_bayes import GaussianNB
from stated import Probabilities

from sklearn_mtl.decisions import ConformalMultiTaskClassifier
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.model_selection._per_task import PerTask

CLASSES = [["a", "b", "c", "d"]]


def draw(n_cells, seed=0, factor=1.0):
    """Return stated probabilities, wrong unless the factor is 1, and labels."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(n_cells, 4)) * 1.5
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (generator.random((n_cells, 1)) > share.cumsum(axis=1)).sum(axis=1)
    stated = share**factor
    return stated / stated.sum(axis=1, keepdims=True), np.array(CLASSES[0])[labels]


def conformal(**parameters):
    model = Probabilities(["y"], CLASSES)
    return ConformalMultiTaskClassifier(model, cv="prefit", **parameters)


def share_covered(found, X, labels):
    sets = found.predict_set(X)["y"]
    return np.mean([label in own for label, own in zip(labels, sets, strict=True)])


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("coverage", [0.7, 0.9, 0.95])
@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_new_rows_are_covered_as_stated(method, coverage, factor):
    shares = []
    for seed in range(10):
        X, labels = draw(2500, seed, factor)
        found = conformal(coverage=coverage, method=method).fit(
            X[:500], {"y": labels[:500]}
        )
        shares.append(share_covered(found, X[500:], labels[500:]))
        low, high = found.coverage_ranges_["y"]
        assert low < coverage < high
    # The mean of ten has a standard deviation of about 0.006.
    assert np.mean(shares) == pytest.approx(coverage, abs=0.02)


def test_the_threshold_is_a_score_by_rank():
    X, labels = draw(199)
    found = conformal(coverage=0.9).fit(X, {"y": labels})
    own = 1 - X[np.arange(199), np.searchsorted(CLASSES[0], labels)]
    assert found.thresholds_["y"] == np.sort(own)[179]  # the 180th of 199
    assert found.coverage_ranges_["y"] == pytest.approx(beta.ppf([0.05, 0.95], 180, 20))


def test_sets_hold_what_is_plausible_the_most_probable_first():
    X, labels = draw(400)
    found = conformal(coverage=0.8).fit(X, {"y": labels})
    (mask,) = found.predict_set(X, output="list")
    assert_array_equal(mask, found.thresholds_["y"] >= 1 - X)
    for row, own in zip(X, found.predict_set(X)["y"], strict=True):
        shares = [row[CLASSES[0].index(label)] for label in own]
        assert shares == sorted(shares, reverse=True)
    assert_array_equal(found.predict(X), found.estimator_.predict(X)["y"][:, None])


def test_aps_adds_labels_up_to_a_sum():
    X, labels = draw(400)
    found = conformal(coverage=0.9, method="aps").fit(X, {"y": labels})
    threshold = found.thresholds_["y"]
    for row, own in zip(X, found.predict_set(X)["y"], strict=True):
        falling = np.sort(row)[::-1].cumsum()
        assert len(own) == (falling <= threshold).sum()


def test_ordinal_sets_have_no_gap():
    class Ordered(Probabilities):
        task_types_ = {"y": "ordinal"}

    X, _ = draw(300)
    model = Ordered(["y"], [[0, 1, 2, 3]])
    found = ConformalMultiTaskClassifier(model, cv="prefit", coverage=0.8)
    found.fit(X, {"y": np.arange(300) % 4})
    found.thresholds_["y"] = 0.6
    row = [[0.45, 0.05, 0.45, 0.05]]
    assert found.predict_set(row, output="list")[0].tolist() == [
        [True, True, True, False]
    ]
    assert set(found.predict_set(row)["y"][0]) == {0, 1, 2}


def test_sets_of_labels_hold_all_true_ones():
    generator = np.random.default_rng(0)
    proba = generator.random((4000, 3))
    held = generator.random((4000, 3)) < proba
    names = np.array(["x", "y", "z"])
    cells = [frozenset(names[row]) for row in held]
    model = Probabilities(["y"], [names.tolist()])
    found = ConformalMultiTaskClassifier(model, cv="prefit", coverage=0.85)
    found.fit(proba[:2000], {"y": cells[:2000]})
    sets = found.predict_set(proba[2000:])["y"]
    covered = [own <= set(one) for own, one in zip(cells[2000:], sets, strict=True)]
    assert np.mean(covered) == pytest.approx(0.85, abs=0.03)


def test_a_label_that_the_classifier_never_saw_is_an_error():
    X, labels = draw(100)
    labels[3] = "e"
    with pytest.raises(
        ValueError, match=r"did not occur in fit: \['e'\] in row\(s\) \[3\]"
    ):
        conformal().fit(X, {"y": labels})


@pytest.mark.parametrize(
    ("n_cells", "coverage", "needed", "most"),
    [(8, 0.9, 9, 0.889), (20, 0.99, 99, 0.952)],
)
def test_too_few_cells_say_how_many_it_takes(n_cells, coverage, needed, most):
    X, labels = draw(n_cells)
    with pytest.raises(
        ValueError,
        match=rf"'y' has {n_cells} labelled held-out cell\(s\), which cannot promise a "
        rf"coverage of {coverage}\. It takes at least {needed}; .* at most {most}",
    ):
        conformal(coverage=coverage).fit(X, {"y": labels})


def test_few_cells_are_doubtful():
    X, labels = draw(50)
    low = beta.ppf(0.05, 46, 5)
    with pytest.warns(
        UserWarning, match=f"'y' has only 50 labelled held-out.* below {low:.3f} with"
    ):
        conformal(coverage=0.9).fit(X, {"y": labels})


def test_many_cells_raise_no_doubt():
    X, labels = draw(300)
    conformal().fit(X, {"y": labels})  # a warning would be an error


def test_held_out_rows_are_not_fitted():
    rows = np.random.default_rng(0).normal(size=(900, 2))
    labels = {"y": (rows[:, 0] > 0).astype(int), "z": (rows[:, 1] > 0).astype(int)}
    sizes = []

    class Counting(PerTask):
        def fit(self, X, y):
            sizes.append(len(X))
            return super().fit(X, y)

    found = ConformalMultiTaskClassifier(Counting(GaussianNB()), random_state=0)
    found.fit(rows, labels)
    assert sizes == [720]
    found.set_params(cv=0.3).fit(rows, labels)
    assert sizes[1] == 630
    again = ConformalMultiTaskClassifier(Counting(GaussianNB()), cv=0.3, random_state=0)
    assert again.fit(rows, labels).thresholds_ == found.thresholds_
    for cv, message in [
        (5, "cv=5 is a number of folds, but rows are held out once"),
        (MultiTaskStratifiedKFold(3), "cv makes 3 splits, but rows are held out once"),
    ]:
        with pytest.raises(ValueError, match=message):
            found.set_params(cv=cv).fit(rows, labels)
    assert len(sizes) == 3


@pytest.mark.parametrize(
    ("coverage", "message"),
    [
        (90, r"coverage must be above 0 and below 1\. Got 90"),
        ({"tone": 0.9}, r"coverage names unknown tasks \['tone'\]"),
        ({}, r"coverage must name all tasks\. \['y'\] are missing"),
    ],
)
def test_bad_coverage(coverage, message):
    X, labels = draw(300)
    with pytest.raises(ValueError, match=message):
        conformal(coverage=coverage).fit(X, {"y": labels})
