"""Data to try multi-task text classification on, without a download.

`load_docstrings` gives real texts that are on every machine this package runs on;
`make_multitask_texts` gives artificial ones whose tasks are related as much as you say.
"""

from ._docstrings import load_docstrings
from ._synthetic import make_multitask_texts

__all__ = ["load_docstrings", "make_multitask_texts"]
