"""What the child decides, looked at from inside; the process itself is tested with the session store."""

from __future__ import annotations

import io
import json
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from subprocess import CalledProcessError
from types import ModuleType

import pytest
from keyring import errors

from tests.support import file_keyring as backends
from tests.support.chosen_keyring import FileKeyringAt, file_keyring
from tests.unit.store.refused_keyrings import REFUSED
from tui.store import keyring_worker
from tui.store.keyring_worker import (
    ChosenFails,
    KeyringFails,
    NoKeyring,
    answer,
    flattened,
    refusal,
    trouble_of,
)

__all__ = ["file_keyring"]


class AltKeyring(backends.FileKeyring):
    pass


class RaisingPriority(type(backends.FileKeyring)):  # type: ignore[misc] # the class is only known at run time
    @property
    def priority(cls) -> float:
        raise RuntimeError("no bus")


@pytest.fixture
def no_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the developer's D-Bus session nor their `pass`; the folder where programs are looked for."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("PASSWORD_STORE_DIR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "module", ["keyrings.alt.file", "keyrings.alt.Gnome", "keyrings.alt", "keyring.backends.null"]
)
def test_modules_that_keep_nothing_safe_are_refused(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(AltKeyring, "__module__", module)
    assert refusal(AltKeyring())


def test_a_package_with_a_similar_name_is_not_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AltKeyring, "__module__", "keyrings.alternative")
    assert refusal(AltKeyring()) is None


def test_a_backend_whose_priority_raises_does_not_work() -> None:
    raising = RaisingPriority("Raising", (backends.FileKeyring,), {})
    del backends.FileKeyring.priority
    try:
        trouble = refusal(raising())
        assert trouble is not None
        assert "does not work" in trouble.reason
    finally:
        backends.FileKeyring.priority = 1


def test_a_chainer_gives_what_it_holds() -> None:
    assert [type(one).__name__ for one in flattened(backends.MixedChain())] == [
        "SwitchedOffKeyring", "DisguisedKeyring", "UnlikelyKeyring", "ReadOnlyKeyring", "FileKeyring",
    ]  # fmt: skip


@pytest.fixture
def in_this_process(file_keyring: FileKeyringAt, monkeypatch: pytest.MonkeyPatch) -> FileKeyringAt:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", backends.FileKeyring)
    return file_keyring


def test_it_gets_sets_and_deletes(in_this_process: FileKeyringAt) -> None:
    name = {"service": "vbem", "name": "op@em"}
    assert answer({"do": "get", **name}) == {"ok": True, "value": None}
    keyring = {"keyring": "file keyring FileKeyring"}
    chosen = {"chosen_by": "PYTHON_KEYRING_BACKEND"}
    assert answer({"do": "set", "value": "s3cret", **name}) == {"ok": True, **keyring, **chosen}
    assert answer({"do": "get", **name}) == {"ok": True, "value": "s3cret", **keyring}
    assert answer({"do": "delete", **name}) == {"ok": True}
    assert answer({"do": "delete", **name}) == {"ok": True}
    assert in_this_process.values() == {"vbem": {}}


@pytest.mark.parametrize("backend", REFUSED)
def test_what_no_keyring_may_or_can_keep_is_not_in_one_and_the_reason_is_said(
    in_this_process: FileKeyringAt, monkeypatch: pytest.MonkeyPatch, no_desktop: Path, backend: str
) -> None:
    import keyring

    reason, hint = REFUSED[backend]
    in_this_process.use(backend)
    monkeypatch.setattr(keyring, "get_keyring", keyring.core.load_env)
    with pytest.raises((NoKeyring, ChosenFails, KeyringFails)) as caught:
        answer({"do": "set", "value": "s3cret", "service": "vbem", "name": "op@em"})
    trouble = trouble_of(caught.value)
    assert reason in trouble.reason
    assert trouble.hint.startswith(hint)
    assert bool(trouble.hint) is bool(hint)
    assert "s3cret" not in json.dumps(in_this_process.values()) + trouble.reason + trouble.hint


