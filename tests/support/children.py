"""Child processes that no test of a screen is about: three for each logon, which cost more than the logon.

The tests of the keyring, of the process that decodes pages, and of the program in a terminal have the
real ones.
"""

from __future__ import annotations

import asyncio
import os
from math import inf

import pytest

from tui.api import client, page_worker
from tui.store.keyring_store import SessionStore

SWITCHED_OFF = "keyring.backends.null.Keyring"
_ask = SessionStore._ask
_answers: dict[str, dict[str, object]] = {}
"""What the process of the keyring answered to each kind of request, where the keyring is switched off."""


async def _ask_once(store: SessionStore, request: dict[str, str]) -> dict[str, object]:
    if os.environ.get("PYTHON_KEYRING_BACKEND") != SWITCHED_OFF:
        return await _ask(store, request)
    if request["do"] not in _answers:
        _answers[request["do"]] = await _ask(store, request)
    await asyncio.sleep(0)
    return _answers[request["do"]]


def install(patch: pytest.MonkeyPatch) -> None:
    """Ask a keyring that is switched off once, and decode each page here, as if it were a short one."""
    patch.setattr(SessionStore, "_ask", _ask_once)
    patch.setattr(client, "_MANY_PAGES", inf)
    patch.setattr(page_worker, "LONG_BYTES", inf)
    patch.setattr(page_worker, "_LONG_GZIP_BYTES", inf)
