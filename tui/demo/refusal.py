"""How any part of the server says no: a status and the words of the Error body (contract 9)."""

from __future__ import annotations


class Refused(Exception):
    """The request is refused with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found(what: str) -> Refused:
    """404, in the words real servers use for a missing thing."""
    return Refused(404, f"Cannot find resource: {what}")
