"""The command line: the screens, or a command that needs none; options,
output and exit codes.

It may import every other room. `main` does so inside functions: `vbem --help`
and the first painted login load nothing they do not need, and a test lists
the modules that must not be loaded by then. A command's own file is loaded
when that command runs.

What to open for what:

- `main`: whether the screens open or a command runs, what ends a command, and
  the signals.
- `options`: the one table of options, from which come the parser, `--help`,
  the environment, the settings and README's table (a test compares).
- `commands`: each command with its own arguments and the function that runs
  it, and the completion scripts.
- `exit_codes`: one number for each kind of end, and which error or state ends
  with which.
- `output`: tables, the one JSON object, progress, and plain questions.
- `logon`: certificate, password, logon and log-off of a command.
- `points`, `restore`, `tasks` (and cancel), `history` (and report), `plan`,
  `info`, `plain`: the commands.

A new option is a row of `options.OPTIONS`, a field of
`tui.config.StartOptions` and, where it is a setting, of
`tui.config.Settings`. A new command is a row of `commands.COMMANDS` and a
function `async (Command) -> ExitCode`.

A command uses `tui.services.Services` as the screens do, so its guards are
the same: `RestoreService.prepare` makes the plan with its request, and
`submit` sends that one. Nothing is asked where there is no terminal; what
needs a yes then needs it as an option.

Before anything starts, debugging aids that write down keys or traffic are
switched off, and so are core files: both could hold a password.
"""
