"""From a prepared plan to a restore: one confirmation, one submission by the app, every refusal in words.

The form below stays as it is whatever happens; what went wrong is said on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.api.errors import SessionExpired
from tui.restores.restore import Restore
from tui.screens.ask import AskScreen
from tui.screens.base import explain
from tui.screens.confirm import ConfirmScreen
from tui.store.errors import StoreError
from tui.store.journal import RestoreState

if TYPE_CHECKING:
    from tui.restores.plan import RestorePlan
    from tui.screens.base import VbemScreen

_DOING = "start the restore"


async def confirm_and_send(screen: VbemScreen, plan: RestorePlan, reason: str) -> Restore | None:
    """Ask once, send once.

    Returns:
        The restore if it was, or may have been, started; None if it surely was not: the screen says why.
    """
    if not await screen.app.push_screen_wait(ConfirmScreen(plan)):
        screen.say("Nothing was sent.")
        return None
    screen.say("Sending ...")
    outcome = await screen.vbem.submit_restore(plan, reason).wait()
    if isinstance(outcome, StoreError):
        outcome = await _without_journal(screen, plan, reason, outcome)
    if isinstance(outcome, SessionExpired):
        await _log_on_again(screen, explain(_DOING, outcome))
    elif isinstance(outcome, Restore):
        if _may_have_started(outcome):
            return outcome
        await _refused(screen, outcome)
    elif outcome is not None:
        screen.complain(_DOING, outcome)
    return None


async def _without_journal(
    screen: VbemScreen, plan: RestorePlan, reason: str, error: StoreError
) -> Restore | Exception | None:
    """The loud override, once: nothing was sent so far."""
    text = (
        f"{explain('write the restore into the journal', error)}\n\nNothing was sent so far. Sent without a "
        "row, this restore is FORGOTTEN if vbem ends before the journal can be written: nothing will find it "
        "again, and History will not know it."
    )
    if await screen.app.push_screen_wait(
        AskScreen("NO JOURNAL: send all the same?", text, yes="Send without journal", no="Do not send")
    ):
        return await screen.vbem.submit_restore(plan, reason, without_journal=True).wait()
    screen.complain(_DOING, error)
    return None


def _may_have_started(restore: Restore) -> bool:
    return restore.state is not RestoreState.FAILED or bool(restore.task_id or restore.session_uid)


async def _refused(screen: VbemScreen, restore: Restore) -> None:
    """It surely did not start; a 401 is offered again, never resent silently."""
    if restore.offer_again:
        await _log_on_again(screen, restore.message)
        return
    hint = getattr(restore.error, "hint", "")
    screen.say(f"{restore.message} {hint}".strip(), "bad")


async def _log_on_again(screen: VbemScreen, what_happened: str) -> None:
    screen.say(what_happened, "bad")
    if await screen.vbem.log_on_again():
        screen.say("Logged on again. Nothing was started: press Restore to send it as a new restore.", "bad")
