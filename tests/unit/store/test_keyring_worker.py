"""What the child decides, looked at from inside; the process itself is tested with the session store."""

from __future__ import annotations

import io
import json
import os

import pytest
from keyring import errors

from tests.support import file_keyring as backends
from tests.support.file_keyring import FileKeyringAt, file_keyring
from tui.store import keyring_worker
from tui.store.keyring_worker import NoKeyring, answer, flattened, refusal

__all__ = ["file_keyring"]


class AltKeyring(backends.FileKeyring):
    pass


class RaisingPriority(type(backends.FileKeyring)):  # type: ignore[misc] # the class is only known at run time
    @property
    def priority(cls) -> float:
        raise RuntimeError("no bus")


@pytest.mark.parametrize(
    "module", ["keyrings.alt.file", "keyrings.alt.Gnome", "keyrings.alt", "keyring.backends.null"]
)
def test_modules_that_keep_nothing_safe_are_refused(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(AltKeyring, "__module__", module)
    assert refusal(AltKeyring())


def test_a_package_with_a_similar_name_is_not_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AltKeyring, "__module__", "keyrings.alternative")
    assert refusal(AltKeyring()) == ""


def test_a_backend_whose_priority_raises_does_not_work() -> None:
    raising = RaisingPriority("Raising", (backends.FileKeyring,), {})
    del backends.FileKeyring.priority
    try:
        assert "does not work" in refusal(raising())
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
    assert answer({"do": "set", "value": "s3cret", **name}) == {"ok": True, **keyring}
    assert answer({"do": "get", **name}) == {"ok": True, "value": "s3cret", **keyring}
    assert answer({"do": "delete", **name}) == {"ok": True}
    assert answer({"do": "delete", **name}) == {"ok": True}
    assert in_this_process.values() == {"vbem": {}}


def test_a_deletion_that_did_not_happen_is_an_error(
    in_this_process: FileKeyringAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    answer({"do": "set", "value": "s3cret", "service": "vbem", "name": "op@em"})
    monkeypatch.setattr(keyring, "get_keyring", backends.ReadOnlyKeyring)
    with pytest.raises(errors.PasswordDeleteError):
        answer({"do": "delete", "service": "vbem", "name": "op@em"})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoKeyring("why"), "why"),
        (errors.KeyringLocked("s3cret"), "the keyring is locked"),
        (errors.NoKeyringError("s3cret"), "this machine has no usable keyring"),
        (errors.InitError("s3cret"), "the keyring failed (InitError)"),
        (ValueError("s3cret"), "the keyring failed (ValueError)"),
    ],
)
def test_reasons_never_repeat_what_a_backend_says(error: Exception, words: str) -> None:
    assert keyring_worker.reason_of(error) == words


def test_one_request_gives_one_answer(
    in_this_process: FileKeyringAt, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "umask", lambda _mask: 0)
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
        assert json.load(reader) == {"ok": True, "value": None}
