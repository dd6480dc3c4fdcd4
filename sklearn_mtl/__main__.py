"""``python -m sklearn_mtl``: the main job, and fitting on a table of one's own."""

import sys


def run():
    """Run the command line of this process and return its exit status."""
    try:
        from ._cli._process import prepare

        prepare()
    except KeyboardInterrupt:  # from here on prepare has taken care of it
        return 130
    from ._cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
