"""Data sets for multi-task text classification that need no download, and sources.

`load_docstrings` reads real texts that come with the installed packages.
`make_multitask_texts` generates artificial texts with tasks of chosen relatedness.
`ChunkSource` reads texts and labels in chunks, for a fit that exceeds memory.
"""

from ._chunks import ChunkSource
from ._docstrings import load_docstrings
from ._synthetic import make_multitask_texts

__all__ = ["ChunkSource", "load_docstrings", "make_multitask_texts"]