def test_a_deletion_that_did_not_happen_is_an_error(
    in_this_process: FileKeyringAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    answer({"do": "set", "value": "s3cret", "service": "vbem", "name": "op@em"})
    monkeypatch.setattr(keyring, "get_keyring", backends.ReadOnlyKeyring)
    with pytest.raises(KeyringFails):
        answer({"do": "delete", "service": "vbem", "name": "op@em"})


class LockedException(Exception):
    """As secretstorage's."""


class PromptDismissedException(Exception):
    """As secretstorage's."""


def empty_service() -> errors.InitError:
    """What keyring raises where the Secret Service has no collection, and nobody to make one."""
    error = errors.InitError("s3cret")
    error.__cause__ = PromptDismissedException("s3cret")
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.KeyringLocked("s3cret"), "the keyring (KWallet) is locked"),
        (LockedException("s3cret"), "the keyring (KWallet) is locked"),
        (errors.NoKeyringError("s3cret"), "this machine has no usable keyring (there is no D-Bus session)"),
        (errors.InitError("s3cret"), "the keyring (KWallet) failed (InitError)"),
        (empty_service(), "the keyring (KWallet) is empty, and nobody is there to confirm a new one"),
        (ConnectionRefusedError("s3cret"), "the keyring (KWallet) is not there any more"),
        (ValueError("s3cret"), "the keyring (KWallet) failed (ValueError)"),
        (CalledProcessError(2, "s3cret"), "the keyring (KWallet) failed (CalledProcessError)"),
    ],
)
def test_reasons_never_repeat_what_a_backend_says(error: Exception, words: str, no_desktop: Path) -> None:
    trouble = trouble_of(KeyringFails("KWallet", error), "s3cret")
    assert trouble.reason == words
    assert "s3cret" not in trouble.hint
    assert "s3cret" not in f"{trouble_of(error, 's3cret')}"


ENC, CONSIDERED, FAILED = ("[GNUPG:] ENC_TO 34", "[GNUPG:] KEY_CONSIDERED EC 0", "[GNUPG:] DECRYPTION_FAILED")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([ENC, CONSIDERED, FAILED], "gpg's agent has no passphrase and nobody to ask"),
        ([ENC, CONSIDERED, "[GNUPG:] PINENTRY_LAUNCHED 1", FAILED], "gpg's agent has no passphrase"),
        ([ENC, FAILED, "gpg: s3cret"], "gpg has no secret key for it"),
        (
            ["[GNUPG:] INV_RECP 1 x", "[GNUPG:] FAILURE encrypt 9"],
            "gpg does not have the key of this pass store",
        ),
        ([CONSIDERED, "gpg: cannot open '/dev/tty'"], "gpg does not trust the key of this pass store"),
        ([CONSIDERED, "[GNUPG:] BEGIN_ENCRYPTION 2 9"], "the keyring (pass) failed"),
        (["s3cret", "[GNUPG:] "], "the keyring (pass) failed"),
        ([], "the keyring (pass) failed"),
    ],
)
def test_what_gpg_could_not_do_for_pass_is_said(said: list[str], reason: str) -> None:
    trouble = trouble_of(KeyringFails("pass", CalledProcessError(2, ["pass"])), "\n".join(said))
    assert reason in trouble.reason
    assert trouble.hint
    assert "s3cret" not in f"{trouble}"


