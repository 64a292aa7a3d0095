"""What is new on one server: handed to its screens, and said on the status line of whatever is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from textual.app import ScreenStackError

from tui.restore_states import RestoreState
from tui.screens.base import SENDING_UNSEEN, IncidentChanged, OthersChanged, RestoresChanged, VbemScreen
from tui.servers import name_of
from tui.terminal.crash_edge import WorkerFailed

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.restores.registry import EndedRestores
    from tui.restores.restore import Restore
    from tui.services import Services


class Shows(Protocol):
    """What the app does with what is new."""

    @property
    def services(self) -> Services:
        """Return those of the server that is on the screens."""

    def screens_of(self, services: Services) -> list[Screen[object]]:
        """Return the screens of a server, also while those of another one are shown."""

    @property
    def every_screen(self) -> list[Screen[object]]:
        """Return the screens of every server."""

    def show_notice(self, text: str, kind: str = "note") -> None:
        """Show a sentence on the status line of the uppermost screen."""

    def show_notice_instead(self, text: str, kind: str, before: str) -> None:
        """Show a sentence there instead of another one."""

    def show_title(self, words: str) -> None:
        """Set the title of the terminal."""

    def bell(self) -> None:
        """Ring the terminal's bell."""

    def report_failure(self, failed: WorkerFailed) -> None:
        """Write a crash report, and say so."""


class ServerNotices:
    """Hears what is new on one server.

    Args:
        services: of the server.
        app: shows it.
    """

    def __init__(self, services: Services, app: Shows) -> None:
        self._services, self._app = services, app
        self._ended: EndedRestores | None = None
        self._leading_to_tasks: set[str] = set()
        """Sentences on status lines that lead to the tasks."""
        self._cancel_notices: set[str] = set()
        """What is true of cancels that were not accepted: it goes from the status lines when it is not."""
        self._sending: set[str] = set()
        """Keys of the restores that are being sent."""
        services.on_notice = self._notice
        services.on_failure = lambda doing, error: app.report_failure(WorkerFailed(doing, error))
        services.on_restores = self._restores_changed
        services.on_trouble = self._trouble_changed
        services.on_incident = self._incident_changed

    @property
    def _is_shown(self) -> bool:
        """Return whether this server is on the screens."""
        return self._app.services is self._services

    def _notice(self, text: str, kind: str) -> None:
        self._app.show_notice(text if self._is_shown else f"{name_of(self._services)}: {text}", kind)

    def _trouble_changed(self) -> None:
        for screen in self._app.screens_of(self._services):
            if isinstance(screen, VbemScreen) and screen.is_mounted:
                screen.show_trouble()
        if not self._is_shown:
            self._others_changed()
            if self._services.is_logon_put_off:
                self._notice("The logon session has ended, and nothing is updated. S leads there.", "bad")
            elif self._services.trouble:
                self._notice(self._services.trouble, "bad")

    def _incident_changed(self) -> None:
        for screen in self._app.screens_of(self._services):
            screen.post_message(IncidentChanged())

    def _others_changed(self) -> None:
        for screen in self._app.screens_of(self._app.services):
            screen.post_message(OthersChanged())

    def _restores_changed(self, restores: tuple[Restore, ...]) -> None:
        try:
            for screen in self._app.screens_of(self._services):  # also those that a dialog is over
                screen.post_message(RestoresChanged(restores))
            if not self._is_shown:
                self._others_changed()
            self._take_back_outdated(restores)
            self._announce_ended(restores)
        except ScreenStackError:
            return  # while the program ends the screens are gone before the last word of a restore comes

    # -- sentences on the status lines ------------------------------------------------------------

    def leads_to_tasks(self, sentence: str) -> None:
        """Take note of a sentence that is taken back when the tasks are shown, or when it is true no more."""
        self._leading_to_tasks.add(sentence)

    def _take_back(self, sentences: set[str]) -> None:
        for screen in self._app.every_screen:
            if isinstance(screen, VbemScreen):
                for text in sentences:
                    screen.remove_status(text)
        self._leading_to_tasks -= sentences

    def _take_back_outdated(self, restores: tuple[Restore, ...]) -> None:
        sending = {one.key for one in restores if one.state is RestoreState.SENT}
        if self._sending - sending:
            self._take_back(self._leading_to_tasks & {SENDING_UNSEEN})
        self._sending = sending
        notices = {one.cancel_notice for one in restores if one.cancel_notice}
        self._take_back(self._cancel_notices - notices)
        self._cancel_notices = notices
        if restores and not any(one.is_in_flight for one in restores):
            self._take_back(set(self._leading_to_tasks))

    def _announce_ended(self, restores: tuple[Restore, ...]) -> None:
        from tui.restores.registry import EndedRestores

        self._ended = self._ended or EndedRestores()
        own = [one for one in self._app.screens_of(self._services) if isinstance(one, VbemScreen)]
        shows_tasks = self._is_shown and any(screen.NAME == "tasks" for screen in own[-1:])
        has_ended = self._ended.notice(restores, is_form_open=any(screen.busy_with for screen in own))
        self.show_title(restores)
        if has_ended and self._services.options.bell:
            self._app.bell()
        if has_ended and not shows_tasks:
            words = self._ended.words_on("" if self._is_shown else name_of(self._services))
            before, self._ended.shown = self._ended.shown, words
            self._app.show_notice_instead(words, self._ended.kind, before)

    def show_title(self, restores: Sequence[Restore]) -> None:
        """Count the restores in the terminal's title, where this server is on the screens."""
        from tui.restores.registry import title_words

        queue = self._services.recovery.queue if self._services.recovery is not None else None
        if self._is_shown:
            self._app.show_title(queue.title if queue is not None else title_words(restores))

    def admitted(self) -> None:
        """Begin with the restores of another logon."""
        self._ended = None

    def tasks_seen(self) -> None:
        """Say no more what the tasks show."""
        self._take_back(set(self._leading_to_tasks))
        if self._ended is not None:
            self._take_back({self._ended.shown})
            self._ended.forget()
