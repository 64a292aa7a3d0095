"""Remembers what must outlive the program: restores, logon sessions, trust, and who logged on last.

What stands where (the state folder is `tui.config.Folders.state`, readable by its owner alone):

=================== ======================= ==============================================================
in                  by                      what
=================== ======================= ==============================================================
`journal.sqlite3`   `journal.Journal`       every restore before it is sent, and each step of its life
`known_servers`     `known_servers`         the certificates the operator trusts, a line a server
`last.json`         `last_logon`            server and user to prefill at the next start
`sessions/*.lock`   `process_lock`          which logon sessions are in use, and so not to be deleted
the keyring         `keyring_store`         the logon session: token, id and user; never the password
=================== ======================= ==============================================================

How it is kept:

- `files` writes small files whole or not at all, for their owner alone, under a lock beside them.
- `journal_db` opens the journal's sqlite file: synced at each commit, of one schema with a version, put aside
  where it is damaged and left alone where it is not ours.
- `journal_entry` is one row of it, and the one place that knows how a field stands in a column.
- `process_lock` answers whether another vbem lives: two programs may share an account, a journal and a logon
  session, but one process follows a row.
- `keyring_worker` is the process that asks the keyring: without a terminal, killed after 3 seconds, refusing
  backends that keep secrets in plain text.

Everything that goes wrong here is a `StoreError` (`errors`): what happened, the detail, what to do. A restore
is not sent where its row cannot be written, unless the operator overrides that.

No token and no password is ever written to a file of this room.
"""
