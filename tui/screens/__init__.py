"""One screen each: they show what the services know, ask the operator, and delegate.

A screen composes widgets, binds keys and runs workers that read. Nothing
here decides about a restore, and nothing here sends a write: `tui.services`
owns that, so that leaving a screen never ends it. Screens may import
`widgets`, `terminal`, `services`, and the models and errors of the rooms
below. Only `tui.app` pushes another full screen; a screen asks for one by a
message of `base` (`OpenTasks`, `OpenRestoreForm`, ...).

What to open for what:

- `base`: the status line, keys from `tui.actions`, `reading` (a read with
  its error shown), dialogs, messages.
- `login`: from the server's name to the first logon, the trust question
  included.
- `points`: the list of VMs; `points_tables` are its two tables,
  `points_loading` what it shows of loading and filter; `names` marks by a
  list of names.
- `incident`: the moment to restore to before; `batch`: the plan of many, with
  its dialogs in `batch_dialogs`.
- `restore_form`: the form of any platform; `restore_form_data` reads what it
  needs from the server; `plan_text` says what the form would do;
  `reference_picker` looks references up; `request_preview` shows the exact
  request.
- `confirm`: the last question before a restore is sent, and sending without
  a journal.
- `tasks` and `cancel`: the restores of this run, and stopping one;
  `sessions`: what the server itself lists; `history`: the journal.
- `restore_text`: a restore in words, for rows, details and notices. The
  states' own words are in `tui.restore_states`.
- `notices`: what is new on one server, said on the status line of whatever is
  shown.
- `dialogs`: a yes-or-no question, the platform, logging on again, the servers,
  help.

How a screen is made:

- Derive from `VbemScreen`, or from `Dialog` with the type of its answer, and
  name its `NAME`; a full screen has a `HEADING`, too. `BINDINGS =
  bindings_of(NAME)` takes its keys from `tui.actions`, where each key stands
  once.
- A dialog yields its box from `compose_box`; a screen asks by `await self.ask(dialog)`, which waits until no
  other question is open. `busy_with` says what a log-off would cut off.
- Read from the server in a worker (`@work` with a group and a description)
  through `reading` or `reporting`, so that an error is shown with what to
  do. Never await the network in a handler.
- Show what is long or foreign through `tui.sanitize`, and say in words what
  a colour underlines.
"""
