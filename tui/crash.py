"""The outer edge: an unforeseen error becomes a redacted report in the state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.paths import Folders


def report_crash(folders: Folders, error: BaseException, secrets: Iterable[str] = ()) -> str:
    """Write the report and return its path, or say why there is none.

    Args:
        folders: where to.
        error: what went wrong.
        secrets: what must not stand in it, wherever it came from.
    """
    from tui import __version__
    from tui.store.reports import write_crash_report

    try:
        folders.make()
        return str(write_crash_report(folders.state, error, secrets=secrets, facts={"version": __version__}))
    except OSError as failure:
        return f"none, for it could not be written: {failure.strerror}"
