"""Remembers what must outlive the program: restores, logon sessions, trust, and
who logged on last.

This room may import the bottom row only. It lives in the state folder
(`tui.config.Folders.state`, readable only by its owner) and in the keyring:

=================== ======================= ==============================================================
in                  by                      what
=================== ======================= ==============================================================
`journal.sqlite3`   `journal.Journal`       every restore before it is sent, and each step of its life
`known_servers`     `known_servers`         the certificates the operator trusts, one server a line
`last.json`         `last_logon`            server and user to prefill at the next start
`sessions/*.lock`   `process_lock`          which logon sessions are in use, and so must not be deleted
the keyring         `keyring_store`         the logon session: token, id and user; never the password
=================== ======================= ==============================================================

The files behind these:

- `tui.files` (bottom row) opens, writes and locks small files that only
  their owner may read or write, and refuses any other.
- `journal_db` opens the journal's sqlite file: synced at each commit, with a
  versioned schema, set aside where it is damaged, and left unchanged where
  it is not ours. What became of a lost one is said until somebody reads it.
- `journal_entry` is one row, and the one place that knows how a field is
  stored in a column. A field that cannot be read hides neither its row nor
  another one.
- `process_lock` answers whether another vbem is running: two programs may
  share an account, a journal and a logon session, but one process follows a
  row.
- `keyring_worker` is the process that asks the keyring: without a terminal,
  killed after `keyring_store.TIMEOUT_S`, refusing backends that keep secrets in plain text.

Every failure here is a `StoreError` (`errors`): what happened, the detail,
what to do. A restore whose row cannot be written is not sent, unless the
operator overrides that. No token and no password is ever written to a file
of this room.

A new field of the journal is a field of `journal_entry.JournalEntry`, a
column in the schema of `journal_db`, a new `SCHEMA_VERSION` there, and a
line in `tui.restores.journal_mapping`. Events and rows are only ever added:
triggers in the schema refuse to remove them.
"""
