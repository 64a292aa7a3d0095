"""Login and trust: what the user sees, and what the server got."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.timer import Timer
from textual.widgets import Button

from tests.support.clock import FixedWallClock, ManualClock
from tests.support.demo_process import DemoProcess
from tests.support.program import app_on, options_for
from tests.support.settle import loaded, press, settle, shows, text_of, until
from tests.support.soak import soak
from tests.ui.stage import StageApp, StageManager
from tests.ui.walk import browsing, to_form
from tui.api.errors import ServerFault
from tui.api.models import Certificate, ServerAddress
from tui.api.proxy import ProxyAddress
from tui.app import VbemApp
from tui.cli.commands import build_parser
from tui.cli.options import start_options
from tui.config import NamedServer, Settings
from tui.files import locked
from tui.screens.dialogs import LogOnAgainScreen
from tui.screens.login import CertificateScreen
from tui.services import Services
from tui.session import Connection
from tui.store.journal import Journal
from tui.store.keyring_store import KeepResult, SessionStore, StoredSession
from tui.store.last_logon import RefusalCounter
from tui.widgets.header import StatusLine
from tui.widgets.inputs import LineInput
from tui.widgets.text_view import TextView


async def test_a_trusted_server_is_one_enter_away(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, _):
        assert "DEMO" in text_of(pilot)
        assert "LAB\\restore-op" in text_of(pilot)
    assert [one["status"] for one in demo.requests("logon")] == [201]


async def test_the_default_server_of_the_settings_is_logged_on_to(demo: DemoProcess, tmp_path: Path) -> None:
    file = tmp_path / "vbem.toml"
    file.write_text(
        'default_server = "lab"\n[server.prod]\nhost = "em01.corp.example"\n'
        f'[server.lab]\nhost = "{demo.host}:{demo.port}"\nuser = "LAB\\\\restore-op"\n'
        f'fingerprint = "{demo.fingerprint}"\n'
    )
    file.chmod(0o600)
    words = ["--config", str(file), "--state-dir", str(tmp_path / "state")]
    app = VbemApp(start_options(build_parser().parse_args(words)))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        assert app.screen.query_one("#server", LineInput).value == f"{demo.host}:{demo.port}"
        app.screen.query_one("#password", LineInput).value = demo.password
        await pilot.press("enter")
        await loaded(pilot)
    assert [one["status"] for one in demo.requests("logon")][:1] == [201]


async def test_an_unknown_certificate_is_shown_and_refusing_is_the_default(
    demo: DemoProcess, tmp_path: Path
) -> None:
    app = app_on(demo, tmp_path, trusted=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await shows(pilot, "Unknown certificate")
        assert demo.fingerprint[:47] in text_of(pilot)
        await pilot.press("enter")
        await shows(pilot, "Nothing was sent")
        assert app.screen.query_one("#password", LineInput).value == demo.password
    assert demo.requests("logon") == []


async def test_while_the_operator_is_asked_it_is_not_said_that_the_server_is_waited_for(
    demo: DemoProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.login.SAID_AFTER_S", 0.001)
    app = app_on(demo, tmp_path, trusted=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await shows(pilot, "Unknown certificate")
        assert not app.screen_stack[0].query_one(StatusLine).display


async def test_a_trusted_certificate_is_asked_about_once(demo: DemoProcess, tmp_path: Path) -> None:
    for question in (True, False):
        app = app_on(demo, tmp_path, trusted=False)
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "Log on")
            await pilot.press("enter")
            if question:
                await shows(pilot, "Unknown certificate")
                await pilot.press("right", "enter")
            await loaded(pilot)
            await settle(pilot)


async def test_a_wrong_password_is_said_and_nothing_typed_is_lost(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        app.screen.query_one("#password", LineInput).value = "wrong"
        await pilot.press("enter")
        await shows(pilot, "Logon refused")
        assert app.screen.query_one("#server", LineInput).value.endswith(str(demo.port))
        assert app.screen.query_one("#password", LineInput).value == "wrong"
    assert [one["status"] for one in demo.requests("logon")] == [401]


async def test_what_was_sent_stays_a_secret_while_the_field_holds_another_password(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await settle(pilot)
        field = app.screen.query_one("#password", LineInput)
        field.value = "a wrong one"
        demo.fault("hold@logon")
        await pilot.press("enter")
        await until(pilot, lambda: demo.requests("logon"), "the request")
        field.value = "x"
        assert {"a wrong one", f"{demo.user}:a wrong one", "x"} <= set(app.secrets())
        field.value = demo.password
        demo.clear_faults()
        await until(pilot, lambda: "Logon refused" in text_of(pilot), "the refusal")
        await press(pilot, "enter")
        await loaded(pilot)
        assert not {"a wrong one", demo.password} & set(app.secrets()), "nothing is kept longer than needed"


async def test_after_a_refusal_typing_replaces_the_password_and_refusals_are_counted(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        password = app.screen.query_one("#password", LineInput)
        password.value = "wrong"
        await pilot.press("ctrl+l")
        await shows(pilot, "Logon refused")
        assert "Refused" not in text_of(pilot)
        await pilot.press(*"worse")
        assert password.value == "worse"
        await pilot.press("enter")
        await shows(pilot, "Refused 2 times. Could not log on")
        await pilot.press(*demo.password)
        assert password.value == demo.password
        await pilot.press("enter")
        await loaded(pilot)
    assert [one["status"] for one in demo.requests("logon")] == [401, 401, 201]


async def test_the_dialog_for_the_password_counts_refusals_too_and_lets_it_be_replaced(
    app: VbemApp, demo: DemoProcess
) -> None:
    async with browsing(app) as (pilot, _):
        demo.control("expire-sessions")
        await pilot.press("f5")
        await shows(pilot, "The logon session has ended")
        await pilot.press(*"cq")
        await shows(pilot, "that key was not taken for the password")
        assert app.screen.query_one("#password-again", LineInput).value == ""
        await pilot.press("enter", *"wrong", "tab", "enter")
        await shows(pilot, "Logon refused")
        await pilot.press("enter")
        await shows(pilot, "Refused 2 times. Could not log on again")
        await pilot.press(*demo.password)
        assert app.screen.query_one("#password-again", LineInput).value == demo.password
        await pilot.press("enter")
        await loaded(pilot)
    assert [one["status"] for one in demo.requests("logon")] == [201, 401, 401, 201]


async def test_a_logon_that_is_put_off_in_its_middle_is_told(app: VbemApp, demo: DemoProcess) -> None:
    async with browsing(app) as (pilot, _):
        demo.fault("hold@logon")
        pilot.app.push_screen(LogOnAgainScreen(app.services, is_expected=True))
        await shows(pilot, "The logon session has ended")
        await pilot.press(*demo.password, "enter")
        await shows(pilot, "Logging on ...")
        assert "not known whether the server has logged you on" in app.last_words()
        await pilot.press("escape")
        await shows(pilot, "It is not known whether the server has logged you on")
        assert app.last_words() == ""
        demo.clear_faults()


async def test_why_a_logon_failed_ends_with_its_hint_on_a_small_screen_too(app: VbemApp) -> None:
    proxy = ProxyAddress(host="proxy.corp.example", port=3128)
    error = proxy.refusal("403 Forbidden by the policy", ServerAddress.parse("em01.branch.corp.example"))
    async with app.run_test(size=(60, 20)) as pilot:
        await shows(pilot, "Log on")
        app.full_screens[-1].show_error("log on to em01.branch.corp.example:9398", error)
        await shows(pilot, "connect without a proxy.")


@pytest.mark.parametrize("where", ["the login", "the dialog"])
async def test_the_third_refusal_and_each_after_it_makes_the_next_wait(
    app: VbemApp, demo: DemoProcess, where: str
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        if where == "the dialog":
            await pilot.press("enter")
            await loaded(pilot)
            demo.control("expire-sessions")
            await pilot.press("f5")
            await shows(pilot, "The logon session has ended")
            await pilot.press("enter")
        for words in ("Logon refused", "Refused 2 times", "Refused 3 times. The next try waits until"):
            await pilot.press(*"wrong", "enter")
            await shows(pilot, words)
        sent = len(demo.requests("logon"))
        await pilot.press("enter")
        await shows(pilot, "Nothing was sent. The next try waits until")
        if where == "the dialog":
            await pilot.press("escape", "ctrl+l")
            await shows(pilot, "The logon session has ended")
            await pilot.press(*demo.password, "enter")
            await shows(pilot, "Nothing was sent. The next try waits until")
        assert len(demo.requests("logon")) == sent


async def test_refusals_are_counted_by_account_until_it_is_let_in() -> None:
    clock = ManualClock()
    refusals = RefusalCounter(clock)
    assert [refusals.count(who) for who in ("a", "a", "b")] == ["", "Refused 2 times. ", ""]
    for wait_s in (30, 60, 120, 240, 480, 900, 900):
        refusals.count("A")
        await clock.advance(wait_s - 1)
        assert refusals.why_wait("a")
        await clock.advance(1)
        assert (refusals.why_wait("a"), refusals.why_wait("b")) == ("", "")
    refusals.forget("a")
    assert refusals.count("a") == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("no-such-host.invalid", "name is unknown"),
        ("127.0.0.1:1", "refused the connection"),
        ("em:99999", "port must be a number"),
        ("http://em", "Only https"),
        ("", "Type the server"),
    ],
)
async def test_a_bad_address_gives_a_sentence(app: VbemApp, typed: str, words: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        app.screen.query_one("#server", LineInput).value = typed
        app.screen.query_one("#password", LineInput).focus()
        await press(pilot, "ctrl+l")
        await shows(pilot, words)
        assert app.screen.query_one("#server", LineInput).value == typed


async def test_what_was_waited_for_is_not_said_over_the_answer(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer that has run out has its call in the queue, where stopping the timer does not reach it."""
    said_later: list[Callable[[], None]] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")

        def set_timer(after_s: float, call: Callable[[], None]) -> Timer:
            said_later.append(call)
            return Timer(app.screen, after_s, pause=True)

        monkeypatch.setattr(app.screen, "set_timer", set_timer)
        app.screen.query_one("#password", LineInput).value = "wrong"
        await pilot.press("enter")
        await shows(pilot, "Logon refused")
        for call in said_later:
            call()
        await pilot.pause()
        assert said_later
        assert "Logon refused" in text_of(pilot)


