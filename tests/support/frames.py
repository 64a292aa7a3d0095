"""What goes to the terminal, frame by frame; nothing public tells of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rich.console import RenderableType
from textual.app import App
from textual.screen import Screen


def watch_frames(
    patch: pytest.MonkeyPatch, seen: Callable[[App[Any], Screen[Any], RenderableType], None]
) -> None:
    """Call `seen` with each frame, just before it is sent."""
    display = App._display

    def note(self: App[Any], screen: Screen[Any], frame: RenderableType | None) -> None:
        if frame is not None:
            seen(self, screen, frame)
        display(self, screen, frame)

    patch.setattr(App, "_display", note)
