"""How often a logon was refused: directories lock an account after a few wrong passwords."""

from __future__ import annotations


class Refusals:
    """Counts the refusals in a row of one account."""

    def __init__(self) -> None:
        self._account, self._times = "", 0

    def count(self, account: str) -> str:
        """Count one more; another account is counted from one.

        Returns:
            A sentence from the second refusal on, with a space behind it; empty for the first.
        """
        self._times = self._times + 1 if account == self._account else 1
        self._account = account
        return f"Refused {self._times} times. " if self._times > 1 else ""