def app_button_is_disabled(app: VbemApp) -> bool:
    return app.screen.query_one("#trust", Button).disabled


async def test_a_changed_certificate_is_a_hard_stop(demo: DemoProcess, tmp_path: Path) -> None:
    first = app_on(demo, tmp_path)
    demo.control("new-certificate")
    async with first.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await shows(pilot, "HAS CHANGED")
        assert app_button_is_disabled(first)
        await pilot.press("enter")
        await shows(pilot, "Nothing was sent")
    assert demo.requests("logon") == []


async def to_changed_certificate(pilot: Pilot[Any]) -> None:
    await shows(pilot, "Log on")
    await pilot.press("enter")
    await shows(pilot, "HAS CHANGED")


async def test_wrong_digits_of_a_changed_certificate_are_said_and_can_be_mended(
    demo: DemoProcess, tmp_path: Path
) -> None:
    app = app_on(demo, tmp_path)
    new = demo.control("new-certificate")["fingerprint"].replace(":", "")
    async with app.run_test(size=(80, 24)) as pilot:
        await to_changed_certificate(pilot)
        await pilot.press(*"00000000", "enter")
        await shows(pilot, "the new fingerprint does not begin with that")
        assert app_button_is_disabled(app)
        await press(pilot, "ctrl+u", *new[:8].lower())
        assert "does not begin with that" not in text_of(pilot)
        assert not app_button_is_disabled(app)
        assert demo.requests("logon") == []
        await pilot.press("enter", "enter")
        await loaded(pilot)


