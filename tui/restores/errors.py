"""Why a restore was not sent, where neither the server nor the journal is the reason.

    NotSent(detail)
      AlreadySubmitted   the same plan twice              -> a new plan is needed
      AlreadyRunning     another restore began meanwhile  -> the plan is looked at and confirmed again
      NotLoggedOn        there is no logon session        -> log on, the form stays
      AfterIncident      nobody said yes to that          -> it is asked for by itself
      Withdrawn          the operator stopped it in time  -> it waits

What is wrong with a form is in `tui.restores.forms.fields`, what the server says in `tui.api.errors`, and
why a row cannot be written in `tui.store.errors`. All of them are a `VbemError`.
"""

from __future__ import annotations

from tui.errors import VbemError


class NotSent(VbemError):
    """Nothing was sent."""

    title = "The restore was not sent"
    hint = "Go back to the form and check the plan."


class AlreadySubmitted(NotSent):
    """This very plan was submitted before: one plan is one restore."""

    title = "This restore was already sent"
    hint = "See it on the Tasks screen; to send it again, make a new plan."


class AlreadyRunning(NotSent):
    """A restore of that VM has started since the plan was confirmed."""

    title = "A restore of this VM has started meanwhile"
    hint = "Check the plan again: it now names that restore. Confirm it only if you want both."


class SessionNotTaken(VbemError):
    """The operator chose a restore session that cannot be this restore's."""

    title = "That session was not taken"
    hint = "Look at the list again; nothing was changed."


class NotLoggedOn(NotSent):
    """There is no logon session."""

    title = "Nobody is logged on"
    hint = "Log on first; nothing typed is lost."


class AfterIncident(NotSent):
    """The point is not of before the incident, and nobody said yes to that."""

    title = "The point is not of before the incident"
    hint = "Choose a point of before it, or say yes to this one by itself."


class Withdrawn(NotSent):
    """The operator stopped it before anything was sent."""

    title = "The restore was stopped in time"
    hint = "Try again: the queue sends it once it is resumed."
