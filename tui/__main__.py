"""`python -m tui`: the same as the command `vbem`."""

from tui.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
