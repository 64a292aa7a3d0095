"""The client against the contract: one case per fact or trap, named after it, in every dialect."""

from __future__ import annotations

import pytest

from tests.api import facts_points, facts_query, facts_restores, facts_session, facts_tasks  # noqa: F401 - each adds its facts
from tests.api.lab import FACTS, WRITERS, Fact, Lab
from tests.api.scripted import Identity

TRAPS_ELSEWHERE = {
    "WIRE T9": "names of query fields are chosen in points and restores",
    "WIRE T31": "which types the picker asks for is the form's decision",
}
"""Traps that other rooms have to mind."""


@pytest.mark.parametrize("dialect", WRITERS)
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
async def test_fact(fact: Fact, dialect: str, who: Identity) -> None:
    await fact.check(Lab(dialect, who))


def test_every_trap_is_minded() -> None:
    minded = {fact.id for fact in FACTS} | set(TRAPS_ELSEWHERE)
    assert {f"WIRE T{number}" for number in range(1, 40)} - minded == set()


def test_no_two_facts_have_one_name() -> None:
    names = [fact.check.__name__ for fact in FACTS]
    assert len(set(names)) == len(names)
