"""Trunks over token sequences: each text for itself, and parity with torch."""

import pickle

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import FastTfidfVectorizer, SequenceVectorizer
from sklearn_mtl.network._batch import TokenBatch
from sklearn_mtl.network._input import optim_groups
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.trunks import AttentionTrunk, ConvTrunk, RecurrentTrunk
from sklearn_mtl.trunks._attention import places
from sklearn_mtl.trunks._sequence import is_token, max_over_time, mean_over_time
from sklearn_mtl.utils._compat import InvalidParameterError

N_TOKENS = 12
TRUNKS = [
    ConvTrunk(embedding_dim=6, n_filters=4, widths=(2, 3), n_units=5),
    RecurrentTrunk(embedding_dim=6, n_units=4),
    RecurrentTrunk(
        embedding_dim=6, n_units=3, cell="gru", bidirectional=False, pooling="mean"
    ),
    AttentionTrunk(n_units=6, n_heads=2, n_layers=2, n_feedforward=7),
]
every = pytest.mark.parametrize("trunk", TRUNKS, ids=str)


def make(trunk, seed=0, n_rows=500):
    torch.manual_seed(seed)
    spec = InputSpec(N_TOKENS, sparse=True, scale=1.0, n_rows=n_rows, tokens=True)
    network = trunk.build(spec).double().eval()
    with torch.no_grad():
        for weight in network.encoder.parameters():
            weight.add_(0.3 * torch.rand_like(weight))
    return network


def texts(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, N_TOKENS, size=n).tolist() for n in lengths]


def batch_of(rows):
    ids = torch.tensor([i for row in rows for i in row], dtype=torch.int32)
    offsets = torch.tensor([0, *np.cumsum([len(row) for row in rows])])
    return TokenBatch(ids, offsets.int(), torch.float64)


ROWS = texts([3, 1, 7, 0, 2, 5])


@every
def test_a_text_has_the_same_vector_in_any_batch(trunk):
    network = make(trunk)
    whole = network(batch_of(ROWS))
    assert whole.shape == (len(ROWS), trunk.n_units)
    for k, row in enumerate(ROWS):
        torch.testing.assert_close(network(batch_of([row]))[0], whole[k])
    order = [4, 0, 3, 5, 1, 2]
    shuffled = network(batch_of([ROWS[k] for k in order]))
    torch.testing.assert_close(shuffled, whole[order])


@every
def test_gradient_reaches_every_weight_and_no_padding(trunk):
    network = make(trunk)
    network(batch_of(texts([9] * 40))).square().sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad.abs().sum() > 0, name
    assert not network.embedding.weight.grad[0].any()


@every
def test_an_empty_text_and_nothing_else(trunk):
    hidden = make(trunk)(batch_of([[]]))
    assert torch.isfinite(hidden).all()


@every
def test_order_of_tokens_matters(trunk):
    network = make(trunk)
    there, back = network(batch_of([[1, 2, 3, 4]])), network(batch_of([[4, 3, 2, 1]]))
    assert not torch.allclose(there, back)


@every
def test_same_seed_same_network(trunk):
    for a, b in zip(make(trunk).parameters(), make(trunk).parameters(), strict=True):
        assert torch.equal(a, b)


@every
def test_small_data_have_no_dropout(trunk):
    network = make(trunk, n_rows=200).train()
    first, second = (network(batch_of(ROWS)) for _ in range(2))
    assert torch.equal(first, second)
    network = make(trunk).train()
    assert not torch.equal(network(batch_of(ROWS)), network(batch_of(ROWS)))


@every
def test_clone_and_pickle(trunk):
    assert clone(trunk).get_params() == trunk.get_params()
    network = make(trunk)
    again = pickle.loads(pickle.dumps(network))
    assert torch.equal(again(batch_of(ROWS)), network(batch_of(ROWS)))


def embedded(network, row):
    return network.embedding(torch.tensor([row]))


