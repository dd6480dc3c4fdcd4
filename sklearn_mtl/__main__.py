"""``python -m sklearn_mtl``: the main job, and fitting on a table of one's own."""

import sys

from ._cli import main

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character of a text is no reason to stop.
        stream.reconfigure(errors="replace")
    sys.exit(main())
