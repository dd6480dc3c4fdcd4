"""``python -m sklearn_mtl``: the command line."""

import sys


def run():
    """Run the command line of this process and return its exit status."""
    try:
        from ._cli._process import prepare

        prepare()
    except KeyboardInterrupt:  # after this, prepare handles it
        return 130
    from ._cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
