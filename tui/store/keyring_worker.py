"""Asks the keyring, in a process of its own: `python -m tui.store.keyring_worker`.

A keyring may hang on a locked collection, ask on a terminal or crash; here it has no terminal and can
be killed. One JSON request comes on standard input. On standard output comes a line with the name of each
keyring before it is asked, which is what is known of one that hangs, and last the answer, a line of JSON;
secrets are never in arguments or environment. This is the only module that imports keyring.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError
from typing import TextIO

import keyring
from keyring import errors
from keyring.backend import KeyringBackend

_REFUSED_WORDS = ("plaintext", "uncrypted", "unencrypted", "insecure")
_REFUSED_MODULES = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt")
"""Nothing of keyrings.alt fits: its files are plain or ask for a password on a terminal."""
_MAX_DEPTH = 4
_NAMES = {
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.libsecret": "Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring_pass": "pass",
}
"""What a keyring is called, by its module; others call themselves."""
_RECIPES = "See README, Keyrings, for one on a host without a desktop."
_INIT = "Make one with `pass init KEY`: see README, Keyrings."
_CHOICE = "PYTHON_KEYRING_BACKEND"
_LOCKED = {"KeyringLocked", "LockedException", "PromptDismissedException"}
"""What keyring and the library below it raise where nobody unlocks."""
_ABSENT = {"SecretServiceNotAvailableException", "ConnectionError", "ConnectionRefusedError"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why it failed, and what to do; neither holds what a backend says, which may repeat the secret."""

    reason: str
    """To follow a colon."""
    hint: str = ""
    """A sentence; empty where nothing can be done."""


class NoKeyring(Exception):
    """No backend here may hold a token."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


# -- which keyring ------------------------------------------------------------------------------------


def refusal(backend: KeyringBackend) -> Trouble | None:
    """Return why a backend must not hold a token, None if it may; subclassing is no disguise."""
    module = type(backend).__module__
    for kind in type(backend).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if any(kind.__module__ == bad or kind.__module__.startswith(f"{bad}.") for bad in _REFUSED_MODULES):
            return _refused_module(kind.__module__)
        if any(word in name.lower() for word in _REFUSED_WORDS):
            return Trouble(
                f"the keyring here ({module}) keeps secrets in plain text, so it is not used", _RECIPES
            )
    try:
        priority = float(type(backend).priority)
    except Exception:  # noqa: BLE001 - third-party code; keyring's own rule: raising means unusable
        priority = 0
    return None if priority > 0 else Trouble(f"the keyring here ({module}) does not work", _RECIPES)


def _refused_module(module: str) -> Trouble:
    if module.startswith("keyrings.alt"):
        return Trouble(
            "the keyring here (keyrings.alt) keeps secrets in plain text or asks on the terminal,"
            " so it is not used",
            _RECIPES,
        )
    if module.endswith(".null"):
        return Trouble("the keyring is switched off here (keyring.backends.null)")  # by choice: no advice
    return _why_none()


def _where_chosen() -> str:
    """Return what chooses the keyring, empty where keyring takes the best one it finds."""
    if os.environ.get(_CHOICE):
        return _CHOICE
    return "keyringrc.cfg" if _config().exists() else ""


def _config() -> Path:
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return folder / "python_keyring" / "keyringrc.cfg"


def _chosen() -> str:
    """Return the full name of the keyring that was chosen, empty where none can be read."""
    if name := os.environ.get(_CHOICE):
        return name
    try:
        found = re.search(r"^default-keyring\s*[=:]\s*(\S+)", _config().read_text("utf-8"), re.MULTILINE)
    except (OSError, UnicodeError):
        return ""
    return found[1] if found else ""


def _why_none() -> Trouble:
    """Return what is missing for a keyring; looked at only where keyring found none."""
    why, hint = _missing_service(), _RECIPES
    if shutil.which("pass"):
        if find_spec("keyring_pass") is None:
            hint = "Use pass by installing keyring-pass beside vbem: see README, Keyrings."
        elif missing := _missing_store():
            why, hint = f"{missing}, and {why}", _INIT
    return Trouble(f"this machine has no usable keyring ({why})", hint)


def _missing_service() -> str:
    """Return why no desktop's keyring is reached."""
    bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    path = bus.partition("unix:path=")[2].partition(",")[0].partition(";")[0]
    if path and not Path(path).exists():
        return "the D-Bus session that DBUS_SESSION_BUS_ADDRESS names has ended"
    return "no Secret Service runs in this D-Bus session" if bus else "there is no D-Bus session"


