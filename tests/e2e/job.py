"""The job of an operator, by keyboard: `vbem` in a terminal of 80x24 against a server of its own process.

Each step waits for what the screen says, as an operator would; nothing here looks inside the program.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal

_OUTLOOK = re.compile(r"Restore\.\.\. +(The original VM is KEPT|OVERWRITES)")
_NOT_RESUMED = re.compile("No saved logon session|The saved logon session has ended")
"""A busy machine may be too slow for the keyring, which the program kills after three seconds."""
_FIELD_WITH_FOCUS = re.compile(r"^ .*> \S", re.MULTILINE)
F2 = "\x1bOQ"
CHECKOUT = Path(__file__).resolve().parents[2]


class Operator:
    """Somebody with a home folder, an account and habits, who starts `vbem` now and then."""

    def __init__(self, demo: DemoProcess, home: Path, *, keyring: str = "") -> None:
        """`keyring`: a backend of tests.support.file_keyring, kept in a file; empty for none at all."""
        self.demo = demo
        self.home = home
        self.state = home / "state"
        self.keyring_file = home / "keyring.json"
        self.environment = {
            "HOME": str(home),
            "VBEM_STATE_DIR": str(self.state),
            "VBEM_USER": demo.user,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        if keyring:
            self.environment |= {
                "PYTHON_KEYRING_BACKEND": f"tests.support.file_keyring.{keyring}",
                "KEYRING_PROPERTY_TEST_FILE": str(self.keyring_file),
                "PYTHONPATH": str(CHECKOUT),
            }

    def start(
        self, *, trust: bool = True, columns: int = 80, rows: int = 24, hear_hangup: bool = True
    ) -> Terminal:
        """Start the program; `trust`: the server's certificate is vouched for, so that no question comes."""
        trusted = ["--ca-file", str(self.demo.certificate)] if trust else []
        server = f"{self.demo.host}:{self.demo.port}"
        return Terminal.vbem(
            "--server",
            server,
            *trusted,
            env=self.environment,
            columns=columns,
            rows=rows,
            hear_hangup=hear_hangup,
        )

    def log_on(self, terminal: Terminal) -> None:
        """From the login screen to the loaded list; a saved logon session needs no password."""
        shown = terminal.until(
            lambda text: (self.demo.user in text and "|  Log on" in text) or "loaded" in text
        )
        if self.has_kept_session():
            shown = terminal.until(lambda text: "loaded" in text or _NOT_RESUMED.search(text) is not None)
        if "|  Log on" in shown:
            terminal.press(self.demo.password, "enter")
        terminal.until("points loaded")

    def has_kept_session(self) -> bool:
        """Whether the keyring holds one by now: it is asked behind the list."""
        return self.keyring_file.exists() and "token" in self.keyring_file.read_text()


def to_form(terminal: Terminal, vm: str, words: str = "") -> None:
    """From the list of VMs to the form of the newest point of the one VM that the words find."""
    terminal.press("/", words or vm)
    terminal.until(lambda text: _selected(text, vm) and f"\n> {words or vm}" in text)
    terminal.press("enter")
    terminal.until("Made (local time")
    terminal.press("enter")
    terminal.until(is_form)


def is_form(text: str) -> bool:
    """The form is there, says what it will do, and keys go to one of its fields."""
    is_told = "What will happen" in text and "Ctrl+R Restore" in text and _OUTLOOK.search(text) is not None
    return is_told and _FIELD_WITH_FOCUS.search(text) is not None


def _selected(text: str, vm: str) -> bool:
    """The cursor stands on that VM, and it is the only row: the filter has done its work."""
    rows = [line for line in text.splitlines() if re.search(r"\d\+? (min|h|d) +vbr\d", line)]
    return len(rows) == 1 and rows[0][2:].startswith(f"{vm} ")


def to_confirm(terminal: Terminal, vm: str) -> str:
    """From a filled form to its confirmation; what that says."""
    terminal.ctrl("r")
    return terminal.until(lambda text: f"Restore {vm}?" in text and re.search(r"Back[] ]+Restore", text))


def send(terminal: Terminal) -> None:
    """Say yes to the confirmation."""
    terminal.press("right", "enter")


def quit_program(terminal: Terminal) -> str:
    """Leave by the keyboard; what the question said."""
    terminal.ctrl("q")
    asked = terminal.until(lambda text: "Quit vbem?" in text and re.search(r"Stay[] ]+Quit", text))
    terminal.press("right", "enter")
    return asked


def posts(demo: DemoProcess) -> list[dict[str, object]]:
    """The requests that may have started a restore."""
    return [one for one in demo.requests() if one["method"] == "POST" and "estorePoints" in one["path"]]
