"""Public names are in the API reference, have an example, and docstrings in order."""

import re
from importlib import import_module
from inspect import cleandoc, isclass, isfunction
from pathlib import Path
from pkgutil import iter_modules

import pytest
from numpydoc.validate import validate

import sklearn_mtl

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
# Modules of the command line have no names to import.
MODULES = ["sklearn_mtl"] + [
    info.name
    for info in iter_modules(sklearn_mtl.__path__, "sklearn_mtl.")
    if "._" not in info.name
    and not info.name.endswith("__main__")
    and hasattr(import_module(info.name), "__all__")
]
NAMES = [
    f"{module}.{name}"
    for module in MODULES
    for name in import_module(module).__all__
    if name != "__version__"
]
IGNORED = {
    "ES01": "a summary of one line may say all",
    "EX01": "every public name has an example, and most show several methods",
    "RT02": "return values have names, as in scikit-learn",
    "SA01": "not everything has a relative",
}


def found(name):
    """Return the object of a dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def own_members():
    """Yield public methods and properties that a class of ours is first to document.

    An override says what differs, or nothing.
    """
    for name in NAMES:
        for attribute in dir(found(name)) if isclass(found(name)) else ():
            owners = [c for c in found(name).__mro__ if attribute in vars(c)]
            is_public = not attribute.startswith("_") and owners
            if is_public and owners[-1].__module__.startswith("sklearn_mtl"):
                member = vars(owners[-1])[attribute]
                function = getattr(member, "__func__", member)
                if isfunction(function) or isinstance(function, property):
                    yield f"{name}.{attribute}", owners[-1]


MEMBERS = sorted(
    {
        f"{owner.__module__}.{owner.__qualname__}.{name.rpartition('.')[2]}"
        for name, owner in own_members()
    }
)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_in_the_reference(name):
    module, _, attribute = name.rpartition(".")
    page = module.rpartition(".")[2].replace("sklearn_mtl", "classifier")
    text = (REFERENCE / f"{page}.rst").read_text(encoding="utf-8")
    assert f".. module:: {module}\n" in text
    assert f"\n   {attribute}\n" in text


def test_nothing_else_is_in_the_reference():
    listed = []
    for page in REFERENCE.glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        for module, rest in re.findall(r"\.\. module:: (\S+)\n(.*)", text, re.DOTALL):
            tables = re.findall(
                r":toctree: generated\n   :nosignatures:\n\n((?:   \w+\n)+)", rest
            )
            listed += [f"{module}.{name}" for name in "".join(tables).split()]
    assert sorted(listed) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_an_example(name):
    documented = found(name)
    if not callable(documented):  # a constant: its module shows it
        documented = import_module(name.rpartition(".")[0])
    assert ">>> " in (documented.__doc__ or ""), f"{name} has no example"


@pytest.mark.parametrize("name", [n for n in NAMES if callable(found(n))] + MEMBERS)
def test_its_docstring_is_in_order(name):
    checked = validate(name)
    text = cleandoc(checked["docstring"])
    ignored = set(IGNORED)
    if "\nParameters\n---" not in text and "\nAttributes\n---" in text:
        ignored.add("PR01")  # returned by functions; its fields are attributes
    if "\n**parameters" in text:
        ignored |= {"PR01", "PR02"}  # those of a class of scikit-learn, which is linked
    problems = [
        f"{code}: {message}"
        for code, message in checked["errors"]
        if code not in ignored and not refers_elsewhere(message, text)
    ]
    assert not problems, f"{name}: {problems}"


def refers_elsewhere(message, text):
    """Whether a parameter without a description is "as in" or "as for" another."""
    parameter = re.match(r'Parameter "(\w+)" has no description', message)
    lines = re.findall(r"^[\w, ]+ : .*$", text, re.MULTILINE)
    return parameter is not None and any(
        re.search(rf"\b{parameter[1]}\b.* : .*\bas (in|for) ", line) for line in lines
    )
