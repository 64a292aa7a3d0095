"""Keyrings for tests: one that keeps secrets in a file, and those that misbehave.

The keyring is asked in a child process, which loads this module: it imports no pytest, which would take
longer than all the rest. `tests.support.chosen_keyring` chooses one of them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Works. The file's path comes as KEYRING_PROPERTY_TEST_FILE, which keyring sets as `test_file`."""

    priority = 1
    test_file = ""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # keyring has no types

    def _read(self) -> dict[str, dict[str, str]]:
        path = Path(self.test_file)
        found: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(service, {}).get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        found = self._read()
        found.setdefault(service, {})[username] = password
        Path(self.test_file).write_text(json.dumps(found))

    def delete_password(self, service: str, username: str) -> None:
        found = self._read()
        if found.get(service, {}).pop(username, None) is None:
            raise PasswordDeleteError("not found")
        Path(self.test_file).write_text(json.dumps(found))


class PlaintextKeyring(FileKeyring):
    """Works, but its name says how."""


class DisguisedKeyring(PlaintextKeyring):
    """The same under a harmless name."""


class SwitchedOffKeyring(NullKeyring):
    """Null under another name."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # keyring has no types


class UnlikelyKeyring(FileKeyring):
    """Says itself that it should not be used."""

    priority = 0


class BrokenKeyring(FileKeyring):
    """Cannot even say whether it works once it is loaded."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"no bus for {service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"could not write {password}")

    delete_password = get_password  # type: ignore[assignment] # both only raise


class LockedKeyring(BrokenKeyring):
    """Locked, and nobody there to unlock it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(password)


class HangingKeyring(FileKeyring):
    """Never answers; leaves its process id, and that of a child of its own, beside the file."""

    def get_password(self, service: str, username: str) -> str | None:
        child = os.fork()
        if child:
            Path(self.test_file).with_suffix(".pids").write_text(f"{os.getpid()} {child}")
        time.sleep(600)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)


class ForgetfulKeyring(FileKeyring):
    """Takes everything and keeps something else."""

    def get_password(self, service: str, username: str) -> str | None:
        return "something else"


class UnreadableKeyring(FileKeyring):
    """Takes and deletes everything, and opens nothing: a key whose passphrase is not there."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("no passphrase")


class TalkativeKeyring(FileKeyring):
    """Prints where the answer should stand, and looks for a terminal."""

    def get_password(self, service: str, username: str) -> str | None:
        print("unlocking", flush=True)  # noqa: T201 - what this backend is for
        print("please", file=sys.stderr)  # noqa: T201
        try:
            os.close(os.open("/dev/tty", os.O_RDWR))
        except OSError:
            return super().get_password(service, username)
        return "there is a terminal"


class ReadOnlyKeyring(FileKeyring):
    """Cannot be written, as some backends say it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("no")


class BadChain(FileKeyring):
    """A chainer with nothing good inside."""

    @property
    def backends(self) -> list[KeyringBackend]:
        return [SwitchedOffKeyring(), DisguisedKeyring(), UnlikelyKeyring()]


class MixedChain(BadChain):
    """A chainer with one good backend inside, behind bad ones."""

    @property
    def backends(self) -> list[KeyringBackend]:
        return [*BadChain().backends, ReadOnlyKeyring(), FileKeyring()]


class EndlessChain(FileKeyring):
    """A chainer that holds itself."""

    @property
    def backends(self) -> list[KeyringBackend]:
        return [EndlessChain()]
