"""The filter above the list of VMs: what it takes and what it means; and the news that the list waits for."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import Static

from tui.restore_points.filter_parser import FILTER_KEYS, FilterError
from tui.sanitize import safe

FILTER_KEY_NAMES = " ".join(["words", *(f"{key.name}:" for key in FILTER_KEYS)])
FILTER_HELP = (
    ("Letters", "act while a list has the focus: Enter or Down goes there from the filter."),
    ("", ""),
    ("Filter", "What is typed, in any order; all of it must match:"),
    ("words", "parts of a name; in quotes where it has blanks or a colon."),
    *((f"{key.name}:", f"{key.values}.") for key in FILTER_KEYS),
)


class PageCame(Message):
    """Loading has started, or its first page is here: to be shown at once."""


class LoadEnded(Message):
    """Loading is complete, stopped or failed."""


class NameAsked(Message):
    """The server was asked for a name.

    Args:
        name: which one.
        new: how many points were new.
    """

    def __init__(self, name: str, new: int) -> None:
        super().__init__()
        self.name = name
        self.new = new


class FilterNote(Static):
    """The lines below the filter, which are there only where something is said."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="filter-note")

    def show(self, problem: FilterError | None, asked: str) -> None:
        """Say what is wrong with the filter, or else which moments it means and what it leaves out."""
        self.set_class(problem is not None and not problem.is_unfinished, "-bad")
        words = safe(problem.detail if problem else asked, cells=300)
        self.display = bool(words)
        if self.content != words:  # a layout has the lists drawn again
            self.update(words)
