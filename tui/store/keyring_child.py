"""Asks the keyring, in a process of its own: `python -m tui.store.keyring_child`.

A keyring may hang on a locked collection, ask on a terminal or crash; here it has no terminal and can
be killed. One JSON request comes on standard input, one JSON answer goes to standard output; secrets
never stand in arguments or environment. This is the only module that imports keyring.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyring.backend import KeyringBackend

_REFUSED_WORDS = ("plaintext", "null", "fail", "uncrypted")


def _is_refused(backend: KeyringBackend) -> str:
    """Why a backend must not hold a token, empty if it may."""
    kind = type(backend)
    name = f"{kind.__module__}.{kind.__name__}".lower()
    if any(word in name for word in _REFUSED_WORDS):
        return f"its only keyring ({kind.__module__}) keeps nothing, or keeps it in plain text"
    if "keyrings.alt" in name and "encrypted" in name:
        return "its only keyring asks for a password on a terminal"
    return ""


def _backends(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """The backend, or those inside a chainer."""
    inner = getattr(backend, "backends", None)
    if inner is None:
        yield backend
    else:
        for one in inner:
            yield from _backends(one)


def _usable() -> KeyringBackend:
    import keyring

    reason = "this machine has no keyring"
    for backend in _backends(keyring.get_keyring()):
        reason = _is_refused(backend)
        if not reason:
            return backend
    raise LookupError(reason or "this machine has no keyring")


def answer(request: dict[str, str]) -> dict[str, object]:
    """Do what the request says: `get`, `set` (read back) or `delete`."""
    from keyring.errors import PasswordDeleteError

    backend = _usable()
    service, name = request["service"], request["name"]
    if request["do"] == "get":
        return {"ok": True, "value": backend.get_password(service, name)}
    if request["do"] == "set":
        backend.set_password(service, name, request["value"])
        if backend.get_password(service, name) != request["value"]:
            raise LookupError("the keyring did not give back what was put in")
        return {"ok": True}
    try:
        backend.delete_password(service, name)
    except PasswordDeleteError:
        # Nothing was kept: what was wanted is so.
        if backend.get_password(service, name) is not None:
            raise
    return {"ok": True}


def main() -> int:
    """One request, one answer."""
    try:
        reply = answer(json.load(sys.stdin))
    except LookupError as error:
        reply = {"ok": False, "reason": str(error.args[0])}
    except Exception as error:  # noqa: BLE001 - an outer edge: backends raise whatever they like
        reply = {"ok": False, "reason": f"the keyring failed ({type(error).__name__})"}
    json.dump(reply, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
