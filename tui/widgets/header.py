"""The top line of every screen: program, DEMO, READ-ONLY, who is logged on where, which screen it is."""

from __future__ import annotations

from rich.cells import cell_len
from textual.widgets import Static

from tui.sanitize import safe


class Header(Static):
    """One line; its marks, as DEMO and READ-ONLY, are words, not only a colour."""

    def __init__(self, title: str, *, marks: str, who: str) -> None:
        super().__init__(self.line(title, marks=marks, who=who), markup=False, id="banner")

    @staticmethod
    def line(title: str, *, marks: str, who: str) -> str:
        """Return the text of the line."""
        parts = ["vbem", marks, safe(title, cells=30), safe(who, cells=44)]
        return " " + "  |  ".join(part for part in parts if part)


class Banner(Static):
    """What keeps everything on the screen from being of now, below the first line; nothing otherwise."""

    def __init__(self, text: str) -> None:
        super().__init__(markup=False, id="trouble")
        self._said = ""
        self.display = False
        self.show(text)

    def show(self, text: str) -> None:
        """Show `text`; where it is empty there is no line."""
        if text != self._said:
            self._said, self.display = text, bool(text)
            self.update(safe(text, cells=300))


class IncidentLine(Static):
    """What the restores are for, below the first line; nothing while no incident is set."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="incident")
        self._spellings: tuple[str, ...] = ()
        self.display = False

    def show(self, spellings: tuple[str, ...]) -> None:
        """Show the longest of some spellings that fits; without any there is no line."""
        if spellings != self._spellings:
            self._spellings, self.display = spellings, bool(spellings)
            self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        cells = self.app.size.width - 2
        fitting = (words for words in self._spellings if cell_len(words) <= cells)
        self.update(safe(next(fitting, self._spellings[-1] if self._spellings else ""), cells=max(1, cells)))


class ElsewhereLine(Static):
    """What is in flight on other servers, below the first line; nothing while nothing is."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="elsewhere")
        self.display = False

    def show(self, words: str) -> None:
        """Show what is in flight; where it is empty there is no line."""
        line = safe(f"OTHER SERVERS  {words}", cells=300) if words else ""
        if line != self.content:
            self.display = bool(words)
            self.update(line)


class StatusLine(Static):
    """One to three lines above the footer that say what happened and what to do."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="status")
        self.display = False
        self._said = ("", "note")

    def say(self, text: str, kind: str = "note") -> None:
        """Show `text`; `kind` is `note`, `good` or `bad` and is said in words by the caller."""
        self._said = (text, kind)
        self.set_class(kind == "bad", "-bad")
        self.set_class(kind == "good", "-good")
        self.display = bool(text)
        self.update(safe(text, cells=600))

    def take_back(self, text: str) -> None:
        """Leave `text` out of what is shown; where nothing else is, show nothing."""
        before, kind = self._said
        if text and text in before:
            left = " ".join(before.replace(text, "").split())
            self.say(left, kind if left else "note")

    def add(self, text: str, kind: str = "note") -> None:
        """Show `text` behind what is shown; what is bad stays bad."""
        before, was = self._said
        if text not in before:
            self.say(f"{before} {text}".strip(), was if was == "bad" else kind)
