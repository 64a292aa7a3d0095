"""Restore forms by platform: descriptions, checks and what they mean, without
widgets and without network.

A form is data: sections of fields, what excludes what, what is shown when. A
generic screen renders it, and a pure function checks what was typed, so that
no screen ever asks for a platform. This room may import `tui.api.models` and
the bottom row.

What to open for what:

- `form`: the form of one point: its fields, the check of what was typed, and
  the restore spec that results; the one table from kind and platform to a
  form, and `form_for`, which picks it for a point.
- `fields`: the parts of a form (`Field`, `Section`, `Problem`), what a
  platform must say about its form (`FormDefinition`), what a restore does to
  the original (`OriginalOutcome`), the draft that is kept to send again, and
  errors.
- `vsphere_hyperv`, `cloud_director`, `vapp`: one platform each: its fields
  and their help, its rules, its words.

A new field is a `Field` in its platform's file and a line where the spec is
made; if it is new on the wire, too, a field of
`tui.api.models.restore_spec`. A new platform is a file, a row of the table
in `form` and a test.

Defaults are the safe ones: the original is kept, nothing is powered on. What
the server's rules forbid together, a form refuses with a sentence that says
which field to change.

How a form is used:

- `form.form_for(point, platform)` returns a `RestoreForm`.
- `defaults` and `complete` fill in the values, `visible` says which fields
  to show, `blocked` which switches another one holds off, and `notes` what
  to know before sending.
- `check` returns the problems, in the order of the screen. No problems:
  `spec` returns what to send.
- `effect` says in words what that restore will do on a server of some API
  version; the plan shows these words.
"""
