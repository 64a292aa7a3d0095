CREATE TABLE restores (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  created TEXT NOT NULL, updated TEXT NOT NULL,
  server TEXT NOT NULL, em_user TEXT NOT NULL DEFAULT '', operator TEXT NOT NULL DEFAULT '',
  logon_session_id TEXT NOT NULL DEFAULT '', point_uid TEXT NOT NULL DEFAULT '', point_created TEXT,
  kind TEXT NOT NULL DEFAULT '', platform TEXT NOT NULL DEFAULT '', vm_name TEXT NOT NULL DEFAULT '',
  backup_server_uid TEXT NOT NULL DEFAULT '', backup_server_name TEXT NOT NULL DEFAULT '',
  overwrites INTEGER NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT '',
  request_format TEXT NOT NULL DEFAULT '', request_body TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', sessions_before TEXT NOT NULL DEFAULT '[]',
  state TEXT NOT NULL, task_id TEXT NOT NULL DEFAULT '', task_href TEXT NOT NULL DEFAULT '',
  session_uid TEXT NOT NULL DEFAULT '', progress INTEGER, message TEXT NOT NULL DEFAULT '',
  started TEXT, ended TEXT, owner TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX restores_by_server ON restores (server, state);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  entry_id INTEGER NOT NULL REFERENCES restores (id),
  at TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL, owner TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_entry ON events (entry_id);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
CREATE TRIGGER restores_are_not_removed BEFORE DELETE ON restores
  BEGIN SELECT RAISE(ABORT, 'restores are never removed'); END;
PRAGMA user_version = 1;
