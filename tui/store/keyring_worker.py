"""Asks the keyring, in a process of its own: `python -m tui.store.keyring_worker`.

A keyring may hang on a locked collection, ask on a terminal or crash; here it has no terminal and can
be killed. One JSON request comes on standard input, one JSON answer goes to standard output; secrets
are never in arguments or environment. This is the only module that imports keyring.
"""

from __future__ import annotations

import hmac
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import keyring
from keyring import errors
from keyring.backend import KeyringBackend

_REFUSED_WORDS = ("plaintext", "uncrypted", "unencrypted", "insecure")
_REFUSED_MODULES = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt")
"""Nothing of keyrings.alt fits: its files are plain or ask for a password on a terminal."""
_MAX_DEPTH = 4


class NoKeyring(Exception):
    """No backend here may hold a token; the sentence says why."""


def refusal(backend: KeyringBackend) -> str:
    """Return why a backend must not hold a token, empty if it may; subclassing is no disguise."""
    for kind in type(backend).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if any(kind.__module__ == bad or kind.__module__.startswith(f"{bad}.") for bad in _REFUSED_MODULES):
            return _refused_module_words(kind.__module__)
        if any(word in name.lower() for word in _REFUSED_WORDS):
            return f"the keyring here ({type(backend).__module__}) keeps secrets in plain text"
    try:
        priority = float(type(backend).priority)
    except Exception:  # noqa: BLE001 - third-party code; keyring's own rule: raising means unusable
        priority = 0
    return "" if priority > 0 else f"the keyring here ({type(backend).__module__}) does not work"


def _refused_module_words(module: str) -> str:
    if module.startswith("keyrings.alt"):
        return "the keyring here (keyrings.alt) keeps secrets in plain text or asks on the terminal"
    if module.endswith(".null"):
        return "the keyring is switched off here (keyring.backends.null)"
    return "this machine has no usable keyring"


def flattened(backend: KeyringBackend, depth: int = 0) -> Iterator[KeyringBackend]:
    """Yield the backend itself, or those inside a chainer."""
    inner = getattr(backend, "backends", None)
    if inner is None:
        yield backend
    elif depth < _MAX_DEPTH:
        for one in inner:
            yield from flattened(one, depth + 1)


def usable_backends() -> list[KeyringBackend]:
    """Return the backends that may hold a token, best first.

    Raises:
        NoKeyring: there is none.
    """
    found = list(flattened(keyring.get_keyring()))
    usable = [backend for backend in found if not refusal(backend)]
    if not usable:
        raise NoKeyring(refusal(found[0]) if found else "this machine has no usable keyring")
    return usable


def answer(request: dict[str, str]) -> dict[str, object]:
    """Do what the request says: `get`, `set` (read back and compared) or `delete`.

    Raises:
        NoKeyring: it cannot be done here.
        Exception: whatever a backend raises.
    """
    backends = usable_backends()
    service, name = request["service"], request["name"]
    if request["do"] == "get":
        return {"ok": True, **_get(backends, service, name)}
    if request["do"] == "set":
        return {"ok": True, "keyring": _set(backends, service, name, request["value"])}
    for backend in backends:
        _delete(backend, service, name)
    return {"ok": True}


def _get(backends: list[KeyringBackend], service: str, name: str) -> dict[str, object]:
    for backend in backends:
        if (value := backend.get_password(service, name)) is not None:
            return {"value": value, "keyring": name_of(backend)}
    return {"value": None}


def name_of(backend: KeyringBackend) -> str:
    """Return what a keyring calls itself, `SecretService Keyring`."""
    try:
        return str(backend.name)
    except Exception:  # noqa: BLE001 - third-party code; the name is only shown
        return type(backend).__name__


def _set(backends: list[KeyringBackend], service: str, name: str, value: str) -> str:
    """Return the name of the keyring that keeps the value now."""
    for backend in backends:
        try:
            backend.set_password(service, name, value)
        except NotImplementedError:
            continue
        try:
            _compare(backend, service, name, value)
        except Exception:
            # Of no use there, and nobody would look for it.
            with suppress(Exception):
                backend.delete_password(service, name)
            raise
        return name_of(backend)
    raise NoKeyring("the keyring here cannot be written")


def _compare(backend: KeyringBackend, service: str, name: str, value: str) -> None:
    """Read back what was stored.

    Raises:
        NoKeyring: it is something else.
        Exception: whatever a backend raises.
    """
    kept = backend.get_password(service, name)
    if kept is None or not hmac.compare_digest(kept.encode(), value.encode()):
        raise NoKeyring("the keyring did not return what was stored")


def _delete(backend: KeyringBackend, service: str, name: str) -> None:
    """Delete an entry, which need not be there; one that cannot be read can often still be deleted."""
    try:
        backend.delete_password(service, name)
    except Exception:  # each backend says in its own way that there is no such entry
        if backend.get_password(service, name) is not None:
            raise


def reason_of(error: Exception) -> str:
    """Return why it failed, by kind only: a backend's own words may repeat the secret."""
    if isinstance(error, NoKeyring):
        return str(error)
    if isinstance(error, errors.KeyringLocked):
        return "the keyring is locked"
    if isinstance(error, errors.NoKeyringError):
        return "this machine has no usable keyring"
    return f"the keyring failed ({type(error).__name__})"


def _own_output() -> TextIO:
    """Return the pipe to our parent, out of reach of backends and of programs they start."""
    private = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.close(silence)
    return os.fdopen(private, "w", encoding="utf-8")


def main() -> int:
    """Read one request and give one answer."""
    os.umask(0o077)
    with _own_output() as output:
        try:
            reply = answer(json.load(sys.stdin))
        except Exception as error:  # noqa: BLE001 - an outer edge: backends raise whatever they like
            reply = {"ok": False, "reason": reason_of(error), "no_keyring": isinstance(error, NoKeyring)}
        json.dump(reply, output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
