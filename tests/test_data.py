"""Label cells that count: rows left out, weights, shares."""

import numpy as np
import pytest

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._cells import read_cells
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.training._dataset import RowDataset

Y = {
    "topic": ["a", "b", None, None, "a"],
    "tone": [1, None, 0, None, None],
}


def read(y=Y, sample_weight=None, n_samples=5, targets=None, **settings):
    return read_cells(y, sample_weight, n_samples, targets=targets, **settings)


def test_rows_without_a_label_are_left_out():
    cells = read()
    assert cells.kept.tolist() == [True, True, True, False, True]
    assert cells.codes.tolist() == [[0, 1], [1, -1], [-1, 0], [0, -1]]
    np.testing.assert_allclose(cells.labelled_share, [0.75, 0.5])


def test_a_row_of_weight_zero_is_left_out():
    y = {"topic": ["a", "b", None, None, "b"], "tone": Y["tone"]}
    cells = read(y, sample_weight=[1, 0, 1, 1, 2])
    assert cells.kept.tolist() == [True, False, True, False, True]
    np.testing.assert_allclose(cells.row_weights, np.array([1, 1, 2]) * 3 / 4)
    np.testing.assert_allclose(cells.labelled_share, [3 / 4, 2 / 4])


def test_a_class_in_rows_of_weight_zero_is_not_there():
    cells = read(sample_weight=[1, 0, 1, 1, 1], y={"tone": [1, 2, 0, 1, 0]})
    assert cells.targets.tasks[0].classes_.tolist() == [0, 1]


def test_a_cell_of_weight_zero_is_a_missing_cell():
    weights = np.ones((5, 2))
    weights[0, 1] = weights[1, 0] = 0
    y = {"topic": ["a", "b", "b", "a", "a"], "tone": [1, 1, 0, None, None]}
    emptied = {"topic": ["a", None, "b", "a", "a"], "tone": [None, 1, 0, None, None]}
    by_weight, by_cell = read(y, weights), read(emptied)
    np.testing.assert_array_equal(by_weight.codes, by_cell.codes)
    np.testing.assert_allclose(by_weight.labelled_share, by_cell.labelled_share)


def test_weights_of_the_dataset_have_mean_one_over_rows():
    cells = read(sample_weight=[3, 3, 3, 3, 3])
    rows = np.zeros((4, 2), dtype=np.float32)
    dataset = RowDataset.of_cells(rows, cells)
    np.testing.assert_allclose(dataset.weights[dataset.codes >= 0], 1.0)
    assert dataset.weights.dtype == np.float32


def test_dataset_takes_rows():
    cells = read()
    rows = np.arange(8.0).reshape(4, 2)
    dataset = RowDataset.of_cells(rows, cells, np.array([2, 0]))
    assert dataset.X.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert dataset.codes.tolist() == [[-1, 0], [0, 1]]


def test_class_weights_multiply_sample_weights():
    cells = read(
        sample_weight=[2, 1, 1, 1, 1], class_weight={"topic": {"a": 5.0, "b": 1.0}}
    )
    weights = cells.weights[:, 0][cells.codes[:, 0] >= 0]
    np.testing.assert_allclose(weights / weights[1], [10, 1, 5])


def test_rows_must_match():
    with pytest.raises(ValueError, match="X has 4 rows and y has 5"):
        read(n_samples=4)


def test_y_is_required():
    with pytest.raises(ValueError, match="requires y to be passed"):
        MultiTaskTextClassifier().fit(["some", "texts"], None)
    with pytest.raises(ValueError, match=r"y must be a column or a table.* Got None"):
        read(y=None)


def test_warm_start_keeps_to_its_tasks():
    targets = read().targets
    with pytest.raises(
        ValueError, match=r"exactly the tasks \['topic', 'tone'\]. Missing: \['tone'\]"
    ):
        read(y={"topic": Y["topic"]}, targets=targets)
    reordered = read(y=dict(reversed(Y.items())), targets=targets)
    assert reordered.targets is targets
    np.testing.assert_array_equal(reordered.codes, read().codes)


def test_class_shares_count_with_all_weights_and_without_rows_left_out():
    y = {"topic": ["a", "b", None, None, "a"], "tone": [1, 0, 0, None, 1]}
    cells = read(
        y=y,
        sample_weight=[2, 1, 1, 1, 0],  # the last row is left out
        class_weight={"topic": {"b": 3.0}},
    )
    topic, tone = cells.log_class_shares
    np.testing.assert_allclose(topic, np.log([2 / 5, 3 / 5]))
    np.testing.assert_allclose(tone, np.log([2 / 4, 2 / 4]))


def test_a_warm_start_counts_its_own_cells():
    targets = read().targets
    y = {"topic": ["a", "b", "b", "b"], "tone": [1, 1, None, 1]}
    cells = read(y=y, n_samples=4, targets=targets)
    topic, tone = cells.log_class_shares
    np.testing.assert_allclose(topic, np.log([1 / 4, 3 / 4]))
    np.testing.assert_allclose(tone, np.log([1 / 2, 1 / 2]))  # no cell of class 0


@pytest.mark.parametrize("scale", [1e-310, 1e-300, 1e-30, 2.0, 1e30, 1e200, 1e307])
@pytest.mark.parametrize("n_rows", [40, 240])
def test_only_ratios_of_sample_weights_count(scale, n_rows):
    texts, y = make_multitask_texts(n_rows, n_tasks=2, random_state=0)
    ratios = np.tile([1.0, 2.0, 0.0, 4.0], n_rows // 4)
    settings = {"max_iter": 2, "random_state": 0, "class_weight": "balanced"}
    plain, scaled = (
        MultiTaskTextClassifier(**settings).fit(texts, y, sample_weight=weights)
        for weights in (ratios, ratios * scale)
    )
    for a, b in zip(
        plain.predict_proba(texts), scaled.predict_proba(texts), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_huge_weight_of_a_missing_cell_means_nothing():
    weights = np.array([[1e-300, 1e300]] * 5)
    cells = read({"topic": Y["topic"], "tone": [0] + [None] * 3 + [1]}, weights)
    assert np.isfinite(cells.weights).all()
    dataset = RowDataset.of_cells(np.zeros((len(cells.codes), 1)), cells)
    assert np.isfinite(dataset.weights).all()