class LockedKeyring(SessionStore):
    """Cannot read what was kept."""

    async def load(self, server: str, user: str = "") -> StoredSession | None:
        self.unread = "the keyring is locked. Open it before the next logon."
        return None

    async def save(self, server: str, session: StoredSession) -> KeepResult:
        return KeepResult(in_keyring=False, reason="the keyring is locked")


async def test_a_keyring_that_cannot_be_read_is_said(app: VbemApp) -> None:
    app.services.session_store = LockedKeyring("vbem-test")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "The saved logon session could not be read: the keyring is locked. Open it")
        await shows(pilot, "before the next logon. Log on.")
        await pilot.press("enter")
        await loaded(pilot)


class SlowKeyring(SessionStore):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__("vbem-test")
        self.answers = asyncio.Event()

    async def save(self, server: str, session: StoredSession) -> KeepResult:
        await self.answers.wait()
        return KeepResult(in_keyring=False, reason="this machine has no usable keyring")


async def test_the_points_do_not_wait_for_the_keyring(app: VbemApp) -> None:
    keyring = app.services.session_store = SlowKeyring()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await loaded(pilot)
        assert "in memory only" not in text_of(pilot)
        keyring.answers.set()
        await shows(pilot, "The logon session is in memory only: this machine has no usable keyring.")


async def test_what_is_waited_for_is_said_where_it_takes_long(app: VbemApp, demo: DemoProcess) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        demo.fault("hold@logon")
        await pilot.press("enter")
        await shows(pilot, f"Logging on to {demo.host}")
        demo.clear_faults()
        await loaded(pilot)


async def test_the_session_is_kept_before_a_restore_can_be_started(app: VbemApp) -> None:
    keyring = app.services.session_store = SlowKeyring()
    app.services.clock = FixedWallClock(speed=1e-6)  # the two seconds after a logon never pass
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        await pilot.press("enter")
        await loaded(pilot)
        keyring.answers.set()
        await pilot.press("slash", *"crm01", "enter")
        await shows(pilot, "Made (local")
        await pilot.press("enter")
        await shows(pilot, "Restore...")
        connection = app.services.connection
        assert connection is not None
        await until(pilot, lambda: not connection.is_to_be_kept, "the session to be kept")