@pytest.mark.parametrize("widths", [1, 3, (1, 5)])
def test_conv_is_a_plain_torch_network(widths):
    network = make(ConvTrunk(widths=widths, n_units=4))
    found = network(batch_of(ROWS))
    encoder = network.encoder
    for k, row in enumerate(ROWS):
        if not row:
            continue
        e = embedded(network, row).transpose(1, 2)
        parts = [torch.relu(f(e)).amax(2) for f in encoder.filters]
        expected = torch.relu(encoder.dense(torch.cat(parts, dim=1)))[0]
        torch.testing.assert_close(found[k], expected)


def test_a_filter_is_a_sum_of_products():
    network = make(ConvTrunk(embedding_dim=2, n_filters=1, widths=3, n_units=1))
    (f,), row = network.encoder.filters, [3, 5, 2, 4]
    e = torch.nn.functional.pad(embedded(network, row)[0], (0, 0, 1, 1))
    sums = [
        sum(f.weight[0, :, k] @ e[t + k] for k in range(3)) + f.bias[0]
        for t in range(len(row))
    ]
    strongest = torch.relu(torch.stack(sums).max()).reshape(1, 1)
    expected = torch.relu(network.encoder.dense(strongest))
    torch.testing.assert_close(network(batch_of([row])), expected)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_recurrent_is_torch_on_each_text_alone(cell, n_layers):
    network = make(RecurrentTrunk(cell=cell, n_units=4, n_layers=n_layers))
    found = network(batch_of(ROWS))
    for k, row in enumerate(ROWS):
        if row:
            states, _ = network.encoder.cells(embedded(network, row))
            torch.testing.assert_close(found[k], states[0].amax(0))


def test_attention_is_torch_on_each_text_alone():
    trunk = AttentionTrunk(n_units=6, n_heads=2, n_layers=2, n_feedforward=7)
    network = make(trunk)
    torch_layer = torch.nn.TransformerEncoderLayer(
        6, 2, 7, dropout=0.0, batch_first=True, norm_first=True
    )
    own = torch.nn.TransformerEncoder(
        torch_layer, 2, norm=torch.nn.LayerNorm(6), enable_nested_tensor=False
    ).double()
    own.load_state_dict(network.encoder.layers.state_dict())
    found = network(batch_of(ROWS))
    for k, row in enumerate(ROWS):
        if not row:
            continue
        place = torch.arange(len(row), dtype=torch.float64).unsqueeze(1)
        angle = place / 10_000 ** (torch.arange(0, 6, 2) / 6)
        waves = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
        states = own.eval()(embedded(network, row) + waves)
        torch.testing.assert_close(found[k], states[0].mean(0))


@pytest.mark.parametrize(
    ("trunk", "match"),
    [
        (ConvTrunk(widths=0), "'widths' parameter"),
        (ConvTrunk(widths=()), "widths must be one or several"),
        (ConvTrunk(widths=(3, 0)), "widths must be one or several"),
        (RecurrentTrunk(n_units=3), "n_units must be even"),
        (RecurrentTrunk(cell="rnn"), "'cell' parameter"),
        (AttentionTrunk(n_units=6, n_heads=4), "n_heads must divide n_units"),
    ],
)
def test_parameters_are_checked(trunk, match):
    with pytest.raises((InvalidParameterError, ValueError), match=match):
        make(trunk)


def plain(n_rows=500, **params):
    weights = np.linspace(0.5, 2, N_TOKENS)
    spec = InputSpec(
        N_TOKENS,
        sparse=True,
        scale=1.0,
        n_rows=n_rows,
        tokens=True,
        token_weights=weights,
    )
    return ConvTrunk(n_units=4, **params).build(spec).double(), weights


def test_embeddings_count_by_the_weights_of_their_tokens():
    network, weights = plain()
    weighed = embedded(network, [3, 0, 5])[0]
    table = network.embedding.weight[[3, 0, 5]]
    factors = torch.as_tensor(weights, dtype=torch.float64)[[3, 0, 5]]
    torch.testing.assert_close(
        weighed, table * factors.unsqueeze(1), rtol=1e-6, atol=0.0
    )


