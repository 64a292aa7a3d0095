"""Real keyrings: `pass` with gpg and folders of its own, gnome-keyring on a D-Bus session of its own.

`pytest -m soak tests/session/test_real_keyrings.py`; what a machine lacks is skipped, by name.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.job import Operator, quit_program
from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal
from tui.store.keyring_store import SessionStore, StoredSession

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("keyrings")]
SERVER = "em.lab.example:9398"
TOKEN = "NzM1ZjA4+/dG9rZW4=="
SESSION = StoredSession(user=r"LAB\op", session_id="0b5c1f7e", token=TOKEN, api_version="v1_7")
PASSPHRASE = "correct horse"
TRIES = 5
"""A busy machine may be too slow for the keyring, which the program kills after three seconds."""
README = Path(__file__).resolve().parents[2] / "README.md"


def needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed here")


def needs_pass() -> None:
    needs("pass", "gpg", "gpg-connect-agent")
    if find_spec("keyring_pass") is None:
        pytest.skip("keyring-pass is not installed here")


def run(*command: str, given: str = "") -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr}"
    return done.stdout


def store(timeout_s: float = 30) -> SessionStore:
    """The store of one start of the program; patient, as the machine may be busy."""
    return SessionStore("vbem-test", timeout_s=timeout_s)


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's own session; keyring itself chooses."""
    for name in (
        "PYTHON_KEYRING_BACKEND",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "GPG_TTY",
        "GPG_AGENT_INFO",
        "GNUPGHOME",
        *(name for name in os.environ if name.startswith(("PASSWORD_STORE_", "GNOME_KEYRING_"))),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


# -- pass ---------------------------------------------------------------------------------------------


class PassStore:
    """A store of `pass` and the gpg folder it stands on, both away from where they are looked for first."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gnupg, self.files = folder / "gnupg", folder / "secrets"
        self._monkeypatch = monkeypatch
        self.use(self.gnupg)

    def use(self, gnupg: Path) -> None:
        """Have gpg use another folder."""
        gnupg.mkdir(mode=0o700, exist_ok=True)
        self._monkeypatch.setenv("GNUPGHOME", str(gnupg))
        self._monkeypatch.setenv("PASSWORD_STORE_DIR", str(self.files))

    def create(self, passphrase: str = "") -> None:
        (self.gnupg / "gpg-agent.conf").write_text("allow-preset-passphrase\n")
        key = ("vbem <vbem@localhost>", "future-default", "default", "never")
        run(
            "gpg",
            "--batch",
            "--passphrase",
            passphrase,
            "--pinentry-mode",
            "loopback",
            "--quick-gen-key",
            *key,
        )
        run("pass", "init", "vbem@localhost")
        self.forget()

    def forget(self) -> None:
        """Make the agent forget the passphrase."""
        run("gpg-connect-agent", "reloadagent", "/bye")

    def remember(self, passphrase: str) -> None:
        """Give the agent the passphrase, as `pass show` in a terminal does."""
        for line in run("gpg", "-K", "--with-keygrip", "--with-colons").splitlines():
            if line.startswith("grp:"):
                grip = line.split(":")[9]
                given = f"PRESET_PASSPHRASE {grip} -1 {passphrase.encode().hex().upper()}"
                assert "OK" in run("gpg-connect-agent", given, "/bye")

    def entries(self) -> list[str]:
        return sorted(str(path.relative_to(self.files)) for path in self.files.rglob("*.gpg"))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[PassStore]:
    needs_pass()
    # Not below tmp_path: the name of the agent's socket may have no more than 108 characters.
    with tempfile.TemporaryDirectory(prefix="vbem-", ignore_cleanup_errors=True) as folder:
        made = PassStore(Path(folder), monkeypatch)
        yield made
        for gnupg in Path(folder).glob("gnupg*"):
            subprocess.run(["gpgconf", "--homedir", str(gnupg), "--kill", "all"], check=False)


async def test_pass_with_folders_of_its_own_keeps_a_session(passes: PassStore, own_home: Path) -> None:
    passes.create()
    kept = await store().save(SERVER, SESSION)
    assert kept.words == "The logon session is in the keyring (pass)."
    assert passes.entries() == [f"python-keyring/vbem-test/LAB\\op@{SERVER}.gpg"]
    next_start = store()
    assert await next_start.load(SERVER, SESSION.user) == SESSION
    assert next_start.where(SERVER, SESSION.user) == kept
    check = await store().check()
    assert check.words == "pass: an entry was written, read back and deleted."
    assert len(passes.entries()) == 1
    await next_start.delete(SERVER, SESSION.user)
    assert passes.entries() == []
    assert await store().load(SERVER, SESSION.user) is None
    assert not {".gnupg", ".password-store"} & set(os.listdir(own_home))


async def test_pass_is_found_by_folders_relative_to_the_current_one(
    passes: PassStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes.create()
    monkeypatch.chdir(passes.files.parent)
    monkeypatch.setenv("GNUPGHOME", passes.gnupg.name)
    monkeypatch.setenv("PASSWORD_STORE_DIR", passes.files.name)
    assert (await store().save(SERVER, SESSION)).in_keyring


async def test_a_passphrase_that_nobody_can_give_is_said_and_one_that_the_agent_has_serves(
    passes: PassStore,
) -> None:
    passes.create(PASSPHRASE)
    kept = await store().save(SERVER, SESSION)
    assert kept.reason == "pass cannot read what it keeps, as gpg's agent has no passphrase and nobody to ask"
    assert kept.hint == "Open any entry with `pass show` in this terminal first."
    assert passes.entries() == []
    passes.remember(PASSPHRASE)
    assert (await store().save(SERVER, SESSION)).in_keyring
    passes.forget()
    locked = store()
    assert await locked.load(SERVER, SESSION.user) is None
    assert "gpg's agent has no passphrase" in locked.unread
    await locked.delete(SERVER, SESSION.user)
    assert passes.entries() == []


async def test_what_gpg_lacks_is_said(passes: PassStore) -> None:
    passes.create()
    await store().save(SERVER, SESSION)
    public = run("gpg", "--export", "--armor", "vbem@localhost")
    passes.use(passes.gnupg.with_name("gnupg-empty"))
    assert (await store().save(SERVER, SESSION)).reason == "gpg does not have the key of this pass store"
    passes.use(passes.gnupg.with_name("gnupg-public"))
    run("gpg", "--import", given=public)
    assert (await store().save(SERVER, SESSION)).reason == "gpg does not trust the key of this pass store"
    reading = store()
    assert await reading.load(SERVER, SESSION.user) is None
    assert "gpg has no secret key for it" in reading.unread


async def test_a_store_that_was_never_made_is_said(
    passes: PassStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await store().save(SERVER, SESSION)
    assert f"pass has no store in {passes.files}, and there is no D-Bus session" in kept.reason
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_pass.PasswordStoreBackend")
    chosen = await store().save(SERVER, SESSION)
    assert "chooses cannot be used (keyring_pass.PasswordStoreBackend: pass has no store in" in chosen.reason
    assert "`pass init KEY`" in kept.hint
    assert chosen.hint == kept.hint


# -- gnome-keyring ------------------------------------------------------------------------------------


@contextmanager
def session_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A D-Bus session of this test; gnome-keyring ends with it."""
    needs("dbus-daemon", "gnome-keyring-daemon")
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as daemon:
        assert daemon.stdout is not None
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.stdout.readline().strip())
        try:
            yield
        finally:
            os.killpg(daemon.pid, signal.SIGTERM)