async def test_a_journal_that_another_vbem_holds_is_waited_for_beside_the_screen(
    app: VbemApp, demo: DemoProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.login.SAID_AFTER_S", 0.001)
    monkeypatch.setattr("tui.files.LOCK_WAIT_S", 60.0)
    path = app.services.folders.journal
    app.services.folders.make()
    Journal.open(path).close()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Log on")
        with locked(path):
            await pilot.press("enter")
            await shows(pilot, "Logged on. Opening the journal")
            await pilot.press("f1")
            await shows(pilot, "Keys on this screen")
            await pilot.press("escape")
        await loaded(pilot)
    assert app.services.notices == ()


SIZES = [(60, 20), (80, 24)]
LONG = Certificate(
    sha256="cd" * 32,
    subject="CN=em01.branch.corp.example, OU=Backup and Recovery, O=Corporation, L=Berlin, C=SUBJECT-END",
    issuer="CN=Issuing Authority 7, OU=Public Key Infrastructure, O=Corporation, C=ISSUER-END",
    names=tuple(f"em{number:02}.branch.corp.example" for number in range(12)),
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2027, 1, 1, tzinfo=UTC),
    problem="The certificate is signed by an authority that this machine does not trust, PROBLEM-END.",
    warnings=("The certificate names other hosts than the one that was asked for, WARNING-END.",),
)


async def read_all(pilot: Pilot[Any], view: str) -> str:
    """Every line of a text that scrolls by the arrow keys, from its beginning."""
    lines: dict[str, None] = {}
    text = pilot.app.screen.query_one(view, TextView)
    for _ in range(60):
        before = text_of(pilot)
        lines |= dict.fromkeys(before.splitlines())
        await press(pilot, "down")
        if text_of(pilot) == before:
            break
    assert text.region.height > 2, "no room for the text itself"
    return "\n".join(lines)


@pytest.mark.parametrize("pinned", ["", "ab" * 32])
@pytest.mark.parametrize("size", SIZES)
async def test_all_that_a_certificate_says_can_be_read(
    tmp_path: Path, manager: StageManager, size: tuple[int, int], pinned: str
) -> None:
    def first(services: Services) -> CertificateScreen:
        return CertificateScreen(services, LONG, server="em01.branch.corp.example:9398", pinned_sha256=pinned)

    app = StageApp(tmp_path, manager, first)
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "CHANGED" if pinned else "Unknown certificate")
        shown = await read_all(pilot, "#certificate-facts")
        for end in ("PROBLEM-END", "SUBJECT-END", "ISSUER-END", "em11.branch", "WARNING-END", "2027"):
            assert end in shown
        assert len(re.findall(r"(?:CD:){15}CD", shown)) == 2
        assert len(re.findall(r"(?:AB:){15}AB", shown)) == (2 if pinned else 0)
        assert "Trust and remember" in text_of(pilot)
        assert ("type the first 8 digits" in text_of(pilot)) == bool(pinned)
        if pinned:
            await press(pilot, "tab", "c", "d")
            assert app.screen.query_one("#typed", LineInput).value == "cd"


@pytest.mark.parametrize("size", [(60, 20), *soak((80, 24))])
async def test_all_that_a_failed_logon_says_can_be_read(
    app: VbemApp, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    words = " ".join(f"word{number}" for number in range(150))

    async def refuse(_connection: Connection, _password: str) -> None:
        raise ServerFault(words, hint="HINT-END")

    async with browsing(app, size) as (pilot, _):
        monkeypatch.setattr(Connection, "log_on_again", refuse)
        app.push_screen(LogOnAgainScreen(app.services))
        await shows(pilot, "Enter or Tab goes to the password")
        await press(pilot, "down", "enter", *"secret", "enter")
        await shows(pilot, "Could not log on again")
        shown = await read_all(pilot, "#again-status")
        assert all(f"word{number}" in shown for number in range(150))
        assert "HINT-END" in shown
        assert "Not now" in text_of(pilot)


async def test_a_server_that_the_settings_name_is_logged_on_to_with_what_they_say(
    demo: DemoProcess, tmp_path: Path
) -> None:
    options = options_for(demo, tmp_path, trusted=False)
    named = NamedServer(
        host=f"{demo.host}:{demo.port}", user=demo.user, fingerprint=demo.fingerprint, read_only=True
    )
    options.settings = Settings(servers={"lab": named})
    options.server = options.user = ""
    app = VbemApp(options, clock=FixedWallClock(speed=10))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "or a name of the settings: lab")
        await pilot.press(*"lab", "enter")
        await loaded(pilot)
        await shows(pilot, "DEMO READ-ONLY")
        await to_form(pilot)
        await pilot.press("ctrl+r")
        await shows(pilot, "READ-ONLY: nothing is sent")
    assert demo.requests("submit") == []