@pytest.mark.parametrize("freeze", [False, True])
def test_plain_embeddings_have_a_sparse_gradient_unless_they_stay(freeze):
    network, _ = plain(freeze=freeze)
    network(batch_of(ROWS)).sum().backward()
    gradient = network.embedding.weight.grad
    assert gradient is None if freeze else gradient.is_sparse
    groups = optim_groups(network)
    assert groups["sparse"] == []
    assert groups["embedding"] == ([] if freeze else [network.embedding.weight])


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_tokens_drop_out_in_training_alone(share):
    network, _ = plain(token_dropout=share, dropout=0.0)
    seen = []
    network.embedding.register_forward_hook(lambda m, args, out: seen.append(args[0]))
    row = [7] * 4000
    network.train()(batch_of([row]))
    network.eval()(batch_of([row]))
    assert set(seen[0].unique().tolist()) <= {0, 7}
    assert (seen[0] == 0).double().mean().item() == pytest.approx(share, abs=0.03)
    assert (seen[1] == 7).all()


X = ["good phone", "bad phone", "good film", "bad film", "dull", "great film"] * 5
Y = {
    "tone": ["good", "bad", "good", "bad", None, "good"] * 5,
    "topic": ["tech", "tech", "arts", "arts", "arts", None] * 5,
}


@pytest.mark.parametrize("trunk", ["conv", "recurrent", "attention"])
@pytest.mark.parametrize("sharing", ["auto", "hard", "separate"])
def test_it_learns_from_texts(trunk, sharing):
    clf = MultiTaskTextClassifier(trunk=trunk, sharing=sharing, random_state=0)
    clf.fit(X, Y)
    assert type(clf.vectorizer_) is SequenceVectorizer
    assert clf.term_weights_ is None
    assert clf.score(X, Y) == 1.0
    proba = clf.predict_proba(["film good", "phone", ""])
    np.testing.assert_allclose(proba[0].sum(axis=1), 1, rtol=1e-6)
    if sharing != "separate":
        assert clf.transform(X).shape == (len(X), clf.trunk_.n_units)


@pytest.mark.parametrize(
    ("params", "is_weighed"),
    [
        ({}, True),
        ({"term_weighting": None}, False),
        ({"sharing": "separate"}, False),
        ({"trunk": "recurrent"}, False),
    ],
)
def test_many_texts_weigh_the_words_of_a_convolution(params, is_weighed):
    params = {"trunk": "conv", "sharing": "hard"} | params
    clf = MultiTaskTextClassifier(**params, max_iter=2, random_state=0)
    labels = {task: cells * 8 for task, cells in Y.items()}
    clf.fit(X * 8, labels)
    assert (clf.term_weights_ is not None) == is_weighed
    if is_weighed:
        factors = clf.net_.module_.trunk.embedding.factors.numpy()
        np.testing.assert_allclose(factors, clf.term_weights_, rtol=1e-6)
        assert clf.term_weights_.shape == clf.vectorizer_.tokens_.shape
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))


def test_predictions_do_not_depend_on_the_other_texts():
    clf = MultiTaskTextClassifier(trunk="conv", random_state=0).fit(X, Y)
    texts = ["bad bad bad phone", "good", "unheard of", ""]
    together = clf.predict_proba(texts)[0]
    alone = np.concatenate([clf.predict_proba([text])[0] for text in texts])
    np.testing.assert_allclose(alone, together, rtol=1e-5)


def test_same_seed_same_fit():
    fits = [
        MultiTaskTextClassifier(trunk="recurrent", random_state=1).fit(X, Y)
        for _ in range(2)
    ]
    first, second = (fit.predict_proba(X)[0] for fit in fits)
    np.testing.assert_array_equal(first, second)


def test_in_a_pipeline_and_a_search():
    steps = make_pipeline(
        SequenceVectorizer(), MultiTaskTextClassifier(trunk=ConvTrunk(), random_state=0)
    )
    search = GridSearchCV(
        steps,
        {
            "sequencevectorizer__max_length": [1, 8],
            "multitasktextclassifier__trunk__n_filters": [4],
        },
        cv=KFold(2),
    ).fit(X, np.array(list(Y.values()), dtype=object).T)
    assert search.best_params_["sequencevectorizer__max_length"] == 8


