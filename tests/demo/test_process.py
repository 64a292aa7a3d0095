"""The server as a process: ready line, certificate, control channel, how it ends, how it scales."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509

from tests.demo.reading import Answer, Wire
from tests.support.demo_process import DemoProcess
from tests.support.soak import soak
from tests.support.waiting import Deadline, patience_s
from tui.demo.options import DEFAULT_PASSWORD, PASSWORD_VARIABLE, own_password

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the tests are about


def handshake(demo: DemoProcess, name: str, authority: Path) -> bytes:
    """A handshake as strict as Python 3.13 makes it by default; the certificate shown."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection((demo.host, demo.port), timeout=30) as raw,
        context.wrap_socket(raw, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
def test_certificate_is_its_own_authority_for_strict_verifiers(demo: DemoProcess, name: str) -> None:
    shown = handshake(demo, name, demo.certificate)
    certificate = x509.load_der_x509_certificate(shown)
    from cryptography.hazmat.primitives import hashes

    assert certificate.fingerprint(hashes.SHA256()).hex(":").upper() == demo.fingerprint


@pytest.mark.parametrize(("kind", "why"), [("expired", "expired"), ("wrong-name", "IP address mismatch")])
def test_bad_certificates(kind: str, why: str) -> None:
    with (
        DemoProcess.start("--certificate", kind) as demo,
        pytest.raises(ssl.SSLCertVerificationError, match=why),
    ):
        handshake(demo, "127.0.0.1", demo.certificate)


def test_new_certificate_by_control() -> None:
    with DemoProcess.start() as demo:
        before, fingerprint = handshake(demo, "127.0.0.1", demo.certificate), demo.fingerprint
        demo.control("new-certificate")
        assert fingerprint != demo.fingerprint
        assert handshake(demo, "127.0.0.1", demo.certificate) != before


def test_identity_is_kept_in_its_folder(tmp_path: Path) -> None:
    prints = []
    for _ in range(2):
        with DemoProcess.start("--identity-dir", str(tmp_path / "id")) as demo:
            prints.append(demo.fingerprint)
            modes = {stat.S_IMODE(path.stat().st_mode) for path in demo.certificate.parent.iterdir()}
            assert modes == {0o600}
    assert prints[0] == prints[1]


def test_fixed_identity_is_the_same_each_time(tmp_path: Path) -> None:
    seen = []
    for seed in ("5", "5", "6"):
        with DemoProcess.start("--fixed-identity", "--seed", seed) as demo:
            seen.append(demo.certificate.read_bytes())
    assert seen[0] == seen[1] != seen[2]


def test_temporary_identity_is_removed() -> None:
    with DemoProcess.start() as demo:
        assert demo.certificate.exists()
    assert not demo.certificate.parent.exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_at_once_and_cleanly(how: signal.Signals) -> None:
    with DemoProcess.start() as demo, Wire(demo) as client:
        client.get("/api/")
        demo.process.send_signal(how)
        assert demo.process.wait(patience_s()) == 0


def test_end_of_the_control_channel_ends_it() -> None:
    with DemoProcess.start() as demo:
        assert demo.process.stdin is not None
        demo.process.stdin.close()
        assert demo.process.wait(patience_s()) == 0


def test_stop_by_control() -> None:
    with DemoProcess.start() as demo:
        demo.control("stop")
        assert demo.process.wait(patience_s()) == 0


def test_without_control_it_does_not_read_its_input() -> None:
    command = [sys.executable, "-m", "tui.demo"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["url"].startswith("https://127.0.0.1:")
        process.terminate()
        assert process.wait(patience_s()) == 0


@pytest.mark.parametrize(
    "listening", [(EVERYWHERE, ""), ("::", "night-shift"), *soak(("::", ""), (EVERYWHERE, "night-shift"))]
)
def test_others_can_reach_it_with_a_password_of_its_own_alone(
    listening: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    host, chosen = listening
    monkeypatch.setenv(PASSWORD_VARIABLE, chosen)
    with DemoProcess.start("--host", host) as demo:
        demo.host = "localhost" if host == "::" else "127.0.0.1"
        assert demo.password not in {"", DEFAULT_PASSWORD}
        assert not chosen or demo.password == chosen
        with Wire(demo) as client:
            assert client.log_on(password=DEFAULT_PASSWORD).status == 401
            assert client.log_on(user="LAB\\oncall", password=DEFAULT_PASSWORD).status == 401
            assert client.log_on().status == 201
            demo.reset(points=100)
            assert client.log_on(password=DEFAULT_PASSWORD).status == 401
            assert client.log_on().status == 201
        demo.stop()
        assert f"Others can reach this server on {host}." in capfd.readouterr().err


def test_the_known_password_is_refused_where_others_can_reach_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui.demo", "--host", EVERYWHERE], capture_output=True, text=True, timeout=60,
        check=False, env={**os.environ, PASSWORD_VARIABLE: DEFAULT_PASSWORD},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "everybody knows the password" in done.stderr


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("LOCALHOST", True),
        (EVERYWHERE, False), ("", False), ("::", False), ("192.0.2.7", False), ("127.1", False),
        ("localhost.example", False), ("em.corp.example", False), ("::ffff:192.0.2.7", False),
    ],
)  # fmt: skip
def test_what_only_this_computer_reaches(host: str, is_own: bool) -> None:
    assert (own_password(host, {}) == DEFAULT_PASSWORD) is is_own


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "taken"],
        ["--host", "\x1b[31m\u202e.invalid"],
        ["--fault", "\x1b[2J"],
        ["--identity-dir", "/dev/null/\x1b[31m"],
        *soak(
            ["--port", "99999"],
            ["--host", "nowhere.invalid"],
            ["--fault", "nonsense"],
            ["--identity-dir", "/dev/null"],
        ),
    ],
)
def test_a_start_that_fails_says_why(demo: DemoProcess, options: list[str]) -> None:
    options = [str(demo.port) if word == "taken" else word for word in options]
    done = subprocess.run(
        [sys.executable, "-m", "tui.demo", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("The embedded server cannot ")
    assert "Traceback" not in done.stderr
    assert done.stderr.removesuffix("\n").isprintable()


def test_ids_and_times_follow_from_seed_and_now() -> None:
    seen = []
    for seed in ("7", "7", "8"):
        options = ("--seed", seed, "--now", "2026-01-01T00:00:00Z", "--time-scale", "0")
        with DemoProcess.start(*options) as demo, Wire(demo) as client:
            client.log_on()
            seen.append(client.query("VmRestorePoint", pageSize=50).body)
    assert seen[0] == seen[1] != seen[2]


def test_without_a_seed_sessions_are_new_each_run() -> None:
    tokens, worlds = set(), set()
    for _ in range(2):
        with DemoProcess.start() as demo, Wire(demo) as client:
            client.log_on()
            tokens.add(client.headers["X-RestSvcSessionId"])
            worlds.add(client.points("app01")[0]["UID"])
    assert len(tokens) == 2
    assert len(worlds) == 1


def test_control_says_what_it_does_not_understand(demo: DemoProcess) -> None:
    for line in ({"do": "dance"}, {"do": "advance"}, {"do": "set", "option": "nothing", "value": 1}):
        with pytest.raises(AssertionError):
            demo.control(**line)
    demo.control("now")


def test_advance_and_time_scale(demo: DemoProcess) -> None:
    first = demo.control("now")["now"]
    assert demo.control("now")["now"] == first
    assert demo.control("advance", seconds=90)["now"] > first


def test_held_connections_wait_and_open_ones_end_with_their_reply(demo: DemoProcess) -> None:
    with Wire(demo) as client:
        client.log_on()
        demo.fault("hold@task")
        replies: list[Answer] = []
        asking = threading.Thread(target=lambda: replies.append(client.get("/api/tasks")))
        asking.start()
        while not demo.fired():
            assert asking.is_alive()
        demo.control("hold-connections")
        demo.clear_faults()
        asking.join(30)
        assert (replies[0].status, replies[0].headers["connection"]) == (200, "close")
    with socket.create_connection((demo.host, demo.port), timeout=30) as raw:
        context = ssl.create_default_context(cafile=demo.certificate)
        with context.wrap_socket(raw, do_handshake_on_connect=False, server_hostname=demo.host) as secure:
            secure.settimeout(0.1)
            with pytest.raises(TimeoutError):
                secure.do_handshake()
            demo.control("release-connections")
            secure.settimeout(30)
            secure.do_handshake()


def test_time_scale_makes_it_fast() -> None:
    with DemoProcess.start("--time-scale", "100000") as demo, Wire(demo) as client:
        client.log_on()
        client.restore(client.point_id("app01"), None)
        deadline = Deadline()
        while demo.restores()[0]["state"] != "Stopped":
            assert not deadline.is_over
        assert client.get("/api/tasks").status == 200, "a fast clock does not log anyone off"


@pytest.mark.parametrize("points", [10, 500, *soak(100_000)])
def test_any_number_of_points(points: int) -> None:
    with (
        DemoProcess.start("--points", str(points), "--seed", "1") as demo,
        Wire(demo, format="json") as client,
    ):
        client.log_on()
        paging = client.query("VmRestorePoint", pageSize=1, sortDesc="CreationTime").paging
        assert paging["PagesCount"] == str(points)


@pytest.mark.soak
def test_a_hundred_thousand_points_are_served_fast() -> None:
    """Download alone must not be what a benchmark of the client measures."""
    with DemoProcess.start("--points", "100000", "--seed", "1") as demo, Wire(demo, format="json") as client:
        client.log_on()
        query, took = "/api/query?type=VmRestorePoint&format=Entities", []
        for _ in range(3):
            begun = time.perf_counter()
            for page in range(1, 21):
                path = f"{query}&sortDesc=CreationTime&pageSize=500&page={page}"
                assert client.get(path, Accept_Encoding="gzip").status == 200
            took.append(time.perf_counter() - begun)
        assert min(took) < 0.3, took
        status = Path(f"/proc/{demo.process.pid}/status")
        if status.exists():
            resident = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
            assert int(resident.split()[1]) < 300_000


def test_the_server_imports_nothing_of_the_client() -> None:
    script = (
        "import sys, tui.demo.command;"
        "own = [n for n in sys.modules if n.startswith('tui.') and not n.startswith('tui.demo')];"
        "foreign = [n for n in ('httpx', 'xmltodict', 'msgspec', 'textual', 'keyring') if n in sys.modules];"
        "print(own, foreign)"
    )
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[] []"