def unlock(password: str) -> None:
    """Start gnome-keyring, as the recipe does."""
    run("gnome-keyring-daemon", "--unlock", "--components=secrets", given=password)


async def test_gnome_keyring_keeps_a_session_over_its_own_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with session_bus(monkeypatch):
            unlock("pw")
            kept = await store().save(SERVER, SESSION)
            assert kept.words == "The logon session is in the keyring (Secret Service)."
            assert (await store().check()).words.startswith("Secret Service: an entry was written")
    with session_bus(monkeypatch):
        unlock("pw")
        next_start = store()
        assert await next_start.load(SERVER, SESSION.user) == SESSION
        await next_start.delete(SERVER, SESSION.user)
        assert await store().load(SERVER, SESSION.user) is None


async def test_a_locked_gnome_keyring_is_said_to_be_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    with session_bus(monkeypatch):
        unlock("pw")
        assert (await store().save(SERVER, SESSION)).in_keyring
    with session_bus(monkeypatch):
        unlock("something else")
        reading = store()
        assert await reading.load(SERVER, SESSION.user) is None
        assert "the keyring (Secret Service) is locked. Open it" in reading.unread
        assert (await store().save(SERVER, SESSION)).reason == "the keyring (Secret Service) is locked"


async def test_a_gnome_keyring_that_nobody_made_and_a_bus_that_has_ended_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with session_bus(monkeypatch):  # the bus starts the keyring by itself, and nobody unlocks it
        kept = await store().save(SERVER, SESSION)
    assert kept.reason == "the keyring (Secret Service) is empty, and nobody is there to confirm a new one"
    gone = await store().save(SERVER, SESSION)
    assert "the D-Bus session that DBUS_SESSION_BUS_ADDRESS names has ended" in gone.reason


