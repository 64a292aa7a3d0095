"""Each fault of the embedded server at each read, through a client whose memory has a ceiling.

`VBEM_NUMBERS=1 pytest -n 0 -s tests/api/test_hostile_server.py` prints what each took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.demo_process import DemoProcess
from tests.support.waiting import patience_s

SOME_READS = ("vm points", "vm point", "tasks", "session", "roots", "lookup")
READS = (
    "vm points", "vapp points", "all points", "vm point", "vapp point", "vms of vapp", "platform", "tasks",
    "task", "sessions", "session", "roots", "lookup", "servers",
)  # fmt: skip
QUICK = (
    "truncate", "garbage", "not-http", "wrong-type", "bomb", "deep", "huge-name", "hostile-names",
    "missing:UID", "missing:Links", "missing:PagingInfo", "loop-paging", "endless-paging", "redirect",
    "html-page", "html-error", "hostile-error", "bom", "empty-401", "drop-before", "drop-after-accept",
    "http-502", "http-503",
)  # fmt: skip
MONSTERS = ("huge-body", "gzip-bomb", "huge-list:1000000")
SMALL_IN_TURN = [*(("xml", fault) for fault in QUICK[::2]), *(("json", fault) for fault in QUICK[1::2])]
"""Each in one format, those of a format together, for they share a client; the long hunts try all in both."""
LARGE_IN_TURN = [("json", "huge-body"), ("json", "huge-list:1000000"), ("xml", "gzip-bomb")]
LARGER_MONSTERS = ("huge-list:10000000",)
DRIPS = ("drip:0.2", "slow:60")
MOST_S = 14
"""The total of 8 s, and one slow decoding."""
MOST_KB = 400_000
"""Resident, after all calls of a fault: a body of 64 MB is held packed, unpacked and decoded at once."""
HARMLESS = {"wrong-type", "huge-name", "hostile-names", "bom"}


class Bounded:
    """The client's process."""

    def __init__(self, demo: DemoProcess, wire: str) -> None:
        command = [sys.executable, "-m", "tests.support.bounded_client"]
        self.process = subprocess.Popen(
            [*command, demo.url, demo.user, str(demo.certificate), wire],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.demo = demo
        self.ask(demo.password)

    def ask(self, line: str) -> dict[str, object]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the client died at {line!r}: {self.process.wait(10)}"
        found: dict[str, object] = json.loads(answer)
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", params=["xml", "json"])
def bounded(demo_process: DemoProcess, request: pytest.FixtureRequest) -> Iterator[Bounded]:
    demo_process.reset(casing="pascal", role="portal-admin", api_version="v1_7")
    client = Bounded(demo_process, str(request.param))
    yield client
    client.stop()
    demo_process.control("clear-faults")


def endure(client: Bounded, fault: str, reads: tuple[str, ...]) -> None:
    """Make the calls with the fault set; each ends soon, in a model or a typed error, in bounded memory."""
    demo = client.demo
    for read in reads:
        demo.control("clear-faults")
        demo.control("fault", spec=fault)
        outcome = client.ask(read)
        if os.environ.get("VBEM_NUMBERS"):
            print(f"{fault:20} {read:12} {outcome}")  # noqa: T201 - who sets the variable wants to read it
        fired = demo.control("faults-fired")["total"]
        where = f"{fault} at {read!r}: {outcome}"
        assert not str(outcome["error"]).startswith("UNFORESEEN"), where
        assert fired or fault.endswith("-paging"), f"it did not fire: {where}"
        assert float(str(outcome["seconds"])) < patience_s(MOST_S), where
        assert int(str(outcome["peak_kb"])) < MOST_KB, where
        if fault.partition(":")[0] in HARMLESS:
            assert outcome["error"] in {"", "NotFound", "TaskUnknown"}, where
    demo.control("clear-faults")


@pytest.mark.parametrize(("bounded", "fault"), SMALL_IN_TURN, indirect=["bounded"])
def test_bad_replies(bounded: Bounded, fault: str) -> None:
    endure(bounded, fault, SOME_READS)


@pytest.mark.parametrize(("bounded", "fault"), LARGE_IN_TURN, indirect=["bounded"])
def test_monsters(bounded: Bounded, fault: str) -> None:
    endure(bounded, fault, ("vm points",))


@pytest.mark.soak
@pytest.mark.parametrize("fault", [*QUICK, *MONSTERS, *LARGER_MONSTERS, *DRIPS])
def test_every_fault_at_every_read(bounded: Bounded, fault: str) -> None:
    endure(bounded, fault, READS)
