"""vbem: restore virtual machines from Veeam Backup Enterprise Manager, in a
terminal.

The rooms, from the top down. Each may import what is below it, never
what is above; the contracts in `pyproject.toml` check that.

- `cli` reads the command line and starts the program.
- `app` wires the screens to the services; `theme` holds the colours.
- `screens` show one screen each; `widgets` are the parts they are made of.
- `terminal` is what Textual leaves to us at the terminal.
- `servers` holds the servers of one run: the one on the screens, and those
  whose restores it only watches. From here down nothing imports Textual.
- `services` holds what one logon needs: the connection, the journal, the
  restores. A script can use it as it is.
- `restores` decides about one restore, from the form to its end;
  `restore_points` finds the point to restore.
- `session` logs on and off, and settles whether the server is trusted.
- `api` talks to Enterprise Manager; `store` remembers what must outlive the
  program. Neither knows the other.
- The bottom row is for everybody: `config` (settings, folders), `actions`
  (what each key does), `clock`, `moment` (typed times), `timefmt` (times in
  words), `sanitize` (foreign text made safe), `restore_states` (states and
  their words), `crash_report` and `errors` (the root of all our errors).
- `demo` is an Enterprise Manager of its own for trying and testing. It
  shares no code with the rest.

The way of a start: `cli.main` decides what is asked for
(`config.StartOptions`), `app.VbemApp` makes the services and paints the
login, `session.Connection` settles trust and logs on,
`services.Services.admit` opens the journal and starts watching the restores,
and `screens.points` shows the first rows.

Comments and docstrings cite `tui/api/WIRE.md`, where each quirk of the
server is written down, as `WIRE 6.2`. Every text that an operator can read
is listed by `python -m tests.texts`.

What each room does in detail is in its own `__init__`. To follow one
restore through the program, read `tui.restores` first.
"""

__version__ = "0.1.0"
