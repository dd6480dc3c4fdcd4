"""What notebooks show of a classifier."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

from sklearn_mtl import MultiTaskTextClassifier, load
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.utils._html import tasks_html, write_classes

TEXTS, CODES = make_multitask_texts(120, n_tasks=3, missing_rate=0.3, random_state=0)
MEASURES = ["training loss", "validation score"]
LABELS = pd.DataFrame(CODES, columns=["topic", "<b>tone</b>", "stars"])


class Reader(HTMLParser):
    """Collects tags that are open, and the cells of our table."""

    void = {"input", "br", "img", "meta", "link", "hr", "path"}

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.is_ours = [], [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.void:
            self.open.append(tag)
        if tag == "details":
            self.is_ours = False
        if dict(attrs).get("class") == "sklearn-mtl":
            self.is_ours = True
        if self.is_ours and tag == "tr":
            self.rows.append([])
        if self.is_ours and tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.is_ours and self.rows and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def fitted():
    classifier = MultiTaskTextClassifier(
        early_stopping=True, max_iter=3, validation_fraction=0.2, random_state=0
    )
    return classifier.fit(TEXTS, LABELS)


def test_a_fitted_classifier_shows_its_tasks(fitted):
    html = fitted._repr_html_()
    reader = Reader(html)
    assert reader.open == []
    header, *rows = reader.rows
    assert header == ["task", "type", "classes", "labelled", *MEASURES]
    assert [row[0] for row in rows] == list(LABELS)
    assert rows[0][1:3] == ["multiclass", write_classes(fitted.classes_[0])]
    best = fitted.history_[fitted.best_iter_ - 1]
    for name, row in zip(LABELS, rows, strict=True):
        assert row[4] == f"{best[f'loss_{name}']:.3f}"
        assert row[5] == f"{best[f'valid_score_{name}']:.3f}"
        share = LABELS[name].notna().mean()
        assert abs(float(row[3].rstrip("%")) / 100 - share) < 0.1
    assert "3 tasks" in html
    assert "<b>tone" not in html


def test_the_diagram_of_scikit_learn_is_below(fitted):
    html = fitted._repr_html_()
    before, _, details = html.partition("<details>")
    assert "sk-top-container" not in before
    assert "sk-top-container" in details
    assert fitted._repr_mimebundle_()["text/html"].startswith('<div class="sklearn-mtl')


def test_an_unfitted_one_is_scikit_learns_diagram():
    classifier = MultiTaskTextClassifier(sharing="hard")

    def plain(html):  # each diagram has a number of its own
        return re.sub(r"sk-[\w-]*id-\d+|sk-estimator-id-\d+", "", html)

    expected = plain(estimator_html_repr(classifier))
    assert plain(classifier._repr_html_()) == expected
    assert plain(classifier._repr_mimebundle_()["text/html"]) == expected


def test_the_display_option_counts(fitted):
    with config_context(display="text"):
        assert not hasattr(fitted, "_repr_html_")
        assert fitted._repr_mimebundle_() == {"text/plain": repr(fitted)}


def test_a_loaded_classifier_has_no_scores(fitted, tmp_path):
    fitted.save(tmp_path / "model.mtl")
    header, *rows = Reader(load(tmp_path / "model.mtl")._repr_html_()).rows
    assert header == ["task", "type", "classes"]
    assert len(rows) == 3


def test_one_column_and_no_validation():
    classifier = MultiTaskTextClassifier(max_iter=1, random_state=0)
    labels = np.where(np.isnan(CODES[:, 0].astype(float)), 0, CODES[:, 0])
    html = classifier.fit(TEXTS, labels)._repr_html_()
    header, row = Reader(html).rows
    assert header == ["task", "type", "classes", "labelled", MEASURES[0]]
    assert row[3] == "100%"
    assert "1 task ·" in html
    assert "1 epoch<" in html


def test_several_labels_in_a_cell():
    tags = {"tags": [["a", "b"] if row % 2 else ["<i>"] for row in range(120)]}
    classifier = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(TEXTS, tags)
    _, row = Reader(classifier._repr_html_()).rows
    assert row[:3] == ["tags", "multilabel", "<i>, a, b"]


def test_within_a_pipeline_the_diagram_stays(fitted):
    html = make_pipeline("passthrough", fitted)._repr_html_()
    assert 'class="sklearn-mtl"' not in html
    assert "MultiTaskTextClassifier" in html


def test_classes_are_shortened():
    assert write_classes(["x" * 40]) == "x" * 17 + "…"
    assert write_classes(np.arange(7.0)) == "0, 1, 2, 3, 4, 5, … (7)"
    assert write_classes([True, False]) == "True, False"


def test_all_text_is_escaped_but_the_details():
    html = tasks_html("<t>", ["<f>"], ["<h>"], [["<c>"]], "<p>kept</p>")
    for text in "tfhc":
        assert f"<{text}>" not in html
        assert f"&lt;{text}&gt;" in html
    assert "<p>kept</p>" in html
