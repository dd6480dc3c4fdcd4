"""The "auto" rules: what training settings follow from the shape of the data."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._features import auto_vectorizers
from sklearn_mtl.data._rows import FEW, SMALL
from sklearn_mtl.network._recipe import MODULES, PLAIN_EMBEDDINGS, ROWS, TOKENS
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.training._config import TrainingConfig
from sklearn_mtl.training._plan import (
    CLASS_EPOCHS,
    CLASS_EXAMPLES,
    FEW_EPOCHS,
    FULL_BATCH_STEPS,
    FULL_BATCH_STEPS_OF_BAGS,
    LEAST_RATE,
    NARROW,
    NARROW_LOGITS,
    SMALL_ADJUSTMENT,
    STEPS,
    WIDE,
    auto_width,
    logit_adjustments,
    make_plan,
)
from sklearn_mtl.trunks import BagTrunk


def config_of(**params):
    return TrainingConfig.of(MultiTaskTextClassifier(**params))


def plan_of(n_rows=1000, sparse=True, cells_per_class=np.inf, **params):
    spec = InputSpec(n_features=10, sparse=sparse, scale=1.0, n_rows=n_rows)
    return make_plan(config_of(**params), spec, ROWS, cells_per_class)


def token_plan(n_rows, plain_embeddings=False, **params):
    spec = InputSpec(10, sparse=True, scale=1.0, n_rows=n_rows, tokens=True)
    recipe = PLAIN_EMBEDDINGS if plain_embeddings else TOKENS
    return make_plan(config_of(**params), spec, recipe)


def test_sequences_take_smaller_batches_and_steps():
    plan = token_plan(10**6)
    assert (plan.max_iter, plan.batch_size) == (TOKENS.epochs, TOKENS.batch_size)
    assert plan.input_rate == plan.dense_rate == TOKENS.dense_rate
    assert plan.sparse_rate == pytest.approx(
        TOKENS.sparse_rate * ROWS.epochs / TOKENS.epochs
    )
    given = token_plan(10**6, learning_rate_init=2 * TOKENS.dense_rate)
    assert given.sparse_rate == pytest.approx(2 * plan.sparse_rate)


def test_plain_embeddings_take_more_epochs_and_a_step_of_their_own():
    plan = token_plan(10**6, plain_embeddings=True)
    assert plan.max_iter == PLAIN_EMBEDDINGS.epochs
    fall = ROWS.epochs / PLAIN_EMBEDDINGS.epochs
    assert plan.embedding_rate == pytest.approx(PLAIN_EMBEDDINGS.embedding_rate * fall)
    assert plan.sparse_rate == pytest.approx(TOKENS.sparse_rate * fall)
    given = token_plan(
        10**6, plain_embeddings=True, learning_rate_init=TOKENS.dense_rate / 2
    )
    assert given.embedding_rate == pytest.approx(plan.embedding_rate / 2)


def test_few_sequences_are_one_full_batch():
    plan = token_plan(200)
    assert (plan.max_iter, plan.batch_size) == (FULL_BATCH_STEPS, 200)


def n_steps(plan, n_rows):
    return plan.max_iter * ceil(n_rows / plan.batch_size)


@pytest.mark.parametrize("n_rows", [1, 7, SMALL, SMALL + 1, FEW])
def test_few_bags_make_a_fixed_number_of_full_batch_steps(n_rows):
    plan = plan_of(n_rows)
    assert (plan.max_iter, plan.batch_size) == (FULL_BATCH_STEPS_OF_BAGS, n_rows)
    assert plan.sparse_rate == ROWS.sparse_rate


@pytest.mark.parametrize("n_rows", [1, 7, SMALL])
def test_small_dense_data_make_more_full_batch_steps(n_rows):
    plan = plan_of(n_rows, sparse=False)
    assert (plan.max_iter, plan.batch_size) == (FULL_BATCH_STEPS, n_rows)


def test_more_rows_come_in_batches():
    assert plan_of(FEW + 1).batch_size == ROWS.batch_size
    assert plan_of(10**6).batch_size == ROWS.batch_size
    for n_rows in (ROWS.batch_size, ROWS.batch_size + 1, FEW):
        assert plan_of(n_rows, sparse=False).batch_size == ROWS.batch_size


def test_a_little_above_200_dense_rows_a_step_is_an_epoch_still():
    plan = plan_of(201, sparse=False)
    assert plan.batch_size == 201
    assert plan.max_iter == STEPS


@pytest.mark.parametrize(
    ("n_rows", "sparse", "tokens", "is_few"),
    [
        (1, True, False, True),
        (FEW, True, False, True),
        (FEW + 1, True, False, False),
        (1, True, True, False),
        (1, False, False, False),
    ],
)
def test_only_bags_are_few(n_rows, sparse, tokens, is_few):
    spec = InputSpec(10, sparse=sparse, scale=1.0, n_rows=n_rows, tokens=tokens)
    assert spec.is_few is is_few
    assert spec.is_bag is (sparse and not tokens)


@pytest.mark.parametrize("n_rows", [1, SMALL, SMALL + 1, FEW, FEW + 1, 10**5])
def test_modules_over_bags_make_as_many_steps_as_over_dense_rows(n_rows):
    spec = InputSpec(10, sparse=True, scale=1.0, n_rows=n_rows)
    plan, dense = make_plan(config_of(), spec, MODULES), plan_of(n_rows, sparse=False)
    assert (plan.max_iter, plan.batch_size) == (dense.max_iter, dense.batch_size)


def test_the_fewest_bags_in_batches_make_a_limited_number_of_epochs():
    assert plan_of(FEW + 1).max_iter == FEW_EPOCHS
    # The limit does not hold where classes are rare, or a recipe asks for more.
    n_rows = 10 * FEW
    assert plan_of(n_rows, cells_per_class=1).max_iter == CLASS_EPOCHS
    spec = InputSpec(10, sparse=True, scale=1.0, n_rows=FEW + 1)
    assert make_plan(config_of(), spec, PLAIN_EMBEDDINGS).max_iter == 12


def test_large_data_make_few_epochs():
    assert plan_of(10**6).max_iter == ROWS.epochs


@given(cells_per_class=st.floats(0.01, 10**5))
@settings(max_examples=50, deadline=None)
def test_rare_classes_ask_for_more_epochs_up_to_a_limit(cells_per_class):
    epochs = plan_of(10**6, cells_per_class=cells_per_class).max_iter
    assert ROWS.epochs <= epochs <= CLASS_EPOCHS
    if ROWS.epochs < epochs < CLASS_EPOCHS:
        assert (
            (epochs - 1) * cells_per_class < CLASS_EXAMPLES <= epochs * cells_per_class
        )


def test_many_classes_with_few_cells_get_more_epochs():
    texts = [f"word{i % 50} more" for i in range(40_000)]
    labels = {"many": np.arange(40_000) % 400, "few": np.arange(40_000) % 2}
    few = MultiTaskTextClassifier(trunk=None, random_state=0).fit(
        texts, {"few": labels["few"]}
    )
    assert few.max_iter_ == ROWS.epochs
    many = MultiTaskTextClassifier(trunk=None, random_state=0).fit(texts, labels)
    assert many.max_iter_ == ceil(CLASS_EXAMPLES / (80_000 / 402))


@given(n_rows=st.integers(201, 10**6))
@settings(max_examples=50, deadline=None)
def test_larger_dense_data_makes_enough_steps_and_epochs_and_few_more(n_rows):
    plan = plan_of(n_rows, sparse=False)
    assert plan.max_iter >= ROWS.epochs
    assert n_steps(plan, n_rows) >= STEPS
    if plan.max_iter > ROWS.epochs:
        assert (plan.max_iter - 1) * n_rows / plan.batch_size < STEPS


@given(n_rows=st.integers(FEW + 1, 10**6))
@settings(max_examples=50, deadline=None)
def test_many_bags_make_the_steps_of_dense_rows_in_at_most_some_epochs(n_rows):
    dense = plan_of(n_rows, sparse=False)
    assert plan_of(n_rows).max_iter == min(dense.max_iter, FEW_EPOCHS)


@given(n_rows=st.integers(1, 10**5), batch_size=st.integers(1, 10**4))
@settings(max_examples=50, deadline=None)
def test_any_batch_size_makes_enough_steps(n_rows, batch_size):
    plan = plan_of(n_rows, sparse=False, batch_size=batch_size)
    assert plan.batch_size == min(batch_size, n_rows)
    assert n_steps(plan, n_rows) >= (FULL_BATCH_STEPS if n_rows <= 200 else STEPS)
    bags = plan_of(n_rows, batch_size=batch_size)
    assert bags.batch_size == plan.batch_size
    if n_rows <= FEW and batch_size >= n_rows:
        assert bags.max_iter == FULL_BATCH_STEPS_OF_BAGS
    else:
        assert bags.max_iter == min(plan.max_iter, FEW_EPOCHS)


@pytest.mark.parametrize("n_rows", [50, 5000])
def test_what_is_given_wins(n_rows):
    plan = plan_of(n_rows, max_iter=3, batch_size=20)
    assert plan.max_iter == 3
    assert plan.batch_size == 20


@pytest.mark.parametrize("n_rows", [50, 5000])
@pytest.mark.parametrize("sparse", [True, False])
def test_one_learning_rate_scales_both(n_rows, sparse):
    auto = plan_of(n_rows, sparse)
    plan = plan_of(n_rows, sparse, learning_rate_init=0.5)
    assert (plan.sparse_rate if sparse else plan.dense_rate) == pytest.approx(0.5)
    ratio = auto.sparse_rate / auto.dense_rate
    assert plan.sparse_rate / plan.dense_rate == pytest.approx(ratio)


@pytest.mark.parametrize("max_iter", [1, 6, 100])
def test_epochs_set_no_step_but_that_of_sparse_layers_in_batches(max_iter):
    dense = plan_of(5000, sparse=False, max_iter=max_iter)
    assert dense.input_rate == dense.dense_rate == ROWS.dense_rate
    # Epochs of full batches are steps, and as many as the rate was chosen for.
    assert plan_of(200, max_iter=max_iter).sparse_rate == ROWS.sparse_rate


@given(n_rows=st.integers(201, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_epochs_that_auto_comes_to_set_the_step(n_rows):
    plan = plan_of(n_rows)
    assert plan == plan_of(n_rows, max_iter=plan.max_iter)
    assert LEAST_RATE * ROWS.sparse_rate <= plan.sparse_rate <= ROWS.sparse_rate


@pytest.mark.parametrize("n_rows", [50, 5000])
@pytest.mark.parametrize("sparse", [True, False])
def test_the_auto_rate_may_be_written_out(n_rows, sparse):
    auto = plan_of(n_rows, sparse)
    rate = auto.sparse_rate if sparse else auto.dense_rate
    assert plan_of(n_rows, sparse, learning_rate_init=rate) == auto


def test_adjustment_is_smaller_for_two_classes():
    shares = [np.log([0.9, 0.1]), np.log([0.5, 0.3, 0.2])]
    two, three = logit_adjustments("auto", shares)
    np.testing.assert_allclose(two, 0.25 * shares[0])
    np.testing.assert_allclose(three, 0.5 * shares[1])


def test_adjustment_of_few_rows_is_that_of_any_number_of_classes():
    shares = [np.log([0.9, 0.1]), np.log([0.5, 0.3, 0.2])]
    found = logit_adjustments("auto", shares, is_few=True)
    for own, share in zip(found, shares, strict=True):
        np.testing.assert_allclose(own, SMALL_ADJUSTMENT * share)


@pytest.mark.parametrize("is_few", [True, False])
def test_a_given_adjustment_is_that_of_all_tasks(is_few):
    shares = [np.log([0.9, 0.1]), np.log([0.5, 0.3, 0.2])]
    found = logit_adjustments(2.0, shares, is_few=is_few)
    for own, share in zip(found, shares, strict=True):
        np.testing.assert_allclose(own, 2 * share)


def test_the_first_step_falls_with_the_epochs_and_not_for_ever():
    rates = [
        plan_of(10**4, max_iter=epochs).sparse_rate for epochs in (1, 3, 6, 15, 100)
    ]
    assert rates == pytest.approx([500, 500, 250, 100, 100])
    assert plan_of(10**4, max_iter=6).dense_rate == plan_of(10**4).dense_rate


@pytest.mark.parametrize(("n_rows", "is_small"), [(200, True), (201, False)])
def test_data_are_small_up_to_200_rows(n_rows, is_small):
    steps = FULL_BATCH_STEPS if is_small else STEPS
    assert plan_of(n_rows, sparse=False).max_iter == steps
    spec = InputSpec(10, sparse=True, scale=1.0, n_rows=n_rows)
    assert spec.is_small is is_small
    vectorizer = next(auto_vectorizers(["a word"] * n_rows)).transformer_list[0][1]
    assert vectorizer.min_df == (1 if is_small else 2)


# Numbers are written out here, and not taken from the module: what users have trained
# with must not move unseen. Rows, what they are, settings: epochs, batch size, and the
# rates of the input layer, sparse layers, embeddings and the rest.
PLANS = [
    (200, "sparse", {}, (10, 200, 500.0, 500.0, 1600.0, 0.007)),
    (200, "dense", {}, (100, 200, 0.03, 500.0, 1600.0, 0.03)),
    (200, "tokens", {}, (100, 200, 0.03, 50.0, 1600.0, 0.03)),
    (201, "sparse", {}, (10, 201, 500.0, 500.0, 1600.0, 0.007)),
    (201, "dense", {}, (300, 201, 0.007, 500.0, 1600.0, 0.007)),
    (201, "tokens", {}, (192, 128, 0.003, 10.0, 320.0, 0.003)),
    (3000, "sparse", {}, (10, 3000, 500.0, 500.0, 1600.0, 0.007)),
    (3000, "sparse", {"batch_size": 250}, (8, 250, 187.5, 187.5, 600.0, 0.007)),
    (3000, "sparse", {"max_iter": 12}, (12, 3000, 500.0, 500.0, 1600.0, 0.007)),
    (3000, "dense", {}, (26, 256, 0.007, 100.0, 320.0, 0.007)),
    (3001, "sparse", {}, (8, 256, 187.5, 187.5, 600.0, 0.007)),
    (256 * 37, "sparse", {}, (8, 256, 187.5, 187.5, 600.0, 0.007)),
    (256 * 43, "sparse", {}, (7, 256, 1500 / 7, 1500 / 7, 4800 / 7, 0.007)),
    (256 * 60, "sparse", {}, (5, 256, 300.0, 300.0, 960.0, 0.007)),
    (256 * 75, "sparse", {}, (4, 256, 375.0, 375.0, 1200.0, 0.007)),
    (256 * 100, "sparse", {}, (3, 256, 500.0, 500.0, 1600.0, 0.007)),
    (256 * 100 - 1, "sparse", {}, (4, 256, 375.0, 375.0, 1200.0, 0.007)),
    (10**6, "sparse", {}, (3, 256, 500.0, 500.0, 1600.0, 0.007)),
    (10**6, "tokens", {}, (5, 128, 0.003, 30.0, 960.0, 0.003)),
    (10**6, "embeddings", {}, (12, 128, 0.003, 12.5, 400.0, 0.003)),
    (10**6, "sparse", {"max_iter": 15}, (15, 256, 100.0, 100.0, 320.0, 0.007)),
    (10**6, "sparse", {"max_iter": 1}, (1, 256, 500.0, 500.0, 1600.0, 0.007)),
    (10**6, "sparse", {"batch_size": 99}, (3, 99, 500.0, 500.0, 1600.0, 0.007)),
    (
        10**6,
        "sparse",
        {"learning_rate_init": 250},
        (3, 256, 250.0, 250.0, 800.0, 0.0035),
    ),
    (
        10**6,
        "embeddings",
        {"learning_rate_init": 0.006},
        (12, 128, 0.006, 25.0, 800.0, 0.006),
    ),
]


@pytest.mark.parametrize(("n_rows", "kind", "params", "expected"), PLANS)
def test_plans_are_what_they_were(n_rows, kind, params, expected):
    if kind in ("sparse", "dense"):
        plan = plan_of(n_rows, sparse=kind == "sparse", **params)
    else:
        plan = token_plan(n_rows, kind == "embeddings", **params)
    found = (
        plan.max_iter,
        plan.batch_size,
        plan.input_rate,
        plan.sparse_rate,
        plan.embedding_rate,
        plan.dense_rate,
    )
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cells_per_class", "epochs"),
    [(100, 6), (150, 6), (160, 5), (199, 5), (200, 4), (266, 4), (267, 3), (1e9, 3)],
)
def test_epochs_for_rare_classes(cells_per_class, epochs):
    assert plan_of(10**6, cells_per_class=cells_per_class).max_iter == epochs


@pytest.mark.parametrize(
    ("n_rows", "n_logits", "width"),
    [
        (FEW, 2, WIDE),
        (FEW + 1, 2, NARROW),
        (FEW + 1, NARROW_LOGITS, NARROW),
        (FEW + 1, NARROW_LOGITS + 1, WIDE),
    ],
)
def test_the_default_trunk_is_narrow_for_many_rows_and_few_classes(
    n_rows, n_logits, width
):
    assert auto_width(n_rows, n_logits) == width
    assert auto_width(n_rows, n_logits, BagTrunk(7)) == 7


def test_only_the_auto_trunk_is_narrow_and_a_warm_start_keeps_its_width():
    many = ["a good film", "a bad film"] * (FEW // 2 + 1)
    clf = MultiTaskTextClassifier(max_iter=1, alpha=0, warm_start=True, random_state=0)
    clf.fit(many, {"tone": [0, 1] * (len(many) // 2)})
    assert clf.trunk_.n_units == NARROW
    clf.fit(many[:100], {"tone": [0, 1] * 50})
    assert clf.trunk_.n_units == NARROW
    clf.set_params(warm_start=False).fit(many[:100], {"tone": [0, 1] * 50})
    assert clf.trunk_.n_units == WIDE
    clf.set_params(trunk="bag").fit(many, {"tone": [0, 1] * (len(many) // 2)})
    assert clf.trunk_.n_units == WIDE
