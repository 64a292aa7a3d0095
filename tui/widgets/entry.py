"""Inputs that stay quiet on a slow line: the cursor does not blink and nothing is animated."""

from __future__ import annotations

from textual.widgets import Input


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
