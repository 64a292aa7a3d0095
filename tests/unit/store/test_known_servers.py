from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui import files
from tui.files import locked
from tui.store.errors import TrustError
from tui.store.known_servers import KnownServers

SERVER = "em.lab.example:9398"
ONE, TWO = "ab" * 32, "cd" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "known_servers"


@pytest.fixture
def store(path: Path) -> KnownServers:
    return KnownServers(path)


def test_nobody_is_trusted_at_first(store: KnownServers, path: Path) -> None:
    assert store.pinned(SERVER) is None
    assert not path.exists()


def test_a_pin_is_a_line_of_text(store: KnownServers, path: Path) -> None:
    store.pin(SERVER, ONE, "CN=em.lab.example")
    pin = store.pinned(SERVER)
    assert pin is not None
    assert (pin.server, pin.sha256, pin.subject) == (SERVER, ONE, "CN=em.lab.example")
    assert re.fullmatch(rf"{SERVER} sha256 {ONE} \d{{4}}-\d\d-\d\d CN=em\.lab\.example\n", path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_pin_replaces_the_old_and_no_other(store: KnownServers, path: Path) -> None:
    store.pin(SERVER, ONE)
    store.pin("other:1", TWO)
    store.pin(SERVER.upper(), ":".join(TWO[i : i + 2] for i in range(0, 64, 2)).upper())
    assert len(path.read_text().splitlines()) == 2
    assert [pin and pin.sha256 for pin in map(store.pinned, (SERVER, "other:1"))] == [TWO, TWO]
    store.forget(SERVER)
    assert store.pinned(SERVER) is None
    assert store.pinned("other:1") is not None


def test_addresses_of_version_six_are_servers_too(store: KnownServers) -> None:
    store.pin("[::1]:9398", ONE)
    assert store.pinned("[::1]:9398") is not None


@pytest.mark.parametrize("bad", ["", "ab", "g" * 64, ONE + "0"])
def test_what_is_no_fingerprint_is_not_pinned(store: KnownServers, path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        store.pin(SERVER, bad)
    assert not path.exists()


@pytest.mark.parametrize("bad", ["", " \n", "#em:1", "em", f"evil:1\n{SERVER} sha256 {ONE}"])
def test_what_is_no_server_is_not_pinned(store: KnownServers, bad: str) -> None:
    with pytest.raises(ValueError, match="server's name"):
        store.pin(bad, ONE)


def test_a_hostile_subject_adds_no_line(store: KnownServers, path: Path) -> None:
    store.pin("other:1", TWO, f"CN=x\n{SERVER} sha256 {ONE}\r\u2028\x1b[2J\u0085{SERVER} sha256 {ONE}")
    assert store.pinned(SERVER) is None
    assert len(path.read_bytes().split(b"\n")) == 2
    pin = store.pinned("other:1")
    assert pin is not None
    assert "\x1b" not in pin.subject


REST = "2026-01-02 CN=em"
DAMAGED = {
    "63 digits": f"{SERVER} sha256 {ONE[:-1]} {REST}",
    "65 digits": f"{SERVER} sha256 {ONE}a {REST}",
    "a digit that is none": f"{SERVER} sha256 {ONE[:-1]}g {REST}",
    "digits in upper case": f"{SERVER} sha256 {ONE.upper()} {REST}",
    "a tab": f"{SERVER}\tsha256 {ONE} {REST}",
    "two spaces": f"{SERVER}  sha256 {ONE} {REST}",
    "a space before": f" {SERVER} sha256 {ONE} {REST}",
    "carriage return": f"{SERVER} sha256 {ONE} {REST}\r",
    "byte order mark": f"\ufeff{SERVER} sha256 {ONE} {REST}",
    "a zero byte": f"{SERVER}\0 sha256 {ONE} {REST}",
    "an extra word": f"{SERVER} trusted sha256 {ONE} {REST}",
    "an extra word behind": f"{SERVER} sha256 {ONE} trusted",
    "a word before": f"trusted {SERVER} sha256 {ONE} {REST}",
    "wrong algorithm": f"{SERVER} sha1 {ONE[:40]} {REST}",
    "algorithm in upper case": f"{SERVER} SHA256 {ONE} {REST}",
    "no fingerprint": SERVER,
    "no port": f"em.lab.example sha256 {ONE} {REST}",
    "port cut off": "em.lab.example:93",
    "name cut off": "em.lab.exa",
    "no UTF-8": f"{SERVER} sha256 {ONE} {REST}\udcff",
    "a second dot": f"em..lab.example:9398 sha256 {ONE} {REST}",
    "a comma for a dot": f"em,lab.example:9398 sha256 {ONE} {REST}",
    "nobody's": "\udcff\udcfe bytes",
    "two that differ": f"{SERVER} sha256 {ONE}\n{SERVER} sha256 {TWO}",
    "one that is sound and one that is not": f"{SERVER} sha256 {ONE}\n{SERVER} sha256 {ONE[:-1]}",
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_line_of_this_server_is_a_hard_stop(store: KnownServers, path: Path, damage: str) -> None:
    content = f"# by hand\n\nother:1 sha256 {TWO}\n{DAMAGED[damage]}\n"
    path.parent.mkdir()
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    asked: list[Callable[[], object]] = [
        lambda: store.pinned(SERVER), lambda: store.pin(SERVER, TWO), lambda: store.forget(SERVER),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(TrustError, match=rf"Line [45] of {re.escape(str(path))}") as caught:
            ask()
        assert "Nothing was sent" in caught.value.detail
    assert path.read_bytes() == content.encode("utf-8", "surrogateescape")
    other = store.pinned("other:1")
    assert other is not None
    assert other.sha256 == TWO


OTHERWISE = (
    "em.lab.example.:9398",
    "EM.Lab.example:9398",
    "em.lab.example:09398",
    "\uff45m.lab.example:9398",
    "em.\u200blab.example:9398",
)


@pytest.mark.parametrize("written", OTHERWISE)
def test_a_line_that_spells_the_server_in_another_way_is_about_it(
    store: KnownServers, path: Path, written: str
) -> None:
    path.parent.mkdir()
    path.write_text(f"{written} sha256 {ONE}\n")
    pin = store.pinned(SERVER)
    assert pin is not None
    assert pin.sha256 == ONE
    store.pin(SERVER, TWO)
    assert path.read_text().count("sha256") == 1


@pytest.mark.parametrize(
    ("server", "written"),
    [
        ("xn--bcher-kva.example:1", "b\u00fccher.example:1"),
        ("[2001:db8::7]:1", "[2001:DB8:0:0::7]:1"),
        ("[fe80::7%eth0]:1", "[fe80::7%25eth0]:1"),
    ],
)
def test_a_name_or_address_in_another_form_is_known_also_where_its_line_is_damaged(
    store: KnownServers, path: Path, server: str, written: str
) -> None:
    path.parent.mkdir()
    path.write_text(f"{written} sha256 {ONE}\n")
    assert store.pinned(server) is not None
    path.write_text(f"{written} sha256 {ONE[:-1]}\n")
    with pytest.raises(TrustError, match="is damaged"):
        store.pinned(server)


def test_a_damaged_line_of_another_server_is_not_believed_and_is_kept(
    store: KnownServers, path: Path
) -> None:
    twice = f"same:3 sha256 {ONE}\n" * 2
    strange = f"# by hand\nother:1 sha256 {TWO}00\nthird:2\tsha256 {TWO}\n{twice}"
    path.parent.mkdir()
    path.write_text(strange)
    assert store.pinned(SERVER) is None
    assert store.pinned("SAME:3") is not None
    for name in ("other:1", "third:2"):
        with pytest.raises(TrustError, match="is damaged"):
            store.pinned(name)
    store.pin("new:1", TWO)
    assert path.read_text().startswith(strange)


@pytest.mark.parametrize("left", ["", "\n", " \n\n"])
def test_an_empty_file_is_one_that_lost_its_lines(store: KnownServers, path: Path, left: str) -> None:
    store.pin(SERVER, ONE)
    store.forget(SERVER)
    assert not path.exists()
    path.write_text(left)
    with pytest.raises(TrustError, match="is empty"):
        store.pinned(SERVER)


def test_an_unreadable_file_trusts_nobody_and_says_so(store: KnownServers, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(TrustError, match="cannot be read") as caught:
        store.pinned(SERVER)
    assert caught.value.hint
    with pytest.raises(TrustError):
        store.pin(SERVER, ONE)


def test_a_pin_that_cannot_be_written_leaves_the_old_file(
    store: KnownServers, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pin(SERVER, ONE)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(TrustError, match="No space left"):
        store.pin(SERVER, TWO)
    pin = store.pinned(SERVER)
    assert pin is not None
    assert pin.sha256 == ONE
    assert {one.name for one in path.parent.iterdir()} == {"known_servers", "known_servers.lock"}


def test_a_program_that_keeps_the_lock_is_not_waited_for_forever(
    store: KnownServers, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOCK_WAIT_S", 0.05)
    with locked(path), pytest.raises(TrustError, match="keeps it locked"):
        store.pin(SERVER, ONE)
    store.pin(SERVER, ONE)


_PIN_MANY = """
import sys
from collections.abc import Callable
from pathlib import Path
from tui.store.known_servers import KnownServers
store = KnownServers(Path(sys.argv[1]))
for number in range(20):
    store.pin(f"{sys.argv[2]}-{number}:1", "ab" * 32)
"""


def test_programs_that_pin_at_once_lose_nothing(path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", _PIN_MANY, str(path), name]) for name in "abc"]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert len(path.read_text().splitlines()) == 60
