"""The whole job by keyboard in a real terminal: from the login to the real end of a restore."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.job import F2, Operator, is_form, posts, quit_program, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess
from tests.support.soak import soak
from tests.support.terminal import KEYS, Terminal

pytestmark = pytest.mark.xdist_group("e2e")

_MACHINES = {
    "vsphere": ("crm01", "FAILED", "not enough free space on datastore"),
    "hyperv": ("hv-files01", "restored", "The VM is restored."),
}


def value(body: object, element: str) -> str:
    """The one value of an element, in XML or JSON."""
    found = re.findall(rf'<{element}>([^<]*)</|"{element}"\s*:\s*"?([^",}}]*)', str(body))
    assert len(found) == 1, f"{element} in {body}"
    return "".join(found[0])


@pytest.mark.parametrize("platform", [*soak("hyperv"), "vsphere"])
def test_machine_from_the_login_to_the_end(operator: Operator, demo: DemoProcess, platform: str) -> None:
    vm, end, words = _MACHINES[platform]
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, vm)
        terminal.until("[x] yes  Keep the original VM")
        terminal.until("[ ] no   Power on after restore")
        to_confirm(terminal, vm)
        terminal.until("│ The original VM is kept")
        assert posts(demo) == []
        send(terminal)
        terminal.until(f"{vm}: launching")
        terminal.until(f"{vm}: restoring")
        demo.advance(120)
        terminal.until(f"{vm}: {end}, 100 %")
        terminal.until(lambda text: words in " ".join(text.split()))
        assert "Nothing is in flight." in quit_program(terminal)
        assert terminal.wait() == 0
    (post,) = posts(demo)
    assert post["status"] == 202
    assert value(post["body"], "KeepOriginalVM") == "true"
    assert value(post["body"], "QuickRollback") == "false"
    assert value(post["body"], "PowerOnAfterRestore") == "false"
    (effect,) = demo.restores()
    assert (effect["vm"], effect["overwrites"], effect["power_on"]) == (vm, False, False)
    assert effect["result"] == {"FAILED": "Failed", "restored": "Success"}[end]


def test_cloud_director_from_the_login_to_the_end(operator: Operator, demo: DemoProcess) -> None:
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, "shop-app", "shop-app kind:vm")
        terminal.until("F2 Look up")
        terminal.press("tab")
        terminal.until(lambda text: re.search(r"New name.*\n +> ", text))
        terminal.press("copy-of-it")
        terminal.until("> copy-of-it")
        terminal.press("tab")
        terminal.until(lambda text: re.search(r"Datastore.*\n +> ", text))
        terminal.press(F2)
        terminal.until("urn:vCloud:Datastore")
        terminal.press("enter")
        terminal.until(is_form)
        to_confirm(terminal, "shop-app")
        terminal.until("the restored one is named copy-of-it")
        send(terminal)
        terminal.until("shop-app: restoring")
        demo.advance(120)
        terminal.until("shop-app: restored, 100 %")
        quit_program(terminal)
        assert terminal.wait() == 0
    (post,) = posts(demo)
    assert post["status"] == 202
    assert value(post["body"], "QuickRollback") == "false"
    assert value(post["body"], "VmNewName") == "copy-of-it"
    assert "urn:vCloud:Datastore:" in str(post["body"])
    (effect,) = demo.restores()
    assert (effect["new_name"], effect["overwrites"]) == ("copy-of-it", False)


def test_keys_of_one_burst_go_where_they_belong_and_confirm_nothing(
    operator: Operator, demo: DemoProcess
) -> None:
    """A line that was stalled hands over in one piece what was typed meanwhile."""
    with operator.start() as terminal:
        operator.log_on(terminal)
        terminal.press("/", "crm01")
        terminal.until("1 of ")
        terminal.press("enter")
        terminal.until("Made (local time")
        terminal.press("/\x15shop kind:vapp")
        terminal.until(lambda text: "\n> shop kind:vapp" in text and "\n  shop (vApp)" in text)
        terminal.press("\x15crm01\r\r\x12" + 10 * f"{KEYS['right']}\r")
        terminal.until("Restore crm01?")  # by the form, or by the dialog: all that came before is dropped
        assert posts(demo) == []
        send(terminal)
        terminal.until("crm01: launching")
    assert len(posts(demo)) == 1


def cancel_archive01(terminal: Terminal) -> None:
    """`archive01` launches for 45 s of the server, whose clock stands still: the DELETE comes first."""
    to_form(terminal, "archive01")
    to_confirm(terminal, "archive01")
    send(terminal)
    terminal.until("archive01: launching")
    terminal.press("c")
    assert "asks the server to stop it" in terminal.until("Cancel the restore of archive01?")
    terminal.press("right", "enter")
    terminal.until(
        lambda text: (
            "Cancel accepted; whether it stops" in text or "The task is gone after the cancel" in text
        )
    )
    terminal.press("enter")
    terminal.until(lambda text: "Cancel the restore of" not in text)


def test_cancelled_launch_is_one_delete_and_watched(operator: Operator, demo: DemoProcess) -> None:
    demo.control("set", option="time_scale", value=0)
    with operator.start() as terminal:
        operator.log_on(terminal)
        cancel_archive01(terminal)
        terminal.until("archive01: UNKNOWN")
        terminal.until("whether that stopped the launch is not")
        assert ": restored" not in terminal.text
        assert "cancelled" not in terminal.text, "the server has not said so"
    assert len(posts(demo)) == 1
    assert [one["status"] for one in demo.requests("cancel")] == [204]
    (effect,) = demo.restores()
    assert effect["launch_stopped"] is True


def test_quitting_says_that_restores_go_on(operator: Operator, demo: DemoProcess) -> None:
    with operator.start() as terminal:
        operator.log_on(terminal)
        to_form(terminal, "huge01")
        to_confirm(terminal, "huge01")
        send(terminal)
        terminal.until("huge01: restoring")
        asked = " ".join(re.sub("[│╭╮╰╯─]", " ", quit_program(terminal)).split())
        assert "1 restore is still in flight." in asked
        assert "at the server; start vbem" in asked
        assert terminal.wait() == 0
        assert b"still in flight" in bytes(terminal.raw).rpartition(b"\x1b[?1049l")[2]
    assert "DELETE" not in {one["method"] for one in demo.requests()}
    (effect,) = demo.restores()
    assert effect["state"] == "Working"
    with sqlite3.connect(operator.state / "journal.sqlite3") as journal:
        assert journal.execute("SELECT state FROM restores").fetchall() == [("restoring",)]
    journal.close()


def test_what_the_logon_leads_to_is_imported_while_the_password_is_typed(operator: Operator) -> None:
    with operator.start() as terminal:
        terminal.until("Password")
        mapped = Path(f"/proc/{terminal.pid}/maps")
        terminal.until(
            lambda _: all(name in mapped.read_text("ascii", "replace") for name in ("_sqlite3", "msgspec"))
        )
