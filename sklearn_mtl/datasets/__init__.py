"""Data sets for multi-task text classification that need no download.

`load_docstrings` reads real texts that come with the installed packages.
`make_multitask_texts` generates artificial texts with tasks of chosen relatedness.
"""

from ._docstrings import load_docstrings
from ._synthetic import make_multitask_texts

__all__ = ["load_docstrings", "make_multitask_texts"]
