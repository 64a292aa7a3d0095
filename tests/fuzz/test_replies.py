"""Replies spoilt in every way, through every call of the client: models or typed errors, fast and small.

`pytest -m soak tests/fuzz` does a million in eight runs; the gate does a sample of the same kind.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterator

import pytest

from tests.fuzz.calls import CALLS, Known, Seed, canned_manager, tour
from tests.fuzz.mutations import mutated
from tests.fuzz.oracle import check
from tests.support.demo_process import DemoProcess
from tui.api.errors import ManagerError
from tui.api.models import WireFormat
from tui.api.transport import Reply

GATE, GATE_RUNS = 4_000, 1
SOAK, SOAK_RUNS = 1_000_000, 8
SLOWEST_S = 2.0
"""Of one reply, in seconds of the processor: a hundred times what the slowest was seen to take."""
GROWTH_KB = 150_000
STATUSES = (200, 201, 202, 204, 206, 302, 400, 401, 403, 404, 405, 500, 501, 503, 999)


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with DemoProcess.start("--seed", "7", "--time-scale", "0", "--now", "2026-11-23T03:04:05Z") as process:
        yield process


@pytest.mark.parametrize("run", range(GATE_RUNS))
async def test_spoilt_replies(demo: DemoProcess, run: int) -> None:
    await fuzz(await tour(demo), seed=run, count=GATE // GATE_RUNS)


@pytest.mark.soak
@pytest.mark.parametrize("run", range(SOAK_RUNS))
async def test_a_million_spoilt_replies(demo: DemoProcess, run: int) -> None:
    await fuzz(await tour(demo), seed=1000 + run, count=SOAK // SOAK_RUNS)


async def test_the_good_replies_are_read(demo: DemoProcess) -> None:
    """The mutations start from something: each call reads its own replies."""
    seeds = await tour(demo)
    assert {seed.call for seed in seeds} == set(CALLS) - {"all points"}
    for seed in seeds:
        await run_one(seed.call, seed.wire, [seed.reply])


async def fuzz(seeds: list[Seed], *, seed: int, count: int) -> None:
    """Try `count` spoilt replies; a failure names its number, which with `seed` makes it again."""
    rng = random.Random(seed)  # noqa: S311 - to be made again, not to be secret
    others = {
        wire: [each.reply.body for each in seeds if each.wire is wire and each.reply.body]
        for wire in WireFormat
    }
    filled = [each for each in seeds if each.reply.body]
    calls = list(CALLS)
    outcomes = {"read": 0, "refused": 0}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        good = rng.choice(filled)
        call = good.call if rng.random() < 0.8 else rng.choice(calls)
        status = good.reply.status if rng.random() < 0.95 else rng.choice(STATUSES)
        body = mutated(good.reply.body, rng, others[good.wire])
        replies = [Reply(status=status, headers=good.reply.headers, body=body), rng.choice(filled).reply]
        if rng.random() < 0.5:
            replies.pop()
        began = time.thread_time()
        try:
            outcomes["read" if await run_one(call, good.wire, replies) else "refused"] += 1
        except Exception as error:
            error.add_note(f"seed {seed}, reply {number}, call {call!r}, status {status}: {body[:3000]!r}")
            raise
        took = time.thread_time() - began
        assert took < SLOWEST_S, f"seed {seed}, reply {number}: {took:.1f} s for {call!r}: {body[:3000]!r}"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < GROWTH_KB, f"{grown} kB more after {count} replies"
    assert min(outcomes.values()) > count // 20, outcomes


async def run_one(call: str, wire: WireFormat, replies: list[Reply]) -> bool:
    """One call with these replies; whether it gave something."""
    manager, canned = canned_manager(wire)
    canned.replies = replies
    try:
        found = await CALLS[call](manager, Known())
    except ManagerError as error:
        check(error)
        return False
    check(found)
    check(manager.session)
    check(manager.api_version)
    return True