async def test_pass_serves_where_the_secret_service_is_empty(
    passes: PassStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes.create()
    with session_bus(monkeypatch):
        one = store()
        kept = await one.save(SERVER, SESSION)
        assert kept.words == "The logon session is in the keyring (pass)."
        assert await store().load(SERVER, SESSION.user) == SESSION
        await one.delete(SERVER, SESSION.user)
    assert passes.entries() == []


# -- the program, by the recipes of README --------------------------------------------------------------


def recipe(first_words: str) -> str:
    """The block of commands in README that begins so."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if block.startswith(first_words))
    return str(found)


def log_on_twice(operator: Operator, command: str, keyring: str, opens_with: str = "") -> None:
    """Log on with the password, quit, and start again without it; `opens_with`: the keyring's own."""
    server = ["--server", f"{operator.demo.host}:{operator.demo.port}"]
    whole = [command, *server, "--ca-file", str(operator.demo.certificate)]

    def open_keyring(terminal: Terminal) -> None:
        if opens_with:
            terminal.until("Password of the keyring:")
            terminal.press(opens_with, "enter")

    def is_said(terminal: Terminal) -> bool:
        """Return whether the session is in the keyring; else the machine was too busy to find out in time."""
        said = terminal.until(
            lambda text: f"The logon session is in the keyring ({keyring})." in text or "within 3 s" in text
        )
        return "within 3 s" not in said

    def log_on() -> bool:
        with Terminal(whole, env=operator.environment) as terminal:
            open_keyring(terminal)
            terminal.until(lambda text: operator.demo.user in text and "|  Log on" in text)
            terminal.press(operator.demo.password, "enter")
            terminal.until("points loaded")
            is_kept = is_said(terminal)
            assert (f"in the keyring ({keyring})" in quit_program(terminal)) is is_kept
            assert terminal.wait() == 0
            assert not opens_with or opens_with.encode() not in terminal.raw
            return is_kept

    def resume() -> bool:
        with Terminal(whole, env=operator.environment) as terminal:
            open_keyring(terminal)
            shown = terminal.until(lambda text: "points loaded" in text or "within 3 s" in text)
            is_read = "points loaded" in shown and is_said(terminal)
            terminal.ctrl("q")
            if "points loaded" in shown:
                terminal.until("Quit vbem?")
                terminal.press("right", "enter")
            assert terminal.wait() == 0
            return is_read

    assert any(log_on() for _ in range(TRIES))
    logons = len(operator.demo.requests("logon"))
    assert any(resume() for _ in range(TRIES))
    assert len(operator.demo.requests("logon")) == logons


@pytest.fixture
def operator(demo: DemoProcess, own_home: Path, tmp_path: Path) -> Operator:
    """Somebody without a desktop whose commands are found first."""
    commands = tmp_path / "commands"
    commands.mkdir()
    vbem = commands / "vbem"
    vbem.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tui "$@"\n')
    vbem.chmod(0o755)
    made = Operator(demo, own_home)
    del made.environment["PYTHON_KEYRING_BACKEND"]
    made.environment |= {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(README.parent), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        ),
    }
    return made


def test_the_recipe_for_pass(passes: PassStore, operator: Operator) -> None:
    made = recipe("gpg --quick-gen-key").replace("gpg ", f"gpg --batch --passphrase '{PASSPHRASE}' ", 1)
    # With a passphrase on the command line, gpg wants to be told that it is meant.
    run("sh", "-ec", made.replace("--batch", "--batch --pinentry-mode loopback"))
    passes.forget()
    learn = recipe("export GPG_TTY")
    operator.environment |= {"GNUPGHOME": str(passes.gnupg), "PASSWORD_STORE_DIR": str(passes.files)}
    with Terminal(["sh", "-ec", learn], env={**operator.environment, "LC_ALL": "C"}) as terminal:
        terminal.until("assphrase")
        terminal.press(PASSPHRASE, "enter")
        terminal.until("test")
        assert terminal.wait() == 0
    log_on_twice(operator, "vbem", "pass")
    assert len(passes.entries()) == 2


def test_the_recipe_for_gnome_keyring(operator: Operator, tmp_path: Path) -> None:
    needs("dbus-run-session", "gnome-keyring-daemon")
    script = tmp_path / "vbem-keyring"
    script.write_text(recipe("#!/bin/sh"))
    script.chmod(0o755)
    log_on_twice(operator, str(script), "Secret Service", "open sesame")
    server = ["--server", f"{operator.demo.host}:{operator.demo.port}"]
    with Terminal([str(script), *server], env=operator.environment) as terminal:
        terminal.until("Password of the keyring:")
        terminal.press("something else", "enter")
        terminal.until(lambda text: "the keyring (Secret Service) is locked" in " ".join(text.split()))
        terminal.ctrl("q")
        assert terminal.wait() == 0
        for word in (b"Gtk", b"dbus-daemon", b"GNOME_KEYRING_CONTROL"):
            assert word not in terminal.raw
