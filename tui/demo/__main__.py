"""`python -m tui.demo`: the embedded server without the rest of the program."""

from __future__ import annotations

import argparse
import sys

from tui.demo.command import add_options, run


def main() -> int:
    """Read the options and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo", description=__doc__)
    add_options(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
