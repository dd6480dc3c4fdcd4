"""The command line: what ``python -m sklearn_mtl`` does."""

from ._main import main

__all__ = ["main"]
