"""The keyring of a test, chosen from those of `tests.support.file_keyring`.

The keyring is asked in a child process, so a backend is chosen by environment:

    def test_something(file_keyring: FileKeyringAt) -> None:
        ...                                  # the keyring works and keeps everything in a file
        file_keyring.values()                # {service: {name: value}}
        file_keyring.use("HangingKeyring")   # from now on it is another one of that module

Import the fixture (`from tests.support.chosen_keyring import file_keyring`) or list it in a conftest.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


class FileKeyringAt:
    """The keyring of a test, and what stands in it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("KEYRING_PROPERTY_TEST_FILE", str(path))
        paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(one for one in paths if one))
        self.use("FileKeyring")

    def use(self, name: str) -> None:
        """Choose a backend of `tests.support.file_keyring`, or any by its full name."""
        full = name if "." in name else f"tests.support.file_keyring.{name}"
        self._monkeypatch.setenv("PYTHON_KEYRING_BACKEND", full)

    def values(self) -> dict[str, dict[str, str]]:
        """Everything in it, by service and name."""
        found: dict[str, dict[str, str]] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return found


@pytest.fixture
def file_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileKeyringAt:
    """A working keyring in a file of this test."""
    return FileKeyringAt(tmp_path / "keyring.json", monkeypatch)
