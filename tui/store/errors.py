"""What can go wrong while remembering: every failure of disk, database or keyring in plain words.

StoreError(detail)
  JournalError     NotOwner, VmInFlight, SessionTaken
                                 -> a restore is not sent, unless the operator overrides it
  TrustError                     -> nobody is trusted on the word of an unreadable file
  KeyringError                   -> a logon session could not be forgotten
"""

from __future__ import annotations

from tui.errors import VbemError


class StoreError(VbemError):
    """Base of everything this room raises."""

    title = "Something could not be saved"
    hint = "Check the disk and the permissions of the state folder."


class JournalError(StoreError):
    """The journal of restores cannot be read or written."""

    title = "The journal cannot be used"
    hint = "Choose another state folder with --state-dir, or make this one writable."


class NotOwner(JournalError):
    """Another running program follows this restore; its row is not ours to change."""

    title = "Another vbem is watching this restore"
    hint = "Watch it in the vbem that started it."


class VmInFlight(JournalError):
    """Another row of the same VM is in flight; nothing was written."""

    title = "Another restore of this VM is running, or may be"
    hint = "Check the plan again: it now names that restore. Confirm it only if you want both."


class SessionTaken(JournalError):
    """The restore session belongs to another row; nothing was written."""

    title = "The restore session belongs to another restore"
    hint = ""


class TrustError(StoreError):
    """The file of pinned certificates cannot be read or written."""

    title = "The file of trusted certificates cannot be used"
    hint = "Make it readable and writable only for you, or choose another --state-dir."


class KeyringError(StoreError):
    """The keyring may still hold a logon session that should be gone."""

    title = "The logon session could not be removed from the keyring"
    hint = (
        "Remove the entry with your keyring's own program; the server ends the session after 15 idle minutes."
    )
