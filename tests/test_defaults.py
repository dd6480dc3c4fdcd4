"""Defaults are those that docstrings name, of everything public."""

import ast
import re
from importlib import import_module
from inspect import cleandoc, isclass, isfunction, signature, unwrap
from pkgutil import iter_modules

import pytest

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.trunks import AttentionTrunk


def public_callables():
    """Yield public classes and functions, and the public methods of the classes."""
    items = [MultiTaskTextClassifier]
    for module in iter_modules(sklearn_mtl.__path__, "sklearn_mtl."):
        if "._" not in module.name:
            module = import_module(module.name)
            items += [getattr(module, n) for n in getattr(module, "__all__", ())]
    for item in filter(callable, items):
        yield item.__qualname__, item
        for name, member in vars(item).items() if isclass(item) else ():
            if isinstance(member, classmethod | staticmethod):
                member = member.__func__
            if isfunction(member) and not name.startswith("_") and member.__doc__:
                yield member.__qualname__, unwrap(member)


CALLABLES = dict(public_callables())


def documented_defaults(docstring):
    """Return the default that a docstring gives to each parameter."""
    section = cleandoc(docstring).partition("Parameters\n----------\n")[2]
    section = re.split(r"\n\n[A-Z][A-Za-z ]+\n-{3,}\n", section)[0]
    # The type may take several lines, with or without a backslash between.
    heads = re.findall(r"^(\w[\w, ]*) : (.*(?:(?:\\\n|\n +).*)*)", section, re.MULTILINE)
    defaults = {}
    for names, head in heads:
        found = re.search(r"default=(.+)", head)
        if found:
            names, value = names.split(", "), _read(found[1])
            several = len(names) > 1 and isinstance(value, tuple)
            values = value if several else [value] * len(names)
            defaults |= zip(names, map(repr, values), strict=True)
    return defaults


def _read(text):
    return float(text) if text == "nan" else ast.literal_eval(text)


@pytest.mark.parametrize("name", CALLABLES)
def test_defaults_are_those_of_the_docstring(name):
    item = CALLABLES[name]
    parameters = signature(item).parameters.values()
    own = {p.name: repr(p.default) for p in parameters if p.default is not p.empty}
    assert documented_defaults(item.__doc__) == own


def test_defaults_are_read_from_docstrings():
    found = documented_defaults(AttentionTrunk.__doc__)
    assert found["n_units"] == "64"
    assert found["dropout"] == "'auto'"
    assert found["vectors"] == "None"  # whose type takes two lines