def _missing_store() -> str:
    """Return why `pass` keeps nothing, empty where it has a store."""
    store = Path(os.environ.get("PASSWORD_STORE_DIR") or "~/.password-store").expanduser()
    return "" if (store / ".gpg-id").exists() else f"pass has no store in {store}"


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
        ChosenFails: the one that was chosen cannot be loaded.
    """
    try:
        chosen = keyring.get_keyring()
    except Exception as error:
        raise ChosenFails from error
    found = list(flattened(chosen))
    refused = [(backend, refusal(backend)) for backend in found]
    usable = [backend for backend, why in refused if why is None]
    if not usable:
        raise NoKeyring((refused[0][1] if refused else None) or _why_none())
    return usable


class Differs(Exception):
    """A keyring returned something else than what was stored."""


class KeyringFails(Exception):
    """A keyring could not do it."""

    def __init__(self, keyring: str, error: Exception) -> None:
        super().__init__(keyring)
        self.keyring, self.error = keyring, error


class ChosenFails(Exception):
    """The keyring that environment or settings choose cannot be loaded; it may hold a session from before."""


def name_of(backend: KeyringBackend) -> str:
    """Return what a keyring is called, `Secret Service`."""
    for module, name in _NAMES.items():
        if type(backend).__module__ == module:
            return name
    try:
        return str(backend.name)
    except Exception:  # noqa: BLE001 - third-party code; the name is only shown
        return type(backend).__name__


# -- asking it ----------------------------------------------------------------------------------------


def answer(request: dict[str, str], asks: Callable[[str], object] = lambda _name: None) -> dict[str, object]:
    """Do what the request says: `get`, `set` (read back and compared), `delete`, or `check`, all three.

    Args:
        request: what to do, the name of the service and of the entry, the value to set.
        asks: called with the name of each keyring before it is asked.

    Raises:
        NoKeyring, ChosenFails, KeyringFails: it cannot be done here.
    """
    backends = usable_backends()
    service, name = request["service"], request["name"]
    if request["do"] == "get":
        return {"ok": True, **_get(backends, service, name, asks)}
    found: dict[str, object] = {"ok": True}
    if request["do"] in {"set", "check"}:
        keeps = _set(backends, service, name, request["value"], asks)
        found |= {"keyring": keeps, "chosen_by": _where_chosen()}
        request = {"keyring": keeps, **request}
    if request["do"] in {"delete", "check"}:
        _delete_from_all(backends, service, name, request.get("keyring", ""), asks)
    return found


def _get(
    backends: list[KeyringBackend], service: str, name: str, asks: Callable[[str], object]
) -> dict[str, object]:
    """Return the value of the first keyring that has one; one that is locked hides no other.

    Raises:
        KeyringFails: none has it, and one could not be read.
    """
    failed: KeyringFails | None = None
    for backend in backends:
        asks(name_of(backend))
        try:
            value = backend.get_password(service, name)
        except Exception as error:  # noqa: BLE001 - backends raise whatever they like
            failed = failed or KeyringFails(name_of(backend), error)
            continue
        if value is not None:
            return {"value": value, "keyring": name_of(backend)}
    if failed:
        raise failed
    return {"value": None}


def _set(
    backends: list[KeyringBackend], service: str, name: str, value: str, asks: Callable[[str], object]
) -> str:
    """Return the name of the keyring that keeps the value now, the first one that does.

    Raises:
        KeyringFails: none does; why the first does not.
    """
    failed: KeyringFails | None = None
    for backend in backends:
        asks(name_of(backend))
        try:
            backend.set_password(service, name, value)
        except Exception as error:  # noqa: BLE001 - backends raise whatever they like
            failed = failed or KeyringFails(name_of(backend), error)
            continue
        try:
            _compare(backend, service, name, value)
        except Exception as error:  # noqa: BLE001 - and what is not understood is not kept
            failed = failed or KeyringFails(name_of(backend), error)
            # Of no use there, and nobody would look for it.
            with suppress(Exception):
                backend.delete_password(service, name)
            continue
        return name_of(backend)
    raise failed or NoKeyring(_why_none())


def _delete_from_all(
    backends: list[KeyringBackend], service: str, name: str, keeps: str, asks: Callable[[str], object]
) -> None:
    """Delete the entry wherever it is.

    Args:
        backends: where it may be.
        service: as keyring calls it.
        name: of the entry.
        keeps: the keyring that is known to have it, so that another's failure means nothing; may be empty.
        asks: called before each.

    Raises:
        KeyringFails: it may still be there.
    """
    if keeps and keeps not in map(name_of, backends):
        raise KeyringFails(keeps, ConnectionError())
    for backend in backends:
        asks(name_of(backend))
        try:
            _delete(backend, service, name)
        except Exception as error:
            if keeps in {"", name_of(backend)}:
                raise KeyringFails(name_of(backend), error) from error


def _compare(backend: KeyringBackend, service: str, name: str, value: str) -> None:
    """Read back what was stored.

    Raises:
        Differs: it is something else.
        Exception: whatever a backend raises.
    """
    kept = backend.get_password(service, name)
    if kept is None or not hmac.compare_digest(kept.encode(), value.encode()):
        raise Differs


def _delete(backend: KeyringBackend, service: str, name: str) -> None:
    """Delete an entry, which need not be there; one that cannot be read can often still be deleted."""
    try:
        backend.delete_password(service, name)
    except Exception:  # each backend says in its own way that there is no such entry
        if backend.get_password(service, name) is not None:
            raise


# -- why it failed ------------------------------------------------------------------------------------


def trouble_of(error: Exception, said: str = "") -> Trouble:
    """Return why it failed, by kind only.

    Args:
        error: what was raised.
        said: what the keyring's programs wrote to standard error; only gpg's fixed words are looked at.
    """
    if isinstance(error, NoKeyring):
        return error.trouble
    if isinstance(error, ChosenFails):
        return _choice_trouble(error.__cause__)
    if isinstance(error, KeyringFails):
        return _backend_trouble(error.error, error.keyring, said)
    return Trouble(f"the keyring failed ({type(error).__name__})", _RECIPES)


def _choice_trouble(cause: BaseException | None) -> Trouble:
    """Return why the keyring that was chosen cannot be loaded."""
    where, name = _where_chosen() or "keyringrc.cfg", _chosen()
    why, hint = type(cause).__name__, f"Correct {where}: see README, Keyrings."
    if name.startswith("keyring_pass.") and not isinstance(cause, ImportError):
        if not shutil.which("pass"):
            why = "there is no program `pass`"
        elif missing := _missing_store():
            why, hint = missing, _INIT
    elif name.startswith(("keyring.backends.SecretService.", "keyring.backends.libsecret.")):
        why, hint = _missing_service(), _RECIPES
    return Trouble(f"the keyring that {where} chooses cannot be used ({name or 'unnamed'}: {why})", hint)


def _backend_trouble(error: Exception, keyring: str, said: str) -> Trouble:
    """Return why a keyring could not do it."""
    if isinstance(error, errors.NoKeyringError):
        return _why_none()
    if isinstance(error, CalledProcessError) and keyring == _NAMES["keyring_pass"]:
        return _gpg_trouble(said)
    kinds = {type(one).__name__ for one in (error, error.__cause__, error.__context__)}
    what, hint = f"failed ({type(error).__name__})", _RECIPES
    if isinstance(error, errors.InitError) and kinds & _LOCKED:
        what = "is empty, and nobody is there to confirm a new one"
    elif kinds & _LOCKED:
        what, hint = "is locked", "Open it before the next logon: see README, Keyrings."
    elif kinds & _ABSENT:
        what = "is not there any more"
    elif isinstance(error, NotImplementedError):
        what = "cannot be written"
    elif isinstance(error, Differs):
        what = "did not return what was stored"
    return Trouble(f"the keyring ({keyring}) {what}", hint)


def _gpg_trouble(said: str) -> Trouble:
    """Return why `pass` failed, from gpg's status words, which are the same in every language."""
    words = set(re.findall(r"^\[GNUPG:\] (\w+)", said, re.MULTILINE))
    if "DECRYPTION_FAILED" in words and "KEY_CONSIDERED" in words:
        return Trouble(
            "pass cannot read what it keeps, as gpg's agent has no passphrase and nobody to ask",
            "Open any entry with `pass show` in this terminal first.",
        )
    if "DECRYPTION_FAILED" in words:
        return Trouble(
            "pass cannot read what it keeps, as gpg has no secret key for it", "Check GNUPGHOME and `gpg -K`."
        )
    if "INV_RECP" in words:
        return Trouble("gpg does not have the key of this pass store", "Check GNUPGHOME and `gpg -k`.")
    if "KEY_CONSIDERED" in words and "BEGIN_ENCRYPTION" not in words:
        return Trouble(
            "gpg does not trust the key of this pass store",
            "Make it trusted: `gpg --edit-key KEY`, then `trust`.",
        )
    return Trouble(
        "the keyring (pass) failed", "Try `pass insert test` and `pass show test` in this terminal."
    )


def _own_output() -> TextIO:
    """Return the pipe to our parent, out of reach of backends and of programs they start."""
    private = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.close(silence)
    return os.fdopen(private, "w", encoding="utf-8")


def _heard() -> Callable[[], str]:
    """Catch what is written to standard error, in memory only; return what reads it."""
    memory = os.memfd_create("stderr")
    os.dup2(memory, 2)

    def read() -> str:
        return os.pread(memory, 1_000_000, 0).decode("ascii", "replace")

    return read


def main() -> int:
    """Read one request and give one answer."""
    os.umask(0o077)
    heard = _heard()
    with _own_output() as output:

        def asks(name: str) -> None:
            print(json.dumps({"asks": name}), file=output, flush=True)

        try:
            reply = answer(json.load(sys.stdin), asks)
        except Exception as error:  # noqa: BLE001 - an outer edge: backends raise whatever they like
            trouble = trouble_of(error, heard())
            reply = {
                "ok": False, "reason": trouble.reason, "hint": trouble.hint,
                "no_keyring": isinstance(error, NoKeyring),
                "keyring": error.keyring if isinstance(error, KeyringFails) else "",
            }  # fmt: skip
        json.dump(reply, output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