def test_ids_beyond_those_of_fit_are_unknown():
    rows = csr_array(np.array([[2, 3], [3, 2]] * 4, dtype=np.int32))
    clf = MultiTaskTextClassifier(trunk="conv", random_state=0)
    clf.fit(rows, [0, 1] * 4)
    new = csr_array(np.array([[9, 3]], dtype=np.int32))
    unknown = csr_array(np.array([[1, 3]], dtype=np.int32))
    np.testing.assert_array_equal(clf.predict_proba(new), clf.predict_proba(unknown))


def test_a_warm_start_goes_on():
    clf = MultiTaskTextClassifier(
        trunk="conv", warm_start=True, max_iter=2, random_state=0
    )
    before = clf.fit(X, Y).predict_proba(X)[0]
    clf.fit(
        [*X, "a new word"], {"tone": [*Y["tone"], "bad"], "topic": [*Y["topic"], None]}
    )
    assert clf.n_iter_ == 4
    assert np.abs(clf.predict_proba(X)[0] - before).max() > 0


@pytest.mark.parametrize(
    "rows",
    [
        FastTfidfVectorizer().fit_transform(X),
        csr_array(np.array([[0, 2], [2, 3]] * 15, dtype=np.int32)),
        csr_array(np.array([[-1, 2], [2, 3]] * 15, dtype=np.int32)),
    ],
    ids=["weights", "a place without token", "negative"],
)
def test_rows_of_features_are_refused(rows):
    clf = MultiTaskTextClassifier(trunk="conv")
    with pytest.raises(ValueError, match="reads sequences of token ids"):
        clf.fit(rows, Y)


def test_dense_rows_are_refused():
    with pytest.raises(ValueError, match="reads sequences of token ids"):
        MultiTaskTextClassifier(trunk="conv").fit(np.ones((30, 2)), Y)


def test_terms_cannot_be_weighed():
    clf = MultiTaskTextClassifier(trunk="recurrent", term_weighting="information")
    with pytest.raises(ValueError, match="Got sequences of tokens"):
        clf.fit(X, Y)


def test_no_token_has_an_effect_of_its_own():
    from sklearn_mtl.inspection import top_words

    clf = MultiTaskTextClassifier(trunk="conv", random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="reads sequences of tokens"):
        top_words(clf, X)


def test_attention_predicts_long_texts_few_at_a_time():
    texts = ["word " * n for n in (1, 5, 300, 300)] * 40
    trunk = AttentionTrunk(n_units=4, n_heads=2)
    clf = MultiTaskTextClassifier(trunk=trunk, max_iter=1, random_state=0)
    clf.fit(texts[:60], [0, 1] * 30)
    sizes = []

    def note(module, inputs):
        embedded = inputs[0]
        sizes.append(embedded.shape[:2])

    layers = clf.net_.module_.trunk.encoder
    handle = layers.register_forward_pre_hook(note)
    whole = clf.predict_proba(texts)
    handle.remove()
    assert all(rows * longest**2 * 2 <= 2**23 for rows, longest in sizes)
    assert max(rows for rows, _ in sizes) == 80  # of the short ones
    alone = np.vstack([clf.predict_proba([text]) for text in texts[:4]])
    np.testing.assert_allclose(whole[:4], alone, atol=1e-6)


def test_rows_at_once_fall_with_the_square_of_tokens_for_attention():
    attention, conv = AttentionTrunk(n_heads=4), ConvTrunk()
    assert attention.rows_at_once(128) == 4 * attention.rows_at_once(256)
    assert conv.rows_at_once(128) == 2 * conv.rows_at_once(256)


@pytest.mark.parametrize("trunk", [ConvTrunk, RecurrentTrunk, AttentionTrunk])
def test_settings_of_all_sequence_trunks_are_checked(trunk):
    for name, value in {"embedding_dim": 0, "dropout": 2.0, "freeze": "no"}.items():
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of"):
            trunk(**{name: value})._validate_params()


