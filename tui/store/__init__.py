"""Remembers: logon sessions, pinned certificates, the journal of restores, settings."""
