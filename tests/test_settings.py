"""Settings of public classes: their bounds, and what they say."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils import get_tags

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    HardSharing,
    MixtureOfExperts,
    ProgressiveLayers,
    Separate,
    SharedPrivate,
    has_representation,
    shares_trunk,
)
from sklearn_mtl.tasks import MultiLabel
from sklearn_mtl.trunks import (
    AttentionTrunk,
    BagTrunk,
    ConvTrunk,
    DenseTrunk,
    ModuleTrunk,
    RecurrentTrunk,
    reads_tokens,
    resolve_trunk,
    weighs_tokens,
)
from sklearn_mtl.utils._compat import InvalidParameterError

# For each parameter values at its bounds, and values just beyond them.
FROM_ONE = [1, np.int64(7)], [0, -1, 1.5]
FROM_ZERO = [0, 0.0, 3, 2.5], [-1e-9, -1, "0"]
SHARE = [0, 0.0, 0.99, "auto"], [1, 1.0, -0.01, "none", None]
INSIDE = [0.01, 0.99], [0, 1, 0.0, 1.0, -0.5]
SWITCH = [True, False, np.True_], ["yes", 2, None]
COUNT_OR_AUTO = [1, 2, "auto"], [0, -1, 1.5, "all", None]
BOUNDS = {
    MultiTaskTextClassifier: {
        "term_weighting": (["auto", "information", None], ["idf", 1]),
        "trunk": (["auto", "bag", "conv", None, BagTrunk()], ["cnn", 1]),
        "sharing": (["auto", "hard", "ple", Separate()], ["none", None]),
        "loss_weights": (["auto", None, {}, [1, 2], FixedWeights()], ["sum", 1]),
        "class_weight": (["balanced", None, {}, []], ["auto", 1]),
        "logit_adjustment": ([0, 0.0, 0.5, 3, "auto"], [-0.01, None, "none"]),
        "task_types": ([{}, None], ["auto", []]),
        "max_iter": COUNT_OR_AUTO,
        "batch_size": COUNT_OR_AUTO,
        "learning_rate_init": ([1e-9, 1, 500.0, "auto"], [0, 0.0, -1, None]),
        "alpha": FROM_ZERO,
        "early_stopping": ([True, False, "auto"], ["never", None]),
        "early_stopping_metric": (["mean"], [None, 1]),
        "validation_fraction": INSIDE,
        "n_iter_no_change": FROM_ONE,
        "n_jobs": ([1, -1, None], [1.0, "all"]),
        "warm_start": SWITCH,
        "random_state": ([0, None], [-1, "a"]),
        "device": (["cpu"], [None, 0]),
        "memory": (["folder", None], [1]),
        "checkpoint": (["file", Path("file"), None], [1, True]),
        "checkpoint_every": (["epoch", 1, 0.5], [0, -1, "step", None]),
        "verbose": ([0, 1, True], [-1, "a"]),
        "callbacks": ([[], None], [(), "a"]),
        "net_params": ([{}, None], [[], "a"]),
    },
    FixedWeights: {
        "weights": ([{}, [1], None], ["ab", 3]),
        "share_power": ([0, 1, 0.5], [-0.01, 1.01, None]),
    },
    MultiLabel: {
        "loss": (["binary", "asymmetric"], ["focal", None]),
        "gamma_pos": FROM_ZERO,
        "gamma_neg": FROM_ZERO,
        "margin": ([0, 0.99], [1, -0.01]),
        "threshold": ([*INSIDE[0], "tuned"], [*INSIDE[1], "auto"]),
    },
    BagTrunk: {"n_units": FROM_ONE, "dropout": SHARE},
    DenseTrunk: {"n_units": FROM_ONE, "dropout": SHARE},
    AttentionTrunk: {
        "n_units": ([4, 8], FROM_ONE[1]),
        "n_heads": ([1, 2, 64], FROM_ONE[1]),
        "n_layers": FROM_ONE,
        "n_feedforward": FROM_ONE,
        "embedding_dim": COUNT_OR_AUTO,
        "freeze": SWITCH,
        "dropout": SHARE,
    },
    ConvTrunk: {
        "embedding_dim": COUNT_OR_AUTO,
        "n_filters": FROM_ONE,
        "widths": ([1, 2, (1, 2), [3]], [0, -1, 1.5, "3", None]),
        "n_units": FROM_ONE,
        "freeze": SWITCH,
        "dropout": SHARE,
        "token_dropout": SHARE,
    },
    RecurrentTrunk: {
        "embedding_dim": COUNT_OR_AUTO,
        "n_units": ([2, 4], FROM_ONE[1]),
        "cell": (["lstm", "gru"], ["rnn", None]),
        "bidirectional": SWITCH,
        "n_layers": FROM_ONE,
        "pooling": (["max", "mean"], ["sum", None]),
        "freeze": SWITCH,
        "dropout": SHARE,
    },
    AdversarialSharedPrivate: {
        "adversarial_weight": FROM_ZERO,
        "orthogonality_weight": FROM_ZERO,
        "private": (["auto", "trunk", "linear"], ["conv", None, True]),
        "share_heads": SWITCH,
    },
    HardSharing: {"share_heads": SWITCH},
    MixtureOfExperts: {
        "n_experts": FROM_ONE,
        "private": SWITCH,
        "share_heads": SWITCH,
    },
    ProgressiveLayers: {
        "n_shared": FROM_ONE,
        "n_own": FROM_ONE,
        "n_levels": FROM_ONE,
        "private": SWITCH,
        "share_heads": SWITCH,
    },
    SharedPrivate: {"share_heads": SWITCH},
}
CASES = [
    pytest.param(cls, name, *values, id=f"{cls.__name__}.{name}")
    for cls, parameters in BOUNDS.items()
    for name, values in parameters.items()
]


@pytest.mark.parametrize(("cls", "name", "accepted", "refused"), CASES)
def test_values_are_taken_up_to_their_bounds(cls, name, accepted, refused):
    for value in accepted:
        cls(**{name: value})._validate_params()
    for value in refused:
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of"):
            cls(**{name: value})._validate_params()


@pytest.mark.parametrize(
    ("reads", "sparse", "tokens"),
    [("dense", False, False), ("tokens", True, True), ("sparse", True, False)],
)
def test_a_module_reads_what_it_says(reads, sparse, tokens):
    trunk = ModuleTrunk(list, n_units=1, reads=reads)
    trunk._validate_params()
    assert (trunk.reads_sparse, trunk.reads_tokens) == (sparse, tokens)
    assert trunk.is_opaque


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"n_units": 0}, "n_units"),
        ({"reads": "rows"}, "reads"),
        ({"params": []}, "params"),
        ({"module": 3}, "module"),
    ],
)
def test_settings_of_a_module_are_checked(params, name):
    trunk = ModuleTrunk(**{"module": list, "n_units": 1} | params)
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of"):
        trunk._validate_params()


# What a class says of itself to the rest: what it reads, and what a warm start may
# change.
SAYS = {
    BagTrunk: (True, False, False, ("dropout",)),
    DenseTrunk: (False, False, False, ("dropout",)),
    AttentionTrunk: (True, True, False, ("dropout", "token_dropout", "freeze")),
    ConvTrunk: (True, True, True, ("dropout", "token_dropout", "freeze")),
    RecurrentTrunk: (True, True, False, ("dropout", "token_dropout", "freeze")),
}


@pytest.mark.parametrize("cls", SAYS, ids=lambda cls: cls.__name__)
def test_what_a_trunk_says_of_itself(cls):
    trunk = cls()
    weighs = getattr(trunk, "plain_embeddings", False)
    found = (trunk.reads_sparse, trunk.reads_tokens, weighs, trunk.may_change)
    assert found == SAYS[cls]
    assert not trunk.is_opaque


@pytest.mark.parametrize(
    ("cls", "shared", "representation", "may_change"),
    [
        (HardSharing, True, True, ()),
        (SharedPrivate, True, True, ()),
        (
            AdversarialSharedPrivate,
            True,
            True,
            ("adversarial_weight", "orthogonality_weight"),
        ),
        (MixtureOfExperts, True, False, ()),
        (ProgressiveLayers, True, False, ()),
        (Separate, False, False, ()),
    ],
)
def test_what_a_sharing_says_of_itself(cls, shared, representation, may_change):
    found = (cls.is_shared, cls.has_representation, cls.may_change)
    assert found == (shared, representation, may_change)


@pytest.mark.parametrize(
    ("sharing", "trunk", "shares", "vector"),
    [
        ("auto", "auto", True, True),
        ("auto", None, False, False),
        ("hard", "auto", True, True),
        ("mmoe", "auto", True, False),
        ("separate", "auto", False, False),
        ("separate", None, False, False),
        (MixtureOfExperts(), BagTrunk(), True, False),
        (Separate(), BagTrunk(), False, False),
        (SharedPrivate(), None, False, False),
    ],
    ids=str,
)
def test_what_tasks_have_in_common(sharing, trunk, shares, vector):
    assert shares_trunk(sharing, trunk) is shares
    assert has_representation(sharing, trunk) is vector


@pytest.mark.parametrize(
    ("vectorizer", "sparse", "string"),
    [
        ("auto", True, True),
        (CountVectorizer(), False, True),
        (MaxAbsScaler(), True, False),
    ],
)
def test_tags_of_the_classifier(vectorizer, sparse, string):
    tags = get_tags(MultiTaskTextClassifier(vectorizer))
    assert tags.estimator_type == "classifier"
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class
    assert tags.target_tags.multi_output
    assert tags.target_tags.two_d_labels
    assert tags.target_tags.required
    assert (tags.input_tags.sparse, tags.input_tags.string) == (sparse, string)


@pytest.mark.parametrize(
    ("trunk", "sparse", "kind"),
    [
        ("auto", True, BagTrunk),
        ("auto", False, DenseTrunk),
        ("bag", True, BagTrunk),
        ("bag", False, BagTrunk),
        ("dense", False, DenseTrunk),
        ("conv", True, ConvTrunk),
        ("recurrent", True, RecurrentTrunk),
        ("attention", True, AttentionTrunk),
        (BagTrunk(3), True, BagTrunk),
        (None, True, type(None)),
        (None, False, type(None)),
    ],
    ids=str,
)
def test_which_trunk_a_value_stands_for(trunk, sparse, kind):
    found = resolve_trunk(trunk, sparse=sparse)
    assert type(found) is kind
    assert found is None or found is not trunk
    if isinstance(trunk, BagTrunk):
        assert found.n_units == 3


@pytest.mark.parametrize("trunk", ["dense", DenseTrunk()])
def test_a_trunk_over_dense_rows_reads_no_sparse_ones(trunk):
    with pytest.raises(ValueError, match=r"^DenseTrunk reads dense rows.*trunk='bag'"):
        resolve_trunk(trunk, sparse=True)


@pytest.mark.parametrize(
    ("trunk", "tokens", "weighed"),
    [
        ("auto", False, False),
        ("bag", False, False),
        ("dense", False, False),
        ("conv", True, True),
        ("recurrent", True, False),
        ("attention", True, False),
        (ConvTrunk(), True, True),
        (RecurrentTrunk(), True, False),
        (BagTrunk(), False, False),
        (ModuleTrunk(list, n_units=1, reads="tokens"), True, False),
        (None, False, False),
    ],
    ids=str,
)
def test_which_trunk_reads_tokens_and_weighs_them(trunk, tokens, weighed):
    assert reads_tokens(trunk) is tokens
    assert weighs_tokens(trunk) is weighed
