"""Explanations as tables, as HTML, as text and as drawings."""

import re
import sys
import types
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.explanation._segments import segments
from sklearn_mtl.inspection import ExplanationDisplay, explain

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 5
LABELS = {"tone": ["good", "<bad>"] * 10, "topic": ["tech", "tech", "art", "art"] * 5}
NEW = ["A <b>great</b> & $awful$ film", "phone"]


@pytest.fixture(scope="module")
def explanations():
    return MultiTaskTextClassifier(random_state=0).fit(TEXTS, LABELS).explain(NEW)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


class Reader(HTMLParser):
    """Collects the text and the titles of a page, and checks that tags are closed."""

    def __init__(self, html):
        super().__init__()
        self.text, self.titles, self.open = "", [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag != "hr":
            self.open.append(tag)
        self.titles += [value for name, value in attrs if name == "title"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html_shows_the_text_as_it_is(explanations):
    read = Reader(explanations[0].to_html())
    assert read.text.count(NEW[0]) == 2  # once for each task
    assert "b" not in read.open
    contributions = [
        f"{value:+.2f}"
        for answer in explanations[0]
        for value in answer.contributions
        if value
    ]
    assert read.titles == contributions
    tone = explanations[0]["tone"]
    assert f"tone: {tone.label} {tone.probability:.2f}, rather than" in read.text


def test_html_has_no_fixed_colours_but_transparent_ones(explanations):
    html = explanations._repr_html_()
    alphas = re.findall(r"rgba\(\d+,\d+,\d+,([\d.]+)\)", html)
    assert alphas
    assert all(0 <= float(alpha) <= 0.6 for alpha in alphas)
    assert not re.findall(r"[^-]color:", html)
    assert html.count("sklearn-mtl-explanation") == 2
    assert explanations[0]._repr_html_() == explanations[0].to_html()


def test_many_texts_are_cut_off(explanations):
    clf = MultiTaskTextClassifier(random_state=0, max_iter=1).fit(TEXTS, LABELS)
    html = clf.explain(["great"] * 25)._repr_html_()
    assert html.count("sklearn-mtl-explanation") == 20
    assert "20 of 25 texts" in html


def test_highlights_of_overlapping_features_add_up():
    clf = MultiTaskTextClassifier(random_state=0).fit(TEXTS, LABELS)
    for units in ("words", "features"):
        for answer in clf.explain(NEW, units=units)[0]:
            parts = segments(answer, "", NEW[0])
            assert "".join(NEW[0][a:b] for a, b, _ in parts) == NEW[0]
            placed = answer.contributions[answer.starts >= 0].sum()
            assert_allclose(sum(v for _, _, v in parts), placed, atol=1e-6)


def test_text_lists_the_strongest_words(explanations):
    text = str(explanations[1])
    answer = explanations[1]["topic"]
    assert f"topic: tech {answer.probability:.2f}, rather than art" in text
    assert f"  for     phone {answer.contributions[0]:+.2f}" in text
    assert "\x1b" not in text
    assert repr(explanations[1]) == text
    few = explanations[0].to_text(1).splitlines()
    assert all("," not in line for line in few if line.startswith("  "))
    assert repr(explanations) == (
        "Explanations of 2 text(s) for the task(s) ['tone', 'topic']"
    )


def test_terminals_get_the_whole_text_with_colours(explanations):
    lines = explanations[0].to_text(color=True).splitlines()
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    assert plain.count(f"  {NEW[0]}") == 2
    assert "\x1b[1;34mfilm\x1b[0m" in explanations[0].to_text(color=True)


def test_frames_have_a_row_for_each_text_answer_and_word(explanations):
    frame = explanations.to_frame()
    assert frame.columns.tolist() == [
        *["text", "task", "label", "rival", "column", "word", "start", "end"],
        *["contribution", "label_contribution", "rival_contribution"],
    ]
    sizes = [[len(answer.words) for answer in each] for each in explanations]
    assert frame.groupby(["text", "task"]).size().tolist() == [
        n for own in sizes for n in own
    ]
    own = frame[(frame["text"] == 0) & (frame["task"] == "tone")]
    answer = explanations[0]["tone"]
    assert own["word"].tolist() == answer.words.tolist()
    assert_allclose(own["contribution"], answer.contributions)
    assert_allclose(
        own["label_contribution"] - own["rival_contribution"], own["contribution"]
    )
    assert explanations[1].to_frame().shape == (sum(sizes[1]), 10)


def test_explanations_are_a_sequence(explanations):
    assert len(explanations) == len(list(explanations)) == 2
    assert explanations[-1].text == NEW[1]
    assert [e.text for e in explanations[::-1]] == NEW[::-1]
    with pytest.raises(IndexError):
        explanations[2]
    assert len(explanations[0]) == 2
    with pytest.raises(KeyError, match="no task 'mood'"):
        explanations[0]["mood"]


def test_words_for_and_against(explanations):
    answer = explanations[0]["topic"]
    assert answer.top(1) == ["film"]
    values = dict(zip(answer.words, answer.contributions, strict=True))
    against = answer.top(against=True)
    assert all(values[word] < 0 for word in against)
    assert len(answer.top(0)) == 0


def test_shap_gets_the_contributions(explanations, monkeypatch):
    stand_in = types.ModuleType("shap")
    stand_in.Explanation = lambda **parts: parts
    monkeypatch.setitem(sys.modules, "shap", stand_in)
    answer = explanations[0]["topic"]
    found = answer.to_shap()
    total = found["base_values"] + found["values"].sum()
    assert total == pytest.approx(answer.logit - answer.rival_logit, abs=1e-4)
    assert found["feature_names"] == answer.words.tolist()
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match=r"to_shap\(\) needs shap.*sklearn-mtl\[shap"):
        answer.to_shap()


def test_shap_draws_what_it_gets(explanations):
    shap = pytest.importorskip("shap", exc_type=ImportError)
    found = explanations[0]["topic"].to_shap()
    assert isinstance(found, shap.Explanation)
    assert_allclose(found.values, explanations[0]["topic"].contributions)


# Drawings ----------------------------------------------------------------------------


def test_bars_are_the_strongest_words_in_their_order(explanations):
    display = ExplanationDisplay.from_explanation(explanations[0], n_words=2)
    assert len(display.axes_) == 2
    for axes, answer in zip(display.axes_, explanations[0], strict=True):
        own = np.sort(np.argsort(-np.abs(answer.contributions), kind="stable")[:2])
        widths = [bar.get_width() for bar in axes.patches]
        assert_allclose(widths, answer.contributions[own])
        assert answer.label in axes.get_title()
        assert answer.rival in axes.get_xlabel()
    display.figure_.canvas.draw()  # dollar signs are no formulas


def test_one_text_is_drawn():
    clf = MultiTaskTextClassifier(random_state=0, max_iter=2).fit(TEXTS, LABELS)
    display = ExplanationDisplay.from_estimator(clf, NEW[:1], "tone", units="features")
    assert len(display.axes_) == 1
    with pytest.raises(ValueError, match=r"X must hold one text.*Got 2"):
        ExplanationDisplay.from_estimator(clf, NEW)
    with pytest.raises(ValueError, match=r"n_words must be at least 1\. Got 0"):
        ExplanationDisplay.from_explanation(explain(clf, NEW)[0], n_words=0)


def test_a_text_without_words_is_drawn_empty():
    clf = MultiTaskTextClassifier(random_state=0, max_iter=2).fit(TEXTS, LABELS)
    display = ExplanationDisplay.from_estimator(clf, ["§"])
    assert [len(axes.patches) for axes in display.axes_] == [0, 0]