# Numbers written out ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trunk", "longest", "n_rows"),
    [
        (ConvTrunk(), 1, 131072),
        (ConvTrunk(), 128, 1024),
        (RecurrentTrunk(), 1000, 131),
        (AttentionTrunk(), 1, 131072),
        (AttentionTrunk(), 16, 8192),
        (AttentionTrunk(), 128, 128),
        (AttentionTrunk(n_heads=1), 128, 512),
        (AttentionTrunk(), 1000, 2),
    ],
)
def test_rows_that_are_predicted_at_once(trunk, longest, n_rows):
    assert trunk.rows_at_once(longest) == n_rows


@pytest.mark.parametrize(
    ("trunk", "dim", "n_units"),
    [
        (ConvTrunk(), 64, 32),
        (RecurrentTrunk(), 64, 64),
        (AttentionTrunk(), 64, 64),
        (AttentionTrunk(n_units=32), 32, 32),
        (AttentionTrunk(n_units=32, embedding_dim=8), 8, 32),
        (ConvTrunk(embedding_dim=5), 5, 32),
    ],
)
def test_dimensions_of_embeddings_and_of_the_hidden_vector(trunk, dim, n_units):
    spec = InputSpec(N_TOKENS, sparse=True, scale=1.0, n_rows=500, tokens=True)
    network = trunk.build(spec)
    assert network.embedding.weight.shape == (N_TOKENS, dim)
    assert network(batch_of(ROWS)).shape == (len(ROWS), n_units)


@pytest.mark.parametrize("freeze", [False, True])
def test_embeddings_start_at_random_and_padding_at_zero(freeze):
    torch.manual_seed(0)
    spec = InputSpec(2000, sparse=True, scale=1.0, n_rows=500, tokens=True)
    table = ConvTrunk(freeze=freeze).build(spec).embedding.weight
    assert not table[0].any()
    assert table[1:].std().item() == pytest.approx(0.1, rel=0.02)
    assert table[1:].mean().item() == pytest.approx(0.0, abs=0.002)
    assert table.requires_grad is not freeze


@pytest.mark.parametrize(
    ("trunk", "n_rows", "hidden", "tokens"),
    [
        (ConvTrunk(), 200, 0.0, 0.0),
        (ConvTrunk(), 201, 0.3, 0.3),
        (ConvTrunk(dropout=0.1, token_dropout=0.2), 200, 0.1, 0.2),
        (ConvTrunk(dropout=0.0), 201, 0.0, 0.3),
        (RecurrentTrunk(), 201, 0.3, 0.0),
        (AttentionTrunk(), 201, 0.3, 0.0),
    ],
)
def test_shares_that_drop_out(trunk, n_rows, hidden, tokens):
    spec = InputSpec(N_TOKENS, sparse=True, scale=1.0, n_rows=n_rows, tokens=True)
    network = trunk.build(spec)
    assert network.dropout.p == hidden
    assert network.token_dropout.p == tokens
    if isinstance(trunk, AttentionTrunk):
        layer = network.encoder.layers.layers[0]
        assert [layer.dropout.p, layer.dropout1.p, layer.dropout2.p] == [hidden] * 3


def test_layers_of_attention_start_apart():
    torch.manual_seed(0)
    spec = InputSpec(N_TOKENS, sparse=True, scale=1.0, n_rows=500, tokens=True)
    trunk = AttentionTrunk(n_units=8, n_heads=2, n_layers=2, n_feedforward=12)
    first, second = trunk.build(spec).encoder.layers.layers
    for layer in (first, second):
        assert tuple(layer.linear1.weight.shape) == (12, 8)
        bound = (6 / 20) ** 0.5
        assert 0.8 * bound < layer.linear1.weight.abs().max() <= bound
        assert (layer.norm1.weight == 1).all()
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


