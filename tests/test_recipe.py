"""How each trunk is best trained, where the user leaves it to the trunk."""

import numpy as np
import pytest
import torch

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.network import InputSpec, Recipe
from sklearn_mtl.network._recipe import (
    MODULES,
    PLAIN_EMBEDDINGS,
    ROWS,
    TOKENS,
    default_recipe,
)
from sklearn_mtl.trunks import (
    AttentionTrunk,
    BagTrunk,
    BaseTrunk,
    ConvTrunk,
    DenseTrunk,
    ModuleTrunk,
    RecurrentTrunk,
)


def spec_for(trunk, n_rows=201):
    sparse, tokens = trunk.reads_sparse, trunk.reads_tokens
    return InputSpec(9, sparse, scale=1.0, n_rows=n_rows, tokens=tokens)


@pytest.mark.parametrize(
    ("trunk", "small", "large"),
    [
        (BagTrunk(), ROWS, ROWS),
        (DenseTrunk(), ROWS, ROWS),
        (ConvTrunk(), TOKENS, PLAIN_EMBEDDINGS),
        (ConvTrunk(freeze=True), TOKENS, PLAIN_EMBEDDINGS),
        (RecurrentTrunk(), TOKENS, TOKENS),
        (AttentionTrunk(), TOKENS, TOKENS),
        (ModuleTrunk(list, n_units=2), ROWS, ROWS),
        (ModuleTrunk(list, n_units=2, reads="sparse"), MODULES, MODULES),
        (ModuleTrunk(list, n_units=2, reads="tokens"), TOKENS, TOKENS),
    ],
    ids=str,
)
def test_recipes_of_trunks(trunk, small, large):
    assert trunk.recipe(spec_for(trunk, 200)) is small
    assert trunk.recipe(spec_for(trunk, 201)) is large


@pytest.mark.parametrize(("tokens", "recipe"), [(False, ROWS), (True, TOKENS)])
def test_without_a_trunk_rows_tell(tokens, recipe):
    spec = InputSpec(9, sparse=True, scale=1.0, n_rows=500, tokens=tokens)
    assert default_recipe(spec) is recipe


@pytest.mark.parametrize("n_rows", [200, 201])
@pytest.mark.parametrize("trunk", [ConvTrunk(), ConvTrunk(freeze=True)], ids=str)
def test_embeddings_that_descend_plainly_have_more_epochs(trunk, n_rows):
    spec = spec_for(trunk, n_rows)
    embedding = trunk.build(spec).embedding
    plainly = trunk._descends_plainly(spec)
    assert plainly is (n_rows > 200)
    assert trunk.recipe(spec) is (PLAIN_EMBEDDINGS if plainly else TOKENS)
    assert (embedding.descent == "embedding") is (plainly and not trunk.freeze)


OWN = Recipe(
    epochs=4, batch_size=9, sparse_rate=0.0, embedding_rate=0.0, dense_rate=0.25
)


class Identity(BaseTrunk):
    """A trunk of a user, with a recipe of its own."""

    n_units = 3

    def recipe(self, spec):
        return OWN

    def build(self, spec):
        return torch.nn.Identity()


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, (4, 9, 0.25)),
        (
            {"max_iter": 1, "batch_size": 50, "learning_rate_init": 0.5},
            (1, 50, 0.5),
        ),
    ],
    ids=["auto", "given"],
)
def test_the_recipe_of_a_users_trunk_is_what_auto_means(params, expected):
    rows = np.random.default_rng(0).normal(size=(900, 3))
    labels = {"a": rows[:, 0] > 0, "b": rows[:, 1] > 0}
    clf = MultiTaskTextClassifier(
        trunk=Identity(), sharing="hard", random_state=0, **params
    ).fit(rows, labels)
    net = clf.net_
    found = net.max_epochs, net.batch_size, net.optimizer_dense__lr
    assert found == pytest.approx(expected)
    assert clf.n_iter_ == expected[0]
