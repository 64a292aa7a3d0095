"""Restores that end while somebody looks at another screen than the tasks: they are told in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.store.entry import RestoreState
from tui.text import safe

if TYPE_CHECKING:
    from tui.restores.restore import Restore

_WORDS = {
    RestoreState.SUCCEEDED: "succeeded",
    RestoreState.WARNING: "ended with warnings",
    RestoreState.FAILED: "FAILED",
    RestoreState.CANCELLED: "was cancelled",
}
_WORST_FIRST = (RestoreState.FAILED, RestoreState.WARNING, RestoreState.CANCELLED, RestoreState.SUCCEEDED)
_NAMED = 3
"""More than so many are only counted: the status line has three lines."""
_BEGUN = {RestoreState.LAUNCHING, RestoreState.RESTORING, RestoreState.UNKNOWN}
"""What the server refuses at once is told by the form it was sent from."""


class Endings:
    """Which restores have ended since the tasks were last looked at."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._ended: list[Restore] = []
        self.told = ""
        """The sentence that stands on some status line; empty for none."""

    def notice(self, restores: Iterable[Restore]) -> bool:
        """Look at all restores as they are now; whether one has ended."""
        new: list[Restore] = []
        for restore in restores:
            if restore.is_over and restore.key in self._begun:
                self._begun.discard(restore.key)
                new.append(restore)
            elif restore.state in _BEGUN:
                self._begun.add(restore.key)
        self._ended += new
        return bool(new)

    def forget(self) -> None:
        """The tasks are being looked at."""
        self._ended.clear()
        self.told = ""

    @property
    def words(self) -> str:
        """What ended, the worst first, and where to read more."""
        ended = sorted(self._ended, key=lambda restore: _WORST_FIRST.index(restore.state))
        if not ended:
            return ""
        if len(ended) == 1:
            why = "shows why" if ended[0].state is RestoreState.FAILED else "shows it"
            return f"The restore of {_said(ended[0])}: Ctrl+T {why}."
        named = ", ".join(map(_said, ended[:_NAMED]))
        more = len(ended) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"{len(ended)} restores have ended: {named}{rest}. Ctrl+T shows them."

    @property
    def kind(self) -> str:
        """How the status line shows it."""
        states = {restore.state for restore in self._ended}
        if RestoreState.FAILED in states:
            return "bad"
        return "good" if states == {RestoreState.SUCCEEDED} else "note"


def _said(restore: Restore) -> str:
    return f"{safe(restore.vm_name, cells=40)} {_WORDS[restore.state]}"