def test_what_is_missing_for_a_keyring_is_said(
    no_desktop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def why() -> str:
        trouble = trouble_of(KeyringFails("x", errors.NoKeyringError()))
        return f"{trouble.reason}. {trouble.hint}"

    assert "(there is no D-Bus session). See README" in why()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus,guid=1")
    assert "the D-Bus session that DBUS_SESSION_BUS_ADDRESS names has ended" in why()
    (tmp_path / "bus").touch()
    assert "no Secret Service runs in this D-Bus session" in why()
    program = tmp_path / "pass"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(keyring_worker, "find_spec", lambda _name: None)
    assert "Use pass by installing keyring-pass" in why()
    monkeypatch.setattr(keyring_worker, "find_spec", lambda _name: ModuleSpec("keyring_pass", None))
    monkeypatch.setenv("PASSWORD_STORE_DIR", str(tmp_path))
    assert f"pass has no store in {tmp_path}, and no Secret Service" in why()
    assert "`pass init KEY`" in why()
    (tmp_path / ".gpg-id").touch()
    assert "pass" not in why()


def test_known_keyrings_are_called_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (("keyring.backends.SecretService", "Secret Service"), ("keyring_pass", "pass")):
        monkeypatch.setattr(AltKeyring, "__module__", module)
        assert keyring_worker.name_of(AltKeyring()) == name


@pytest.fixture
def behind_a_locked_one(in_this_process: FileKeyringAt, monkeypatch: pytest.MonkeyPatch) -> FileKeyringAt:
    """A keyring that works, behind one that comes first and is locked."""

    class Both(backends.FileKeyring):
        @property
        def backends(self) -> list[backends.FileKeyring]:
            return [backends.LockedKeyring(), backends.FileKeyring()]

    monkeypatch.setattr("keyring.get_keyring", Both)
    return in_this_process


def test_a_locked_keyring_hides_no_other(behind_a_locked_one: FileKeyringAt) -> None:
    name = {"service": "vbem", "name": "op@em"}
    asked: list[str] = []
    keeps = "file keyring FileKeyring"
    assert answer({"do": "set", "value": "s3cret", **name}, asked.append)["keyring"] == keeps
    assert asked == ["file keyring LockedKeyring", keeps]
    assert answer({"do": "get", **name}) == {"ok": True, "value": "s3cret", "keyring": keeps}
    assert answer({"do": "check", "value": "x", "service": "vbem", "name": "check"})["keyring"] == keeps
    assert behind_a_locked_one.values() == {"vbem": {"op@em": "s3cret"}}
    with pytest.raises(KeyringFails, match="LockedKeyring"):  # nothing says that it is not in that one
        answer({"do": "delete", **name})
    answer({"do": "set", "value": "s3cret", **name})
    assert answer({"do": "delete", "keyring": keeps, **name}) == {"ok": True}
    assert behind_a_locked_one.values() == {"vbem": {}}
    with pytest.raises(KeyringFails, match="LockedKeyring"):  # nothing says that it is in neither
        answer({"do": "get", **name})


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        ("no.such.Keyring: ModuleNotFoundError", "Correct "),
        ("keyring.backends.SecretService.Keyring: there is no D-Bus session", "See README"),
        ("keyring_pass.Missing: there is no program `pass`", "Correct "),
        ("keyring_pass.Missing: pass has no store in ", "Make one with"),
        ("keyring_pass.Missing: AttributeError", "Correct "),
    ],
)
@pytest.mark.parametrize("where", ["PYTHON_KEYRING_BACKEND", "keyringrc.cfg"])
def test_who_chose_a_keyring_that_cannot_be_used_is_said(
    no_desktop: Path, monkeypatch: pytest.MonkeyPatch, where: str, why: str, hint: str
) -> None:
    chosen = why.partition(":")[0]
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    monkeypatch.setitem(sys.modules, "keyring_pass", ModuleType("keyring_pass"))
    if where == "keyringrc.cfg":
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
        config = Path.home() / ".config" / "python_keyring" / "keyringrc.cfg"
        config.parent.mkdir(parents=True)
        config.write_text(f"[backend]\ndefault-keyring={chosen}\n")
    else:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", chosen)
    if "no program" not in why:
        program = no_desktop / "pass"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    if "AttributeError" in why:
        (Path.home() / ".password-store").mkdir()
        (Path.home() / ".password-store" / ".gpg-id").touch()
    with pytest.raises(keyring_worker.ChosenFails) as caught:
        answer({"do": "get", "service": "vbem", "name": "x"})
    trouble = trouble_of(caught.value)
    assert f"the keyring that {where} chooses cannot be used ({why}" in trouble.reason
    assert trouble.hint.startswith(f"{hint}{where}" if hint == "Correct " else hint)


def test_one_request_gives_one_answer(
    in_this_process: FileKeyringAt, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "umask", lambda _mask: 0)
    monkeypatch.setattr(keyring_worker, "_heard", lambda: lambda: "")  # this process has need of its fd 2
    output, original = os.pipe(), os.dup(1)
    os.dup2(output[1], 1)
    os.close(output[1])
    try:
        monkeypatch.setattr("sys.stdin", io.StringIO('{"do": "get", "service": "vbem", "name": "x"}'))
        assert keyring_worker.main() == 0
    finally:
        os.dup2(original, 1)
        os.close(original)
    with os.fdopen(output[0]) as reader:
        asks, reply = map(json.loads, reader)
    assert asks == {"asks": "file keyring FileKeyring"}
    assert reply == {"ok": True, "value": None}
