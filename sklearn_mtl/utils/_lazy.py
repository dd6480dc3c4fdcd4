"""Names of a package that are imported when they are used."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def attributes_of(
    package: str, modules: dict[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that imports on demand.

    Importing one module of the package then does not import the others and their
    dependencies; scikit-learn alone takes most of a second.

    Parameters
    ----------
    package : str
        Its ``__name__``.

    modules : dict of {str: str}
        The module of each public name.

    Returns
    -------
    getter, lister : callable
    """

    def getter(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    def lister() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return getter, lister
