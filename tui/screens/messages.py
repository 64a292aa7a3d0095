"""Messages that cross files; those of one widget stand inside the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui.restores.restore import Restore


class RestoresChanged(Message):
    """Something is new about the restores; a burst collapses to the last."""

    def __init__(self, restores: tuple[Restore, ...]) -> None:
        super().__init__()
        self.restores = restores

    def can_replace(self, message: Message) -> bool:
        """Only the newest matters."""
        return isinstance(message, RestoresChanged)
