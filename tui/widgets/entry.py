"""Inputs that stay quiet on a slow line: the cursor does not blink and nothing is animated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.widgets import Input

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


def typed_secrets(screen: DOMNode) -> Iterator[str]:
    """What stands in the password fields of a screen, alone and as a logon sends it."""
    entries = list(screen.query(Entry))
    for secret in (entry.value for entry in entries if entry.password and entry.value):
        yield secret
        yield from (f"{entry.value}:{secret}" for entry in entries if not entry.password)
