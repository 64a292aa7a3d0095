"""Inputs that stay quiet on a slow line: the cursor does not blink and nothing is animated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.events import Key
from textual.widgets import Input
from textual.widgets.input import Selection

if TYPE_CHECKING:
    from textual.dom import DOMNode


class Entry(Input):
    """A one-line input without a blinking cursor, whose text is never selected by a focus."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            password=password,
            id=id,
            classes=classes,
            select_on_focus=False,
            compact=True,
        )
        self.cursor_blink = False

    def offer_anew(self) -> None:
        """Focus it with all its text selected: typing replaces what was refused instead of adding to it."""
        self.focus()
        self.selection = Selection(0, len(self.value))


class FilterEntry(Entry):
    """The input of a list's filter; the key that leads to it does nothing more at its beginning."""

    def on_key(self, event: Key) -> None:
        """Swallow a leading `/`: who types `/web` by habit looks for `web`."""
        if event.character == "/" and min(self.selection) == 0:
            event.prevent_default()
            event.stop()


def typed_secrets(screen: DOMNode) -> Iterator[str]:
    """What stands in the password fields of a screen, alone and as a logon sends it."""
    entries = list(screen.query(Entry))
    for secret in (entry.value for entry in entries if entry.password and entry.value):
        yield secret
        yield from (f"{entry.value}:{secret}" for entry in entries if not entry.password)
