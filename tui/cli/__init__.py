"""The command line: it reads options, decides what a start is asked for, and turns
errors into exit codes.

It may import every other room, but does so inside functions: `vbem --help`
and the first painted login load nothing they do not need. A test lists the
modules that must not be loaded by then.

- `main` has the parser of `vbem` and of `vbem demo-server`. An option goes
  before its environment variable, that before the settings file, and that
  before the default; `_prepare` is the one place that knows this order and
  gives the result as `tui.config.StartOptions`.
- A new option is a line in `build_parser`, a line in `_prepare` and a field
  of `StartOptions`. A new key of the settings file is a field of
  `tui.config.Settings`.

Exit codes:

- 0: the operator has quit.
- 2: a wrong option, a wrong setting, or a start without a terminal.
- 70: vbem stopped because of a bug; standard error names the report.
- 129: the terminal is gone and the program could not end in order.

Before the screens start, debugging aids that write down keys or traffic are
switched off, and so are core files: both could hold a password. Whatever is
said after the screens are gone goes to standard error.
"""
