"""What can go wrong while remembering: every failure of disk, database or keyring in plain words.

StoreError(detail)
  JournalError     NotOwner      -> a restore is not sent, unless the operator overrides it
  TrustError                     -> nobody is trusted on the word of an unreadable file
  SettingsError                  -> names file and key
  KeyringError                   -> a logon session could not be forgotten
"""

from __future__ import annotations

from typing import ClassVar


class StoreError(Exception):
    """Base of everything this room raises.

    Args:
        detail: what exactly happened, in plain English, without secrets.
        hint: what to do, where the class's own hint does not fit.
        title: a few words for a heading, where the class's own do not fit.
    """

    default_title: ClassVar[str] = "Something could not be remembered"
    """A few words for a heading."""
    default_hint: ClassVar[str] = "Look at the disk and at the rights of the state folder."
    """What the operator can do."""

    def __init__(self, detail: str = "", *, hint: str = "", title: str = "") -> None:
        super().__init__(detail)
        self.title = title or self.default_title
        self.detail = detail
        self.hint = hint or self.default_hint

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


class JournalError(StoreError):
    """The journal of restores cannot be read or written."""

    default_title = "The journal cannot be written"
    default_hint = "Name another state folder with --state-dir, or make the present one writable."


class NotOwner(JournalError):
    """Another running program follows this restore; its row is not ours to change."""

    default_title = "Another vbem follows this restore"
    default_hint = "Look at it in the program that started it."


class TrustError(StoreError):
    """The file of pinned certificates cannot be read or written."""

    default_title = "The file of trusted certificates cannot be used"
    default_hint = "Make it readable and writable for you alone, or name another --state-dir."


class SettingsError(StoreError):
    """The settings file says something that is not understood."""

    default_title = "The settings file is not right"
    default_hint = "Correct or remove the line."


class KeyringError(StoreError):
    """The keyring may still hold a logon session that should be gone."""

    default_title = "The logon session could not be removed from the keyring"
    default_hint = (
        "The server ends it after 15 idle minutes. Remove the entry with your keyring's own program."
    )
