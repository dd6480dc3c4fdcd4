"""``python -m sklearn_mtl``: the main job, and fitting on a table of one's own."""

import sys


def run():
    """Run the command line of this process and return its exit status."""
    try:
        from ._cli import main
        from ._cli._process import prepare

        prepare()
        return main()
    except KeyboardInterrupt:  # before main can take care of it
        return 130


if __name__ == "__main__":
    sys.exit(run())
