"""Defaults are those that docstrings name."""

import inspect
import re

import pytest

from sklearn_mtl import metrics, model_selection, search

PUBLIC = [
    getattr(module, name)
    for module in (metrics, model_selection, search)
    for name in module.__all__
]


def documented(text):
    """Return the default that the docstring gives to each parameter."""
    section = inspect.cleandoc(text).partition("Parameters\n----------\n")[2]
    section = re.split(r"\n\n[A-Z][A-Za-z ]+\n-{3,}\n", section)[0]
    heads = re.findall(r"^(\w.*?) : (.*(?:\n .*)*)", section, re.MULTILINE)
    return {
        name: re.search(r"default=(\"[^\"]*\"|\([^)]*\)|[^\s,]+)", text)[1]
        for names, text in heads
        if "default=" in text
        for name in names.split(", ")
    }


@pytest.mark.parametrize("item", PUBLIC, ids=lambda item: item.__name__)
def test_a_default_is_what_the_docstring_says(item):
    told = documented(item.__doc__)
    for name, parameter in inspect.signature(item).parameters.items():
        if parameter.default is not parameter.empty:
            assert repr(parameter.default).replace("'", '"') == told.get(name), name
