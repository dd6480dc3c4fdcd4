"""Settings read off the data: fits to some rows, judged on others."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.answers._calibration import Calibration
from sklearn_mtl.data._cells import read_cells
from sklearn_mtl.data._rows import FEW
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.network._recipe import ROWS
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.training import _probe
from sklearn_mtl.training._config import TrainingConfig
from sklearn_mtl.training._probe import Probed, needs_probe, not_probed


def texts_of(n_rows, flips=0.0, seed=0, **params):
    """Make texts and two binary columns, a share of whose labels is flipped."""
    texts, labels = make_multitask_texts(
        n_rows, n_tasks=2, n_classes=2, relatedness=0.5, random_state=seed, **params
    )
    true = np.asarray(labels).astype(int)
    flip = np.random.default_rng(seed).random(true.shape) < flips
    return texts, np.where(flip, 1 - true, true), true


def config_of(**params):
    return TrainingConfig.of(MultiTaskTextClassifier(random_state=0, **params))


def rows_of(n_rows, dtype=np.float32):
    return csr_array((n_rows, 5), dtype=dtype)


@pytest.mark.parametrize(
    ("params", "rows", "expected"),
    [
        ({}, rows_of(200), False),
        ({}, rows_of(201), True),
        ({}, rows_of(5000), True),
        ({}, rows_of(500, np.int32), False),
        ({}, np.zeros((500, 3)), True),
        ({}, np.zeros((5000, 3)), False),
        ({"alpha": 0.1}, rows_of(500), True),
        ({"alpha": 0.1}, rows_of(5000), True),
        ({"learning_rate_init": 100.0}, rows_of(500), True),
        ({"learning_rate_init": 100.0}, rows_of(5000), False),
        ({"alpha": 0.1, "temperature": 1.0}, rows_of(500), False),
        ({"temperature": 1.0}, rows_of(500), True),
        ({"temperature": 1.0}, np.zeros((500, 3)), False),
        ({"net_params": {"optimizer_dense__eps": 1e-6}}, rows_of(500), False),
    ],
)
def test_where_settings_are_tried(params, rows, expected):
    assert needs_probe(config_of(**params), rows) == expected


def test_without_a_probe_settings_are_those_of_the_user():
    config = config_of(alpha=0.5, max_iter=7)
    assert not_probed(config) == Probed(0.5, 7, "auto")
    assert not_probed(config_of()).alpha == 0.0
    assert not_probed(config_of()).learning_rate_factor == 1.0


def test_a_warm_start_keeps_what_was_found():
    kept = not_probed(config_of(max_iter=2), 3e-3, "a calibration")
    assert kept == Probed(3e-3, 2, "auto", "a calibration")
    assert not_probed(config_of(alpha=0.1), 3e-3).alpha == 0.1
    kept = not_probed(config_of(), 0.0, None, 0.25)
    assert kept.settle(config_of()).learning_rate_factor == 0.25


def test_noisy_labels_are_regularized():
    texts, noisy, true = texts_of(1500, flips=0.3)
    fitted = {
        alpha: MultiTaskTextClassifier(alpha=alpha, random_state=0).fit(
            texts[:1000], noisy[:1000]
        )
        for alpha in ("auto", 0.0)
    }
    assert fitted["auto"].alpha_ in _probe.ALPHAS
    scores = {a: clf.score(texts[1000:], true[1000:]) for a, clf in fitted.items()}
    assert scores["auto"] > scores[0.0] + 0.02


def test_clean_labels_are_hardly():
    texts, _, true = texts_of(600)
    clf = MultiTaskTextClassifier(random_state=0).fit(texts, true)
    assert clf.alpha_ < max(_probe.ALPHAS)


def test_probabilities_of_noisy_labels_are_those_of_the_labels():
    texts, noisy, _ = texts_of(1600, flips=0.3, seed=1)
    clf = MultiTaskTextClassifier(random_state=0).fit(texts[:1000], noisy[:1000])
    certain = clf.predict_proba(texts[1000:])[0].max(axis=1)
    right = clf.predict(texts[1000:])[:, 0] == noisy[1000:, 0]
    assert certain.mean() == pytest.approx(right.mean(), abs=0.06)
    raw = MultiTaskTextClassifier(alpha=0.0, temperature=1.0, random_state=0)
    raw.fit(texts[:1000], noisy[:1000])
    before = raw.predict_proba(texts[1000:])[0].max(axis=1)
    assert before.mean() > certain.mean() + 0.1


def test_a_fit_with_what_was_found_is_the_same_fit():
    texts, noisy, _ = texts_of(900, flips=0.3)
    found = MultiTaskTextClassifier(random_state=0).fit(texts, noisy)
    given = MultiTaskTextClassifier(
        alpha=found.alpha_,
        max_iter=found.max_iter_,
        batch_size=found.batch_size_,
        temperature=1.0,
        random_state=0,
    ).fit(texts, noisy)
    for own, other in zip(found._logits(texts), given._logits(texts), strict=True):
        assert_array_equal(own, other)


def test_fits_are_reproducible():
    texts, noisy, _ = texts_of(500, flips=0.2)
    first, second = (
        MultiTaskTextClassifier(random_state=3).fit(texts, noisy) for _ in range(2)
    )
    assert first.temperatures_ == second.temperatures_
    assert_array_equal(first.predict_proba(texts)[0], second.predict_proba(texts)[0])


def test_many_rows_of_noisy_labels_train_at_a_lower_rate():
    texts, noisy, true = texts_of(FEW + 1500, flips=0.3)
    train, test = slice(0, FEW + 500), slice(FEW + 500, None)
    found = MultiTaskTextClassifier(random_state=0).fit(texts[train], noisy[train])
    assert found.learning_rate_factor_ < 0.5
    assert (found.alpha_, found.batch_size_) == (0.0, ROWS.batch_size)
    usual = found.learning_rate_init_ / found.learning_rate_factor_
    other = MultiTaskTextClassifier(learning_rate_init=usual, random_state=0)
    other.fit(texts[train], noisy[train])
    assert other.learning_rate_factor_ == 1.0
    gain = found.score(texts[test], true[test]) - other.score(texts[test], true[test])
    assert gain > 0.05


class Trial:
    """Candidates with given scores and temperatures instead of trained ones."""

    n_rows = 1200

    def __init__(self, outcome, is_sample=False, growth=1.0):
        self.outcome, self.tried, self.factors = outcome, [], []
        self.is_sample, self.growth = is_sample, growth

    def __call__(self, config):
        self.tried.append((config.alpha, config.max_iter, config.batch_size))
        self.factors.append(config.learning_rate_factor)
        score, temperature = self.outcome(config)
        calibration = Calibration([], [], np.array([temperature]))
        return _probe._Candidate(
            config.alpha,
            config.max_iter,
            config.batch_size,
            config.learning_rate_factor,
            score,
            calibration,
            in_full_batches=not self.is_sample,
        )


def test_a_sample_has_each_class_as_often_as_all_rows(monkeypatch):
    codes = np.arange(40_000)[:, None] % 4
    for most in (10_000, 200_000):
        monkeypatch.setattr(_probe, "MOST_ROWS", most)
        sample = _probe._sample(codes, np.random.RandomState(0))
        assert_array_equal(np.unique(sample), sample)
        counts = np.bincount(codes[sample, 0])
        assert abs(counts - _probe.SAMPLE / 4).max() <= 60  # of 1500
        assert sample[-1] > 30_000


def test_networks_for_a_sample_have_no_weights_for_what_it_lacks():
    rows = csr_array(np.array([[0, 1.0, 0, 2, 0], [0, 0, 0, 3, 0]]))
    kept, weights = _probe._without_unseen(rows, np.arange(5.0))
    assert kept.toarray().tolist() == [[1, 2], [0, 3]]
    assert weights.tolist() == [1, 3]
    assert kept.indices.dtype == rows.indices.dtype
    assert _probe._without_unseen(rows, None)[1] is None


def test_one_candidate_is_enough_where_the_network_knows_what_it_knows():
    trial = Trial(lambda config: (0.5, 1.0))
    assert _probe._best(config_of(), trial).alpha == 0.0
    assert trial.tried == [(0.0, "auto", "auto")]


@pytest.mark.parametrize(("score", "takes"), [(0.52, True), (0.50, True), (0.4, False)])
def test_what_has_learnt_too_little_tries_smaller_batches(score, takes):
    smaller = (0.0, _probe.PART_EPOCHS, 100)

    def outcome(config):
        return (0.5, 0.3) if config.batch_size == "auto" else (score, 0.9)

    trial = Trial(outcome)
    best = _probe._best(config_of(), trial)
    assert trial.tried == [(0.0, "auto", "auto"), smaller]
    assert (best.batch_size == 100) == takes


@pytest.mark.parametrize("params", [{"max_iter": 5}, {"batch_size": 32}])
def test_batches_and_epochs_of_the_user_stay(params):
    trial = Trial(lambda config: (0.5, 0.3))
    _probe._best(config_of(**params), trial)
    assert len(trial.tried) == 1


def test_penalties_are_tried_as_long_as_they_help():
    scores = {0.0: 0.5, 1e-3: 0.53, 3e-3: 0.48, 6e-3: 0.6}
    trial = Trial(lambda config: (scores[config.alpha], 1.3))
    assert _probe._best(config_of(), trial).alpha == 1e-3
    assert [alpha for alpha, *_ in trial.tried] == [0.0, 1e-3, 3e-3]


def test_where_the_network_is_very_overconfident_all_penalties_are():
    scores = {0.0: 0.5, 1e-3: 0.4, 3e-3: 0.4, 6e-3: 0.6}
    trial = Trial(lambda config: (scores[config.alpha], 3.0))
    assert _probe._best(config_of(), trial).alpha == 6e-3


def test_a_penalty_of_the_user_stays():
    trial = Trial(lambda config: (0.5, 3.0))
    assert _probe._best(config_of(alpha=0.2), trial).alpha == 0.2
    assert len(trial.tried) == 1


def test_a_sample_tries_the_rate_for_a_good_temperature_and_one_between():
    trial = Trial(lambda config: (0.5, 1.6 * config.learning_rate_factor**0.6), True)
    best = _probe._best(config_of(), trial)
    lowest = 0.5 ** (1 / 0.6)
    assert trial.factors == pytest.approx([1.0, lowest**0.5, lowest])
    assert (best.learning_rate_factor, best.alpha) == (trial.factors[2], 0.0)


@pytest.mark.parametrize(
    ("scores", "chosen"), [((0.6, 0.5, 0.5), 0), ((0.5, 0.6, 0.5), 1)]
)
def test_the_score_of_a_rate_counts_more_than_its_temperature(scores, chosen):
    trial = Trial(lambda config: (scores[len(trial.tried) - 1], 1.6), True)
    best = _probe._best(config_of(), trial)
    assert best.learning_rate_factor == trial.factors[chosen]


@pytest.mark.parametrize(("power", "n_tried"), [(0.6, 3), (0.5, 3), (0.3, 4)])
def test_a_further_rate_is_tried_where_temperatures_fall_slowly(power, n_tried):
    trial = Trial(lambda config: (0.5, 2 * config.learning_rate_factor**power), True)
    best = _probe._best(config_of(), trial)
    assert len(trial.tried) == n_tried
    assert best.learning_rate_factor == trial.factors[-1]


def test_rates_have_a_limit():
    trial = Trial(lambda config: (0.5, 1000.0), True)
    _probe._best(config_of(), trial)
    assert min(trial.factors) == _probe.LEAST_FACTOR


def test_the_least_rate_is_tried_once():
    trial = Trial(lambda config: (0.5, 30 * config.learning_rate_factor**0.1), True)
    best = _probe._best(config_of(), trial)
    assert best.learning_rate_factor == _probe.LEAST_FACTOR
    assert trial.factors.count(_probe.LEAST_FACTOR) == 1


@pytest.mark.parametrize(("sampled_from", "growth"), [(None, 1.0), (12 * 16, 4**0.9)])
def test_growth_is_by_the_rows_that_a_sample_stands_for(sampled_from, growth):
    cells = read_cells([0, 1] * 8, None, 16)
    rows, parts = rows_of(16), (np.arange(12), np.arange(12, 16))
    trial = _probe._Trial(rows, None, cells, None, None, parts, sampled_from)
    assert trial.growth == pytest.approx(growth)
    assert trial.is_sample == (sampled_from is not None)


def test_a_rate_of_the_user_stays_and_so_does_a_penalty():
    trial = Trial(lambda config: (0.5, 3.0), True)
    _probe._best(config_of(learning_rate_init=50.0), trial)
    assert len(trial.tried) == 1
    trial = Trial(lambda config: (0.5, 3.0), True)
    _probe._best(config_of(alpha=0.2), trial)
    assert {alpha for alpha, *_ in trial.tried} == {0.2}
    assert len(trial.tried) > 1


@pytest.mark.parametrize(
    ("temperature", "growth", "n_tried"),
    [(0.85, 3.0, 1), (0.95, 0.8, 1), (0.95, 1.0, 3), (0.95, 3.0, 3)],
)
def test_all_rows_are_expected_to_be_more_overconfident_than_a_sample(
    temperature, growth, n_tried
):
    trial = Trial(lambda config: (0.5, temperature), True, growth)
    _probe._best(config_of(), trial)
    assert len(trial.tried) == n_tried


@pytest.mark.parametrize("n_rows", [250, FEW + 100])
def test_labels_that_are_all_different_are_not_probed(n_rows):
    texts = [f"word{k % 50} more" for k in range(n_rows)]
    clf = MultiTaskTextClassifier(trunk=None, random_state=0)
    clf.fit(texts, np.arange(n_rows))
    assert clf.alpha_ == 0.0
    assert set(clf.temperatures_.values()) == {1.0}


def test_a_search_finds_the_settings_of_separate_fits():
    texts, noisy, _ = texts_of(450, flips=0.2)
    clf = MultiTaskTextClassifier(random_state=0)
    weights = [{"task0": 1.0, "task1": 1.0}, {"task0": 3.0, "task1": 1.0}]
    labels = {"task0": noisy[:, 0], "task1": noisy[:, 1]}
    search = LossWeightSearchCV(clf, weights, cv=2).fit(texts, labels)
    best = MultiTaskTextClassifier(
        random_state=0, loss_weights=search.best_params_["loss_weights"]
    ).fit(texts, labels)
    assert search.best_estimator_.alpha_ == best.alpha_
    assert search.best_estimator_.temperatures_ == best.temperatures_


def test_warm_starts_keep_temperatures():
    texts, noisy, _ = texts_of(500, flips=0.2)
    clf = MultiTaskTextClassifier(random_state=0, warm_start=True).fit(texts, noisy)
    before, alpha = clf.temperatures_, clf.alpha_
    clf.set_params(max_iter=1).fit(texts, noisy)
    assert (clf.temperatures_, clf.alpha_) == (before, alpha)


def test_warm_starts_keep_the_lower_rate():
    texts, noisy, _ = texts_of(FEW + 500, flips=0.3)
    clf = MultiTaskTextClassifier(random_state=0, warm_start=True).fit(texts, noisy)
    factor = clf.learning_rate_factor_
    assert clf.set_params(max_iter=1).fit(texts, noisy).learning_rate_factor_ == factor
    assert clf.learning_rate_init_ == factor * ROWS.sparse_rate