@pytest.mark.parametrize(
    ("trunk", "shapes"),
    [
        (
            ConvTrunk(embedding_dim=6, widths=(2, 3), n_filters=4, n_units=5),
            {"filters.0.weight": (4, 6, 2), "filters.1.weight": (4, 6, 3)}
            | {"dense.weight": (5, 8)},
        ),
        (
            RecurrentTrunk(embedding_dim=6, n_units=4),
            {"cells.weight_ih_l0": (8, 6), "cells.weight_ih_l0_reverse": (8, 6)},
        ),
        (
            RecurrentTrunk(embedding_dim=6, n_units=4, bidirectional=False, cell="gru"),
            {"cells.weight_ih_l0": (12, 6)},
        ),
        (
            AttentionTrunk(n_units=8, embedding_dim=6),
            {"widen.weight": (8, 6), "layers.layers.0.linear1.weight": (128, 8)},
        ),
    ],
    ids=str,
)
def test_shapes_of_encoders(trunk, shapes):
    spec = InputSpec(N_TOKENS, sparse=True, scale=1.0, n_rows=500, tokens=True)
    encoder = trunk.build(spec).encoder
    found = {name: tuple(p.shape) for name, p in encoder.named_parameters()}
    assert shapes.items() <= found.items()


def test_waves_tell_the_place():
    found = places(torch.zeros(1, 3, 4, dtype=torch.double))
    expected = [
        [np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)] for t in range(3)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    odd = places(torch.zeros(1, 2, 3, dtype=torch.double))
    assert odd.shape == (2, 3)


STATES = torch.tensor([[[1.0, -5.0], [3.0, -2.0], [9.0, 9.0]]] * 3)
LENGTHS = torch.tensor([2, 3, 0])


def test_what_stands_after_the_end_is_in_no_maximum_and_no_mean():
    largest = max_over_time(STATES, LENGTHS).tolist()
    assert largest == [[3.0, -2.0], [9.0, 9.0], [0.0, 0.0]]
    mean = mean_over_time(STATES, LENGTHS)
    expected = torch.tensor([[2.0, -3.5], [13 / 3, 2 / 3], [0.0, 0.0]])
    torch.testing.assert_close(mean, expected)
    assert is_token(LENGTHS, 3).tolist() == [
        [True, True, False],
        [True] * 3,
        [False] * 3,
    ]


VECTORS = {"good": [1.0, 0.0, 0.0], "bad": [0.0, 2.0, 0.0]}


def with_vectors(vocabulary=("", "?", "bad", "film", "good"), **params):
    spec = InputSpec(
        len(vocabulary), True, 1.0, 500, tokens=True, vocabulary=vocabulary
    )
    trunk = ConvTrunk(**{"vectors": VECTORS} | params)
    return trunk, trunk.build(spec).embedding.weight.detach()


def test_vectors_go_to_their_words_and_others_are_about_as_large():
    torch.manual_seed(0)
    vocabulary = ("", "?", "bad", "good", *(f"new{k}" for k in range(2000)))
    trunk, table = with_vectors(vocabulary)
    assert table[2:4].tolist() == [[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]
    spread = np.std([0.0, 2.0, 0.0, 1.0, 0.0, 0.0])
    assert table[4:].std().item() == pytest.approx(spread, rel=0.03)
    assert not table[0].any()
    assert table[1].any()
    assert trunk.coverage_ == 2 / 2002


@pytest.mark.parametrize("dim", ["auto", 3])
def test_dimensions_may_be_those_of_the_vectors(dim):
    trunk, table = with_vectors(embedding_dim=dim)
    assert table.shape == (5, 3)
    assert trunk.coverage_ == 2 / 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"embedding_dim": 4}, "embedding_dim=4, but the vectors have 3 dim.*'auto'"),
        ({"vocabulary": ()}, "token ids without their words"),
        (
            {"vocabulary": ("", "?", *"abcdefg")},
            r"None of the 7 tokens.*first tokens are \['a', 'b', 'c', 'd', 'e'\]",
        ),
    ],
)
def test_vectors_that_fit_no_word(params, message):
    with pytest.raises(ValueError, match=message):
        with_vectors(**params)
