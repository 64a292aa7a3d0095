"""The program is killed while a queue waits: what was not sent is offered, and sent once after a yes."""

from __future__ import annotations

from tests.e2e.job import Operator, posts
from tests.support.demo_process import DemoProcess

NAMES = ("sql01", "sql02", "mail01", "git01", "hv-sql01", "till 08", "lab-web")


def test_a_killed_queue_is_offered_and_each_vm_is_sent_once(demo: DemoProcess, operator: Operator) -> None:
    demo.reset(incident=True, time_scale=0)
    with operator.start() as terminal:
        operator.log_on(terminal)
        for keys, words in (("i", "Incident: restore to before"), ("3h ago\rINC-5001\r", "INCIDENT  before")):
            terminal.press(*keys)
            terminal.until(words)
        terminal.press("l")
        terminal.until("Mark VMs by their names")
        terminal.send_bytes(b"\x1b[200~" + "\n".join(NAMES).encode() + b"\x1b[201~")
        terminal.until("7 found once")
        terminal.press("enter")
        terminal.until("7 marked")
        terminal.press("r")
        terminal.until("7 will be sent.")
        terminal.ctrl("r")
        terminal.until("Restore 7 VMs?")
        terminal.press("right", "enter")
        terminal.until("4 launching, 3 waiting of 7")
        terminal.kill()
    assert len(posts(demo)) == 4
    with operator.start() as terminal:
        operator.log_on(terminal)
        terminal.until("3 VMs of an interrupted queue NOT SENT")
        terminal.ctrl("t")
        terminal.until("An interrupted queue: 3 NOT SENT")
        terminal.press("right", "enter")
        terminal.until("3 will be sent.")
        terminal.ctrl("r")
        terminal.until("Restore 3 VMs?")
        assert len(posts(demo)) == 4
        terminal.press("right", "enter")
        terminal.until("3 waiting")

        def all_were_sent(_: str) -> bool:
            demo.advance(1)  # the four keep their places until they are found and have ended
            return len(posts(demo)) == len(NAMES)

        terminal.until(all_were_sent)
    assert sorted(one["vm"] for one in demo.restores()) == sorted(NAMES)
    assert len(posts(demo)) == len(NAMES)
