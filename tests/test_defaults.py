"""Defaults are those that docstrings name, of everything public."""

import ast
import re
from importlib import import_module
from inspect import cleandoc, isclass, isfunction, signature
from pkgutil import iter_modules

import pytest
import torch

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.tasks import MultiLabel
from sklearn_mtl.trunks import AttentionTrunk


def public_callables():
    """Yield public classes and functions, and the public methods of the classes."""
    items = [MultiTaskTextClassifier]
    for info in iter_modules(sklearn_mtl.__path__, "sklearn_mtl."):
        if "._" not in info.name:
            module = import_module(info.name)
            items += [getattr(module, n) for n in getattr(module, "__all__", ())]
    for item in filter(callable, items):
        if isclass(item) and issubclass(item, Exception):
            continue  # has no parameter but its message
        yield item.__qualname__, item
        for name, member in vars(item).items() if isclass(item) else ():
            member = getattr(member, "__func__", member)  # of a class method
            is_public = isfunction(member) and not name.startswith("_")
            if is_public and "Parameters\n" in (member.__doc__ or ""):
                yield member.__qualname__, member


CALLABLES = dict(public_callables())
# Where a docstring leaves a parameter to another one, or it is there for its place.
ELSEWHERE = re.compile(r"\b[Aa]s (in|for)\b|\bIgnored\b|\bNot read\b|\*\*")


def documented_defaults(docstring):
    """Return the default of each parameter, and the names that it leaves to others."""
    docstring = cleandoc(docstring)
    heading = "Parameters" if "Parameters\n---" in docstring else "Attributes"
    section = docstring.partition(f"{heading}\n----------\n")[2]
    section = re.split(r"\n\n[A-Z][A-Za-z ]+\n-{3,}\n", section)[0]
    defaults, elsewhere = {}, []
    for entry in re.split(r"\n(?=\S)", section):
        head, _, text = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        names = re.split(r",\s+", names)
        found = re.search(r"default=(.+)", kind + "\n" + text)
        if found:
            value = _read(found[1])
            several = len(names) > 1 and isinstance(value, tuple)
            values = value if several else [value] * len(names)
            defaults |= zip(names, map(repr, values), strict=True)
        elif ELSEWHERE.search(entry):
            elsewhere += names
    return defaults, elsewhere


def _read(text):
    if text.startswith("torch."):
        return getattr(torch, text.removeprefix("torch."))
    return float(text) if text == "nan" else ast.literal_eval(text)


@pytest.mark.parametrize("name", CALLABLES)
def test_defaults_are_those_of_the_docstring(name):
    item = CALLABLES[name]
    told, elsewhere = documented_defaults(item.__doc__)
    parameters = signature(item).parameters.values()
    own = {p.name: repr(p.default) for p in parameters if p.default is not p.empty}
    if "**parameters" in elsewhere:  # those of another class are not told again
        elsewhere = own.keys() - told.keys()
    for left in elsewhere:
        own.pop(left, None)
    if name.endswith(".split"):  # whose y may be left out in scikit-learn
        own.pop("y")
    assert told == own


def test_defaults_are_read_from_docstrings():
    found, elsewhere = documented_defaults(AttentionTrunk.__doc__)
    assert found["n_units"] == "64"
    assert found["dropout"] == "'auto'"
    assert found["vectors"] == "None"  # whose type takes two lines
    assert elsewhere == []
    found, _ = documented_defaults(MultiLabel.__doc__)
    assert (found["gamma_pos"], found["gamma_neg"]) == ("0.0", "4.0")
