"""References to the wire's facts, `WIRE 6.2` and `WIRE T22`, lead to a place in tui/api/WIRE.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
FACTS = (TOP / "tui" / "api" / "WIRE.md").read_text()
FILES = sorted(
    path
    for room in ("tui", "tests")
    for path in (TOP / room).rglob("*.py")
    if path != Path(__file__).resolve()
)

_GAP = r"[\s#]+"
"""Between two words of a comment or docstring, which may stand on two lines."""
_PLACE = r"[A-Za-z]?\d\w*(?:\.\d+)*"
_JOINT = rf"(?:,|,?{_GAP}(?:and|to))"
_REFERENCE = re.compile(rf"\bWIRE{_GAP}{_PLACE}(?:{_JOINT}{_GAP}(?:WIRE{_GAP})?{_PLACE})*")
_OLD_SPELLING = re.compile(rf"\bcontract{_GAP}(?:section{_GAP})?[TQ]?\d[\w.]*", re.IGNORECASE)
_BARE = re.compile(r"\b[TQ]\d{1,2}\b")

_HEADING = re.compile(r"^##+ (\d+a?(?:\.\d+)?)\.? ", re.MULTILINE)
_ROW = re.compile(r"^\| ([TQ]\d+) \|", re.MULTILINE)
_FACT = re.compile(r"^- .*(?:\n  .*)*", re.MULTILINE)
_TRAP = re.compile(r"^\| T\d+ \|.*$", re.MULTILINE)
_INSIDE = re.compile(rf"\bsections?{_GAP}(\d+a?(?:\.\d+)?(?:{_JOINT}{_GAP}\d+a?(?:\.\d+)?)*)|\b([TQ]\d+)\b")

PLACES = [*_HEADING.findall(FACTS), *_ROW.findall(FACTS)]


def references(text: str) -> Iterator[str]:
    """Yield each place that a text refers to, in lists and ranges, too."""
    for found in _REFERENCE.finditer(text):
        yield from re.findall(rf"(?<=[\s#]){_PLACE}", found.group())


def strays(text: str) -> list[str]:
    """Return references that are written in another way."""
    rest = _REFERENCE.sub("", text)
    return _OLD_SPELLING.findall(rest) + _BARE.findall(_OLD_SPELLING.sub("", rest))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the end (WIRE 6.2).", ["6.2"]),
        ("WIRE T22: no end.", ["T22"]),
        ("WIRE 6, 7: tasks", ["6", "7"]),
        ("WIRE 5.1, 10 and 11a.", ["5.1", "10", "11a"]),
        ("from WIRE 1.3 to 1.7", ["1.3", "1.7"]),
        ("WIRE 5, WIRE 6, WIRE 7 and WIRE 11 stand", ["5", "6", "7", "11"]),
        ("WIRE 5.1, Q6", ["5.1", "Q6"]),
        ("# it ends (WIRE\n    # 7, T17)", ["7", "T17"]),
        ("WIRE 6.2.1 and WIRE X5", ["6.2.1", "X5"]),
        ("USER CERTIFICATE WIRE", []),
        ("REWIRE 5", []),
    ],
)
def test_references_are_found_in_all_their_forms(text: str, found: list[str]) -> None:
    assert list(references(text)) == found
    assert strays(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as contract 6.2 says", ["contract 6.2"]),
        ("Contract 1 and 9: logon", ["Contract 1"]),
        ("(contract\n    T3)", ["contract\n    T3"]),
        ("contract section 12", ["contract section 12"]),
        ("over (T22) and WIRE T23", ["T22"]),
        ("WIRE 7 is the contract", []),
        ("2025-02-03T04:05:06", []),
    ],
)
def test_other_spellings_are_found(text: str, found: list[str]) -> None:
    assert strays(text) == found


def test_every_reference_leads_to_a_place() -> None:
    lost = [
        f"{path.relative_to(TOP)}: WIRE {place}"
        for path in FILES
        for place in references(path.read_text())
        if place not in PLACES
    ]
    assert lost == []


def test_references_are_spelled_in_one_way() -> None:
    wrong = [f"{path.relative_to(TOP)}: {text}" for path in FILES for text in strays(path.read_text())]
    assert wrong == []


def test_code_and_tests_refer_to_the_facts() -> None:
    counts = {
        room: sum(len(list(references(path.read_text()))) for path in FILES if (TOP / room) in path.parents)
        for room in ("tui", "tests")
    }
    assert min(counts.values()) > 0, counts


def test_no_place_stands_twice() -> None:
    assert sorted(PLACES) == sorted(set(PLACES))


def test_the_facts_refer_to_places_of_their_own() -> None:
    named = [re.findall(r"\d+a?(?:\.\d+)?", sections) or [row] for sections, row in _INSIDE.findall(FACTS)]
    assert {place for places in named for place in places} - set(PLACES) == set()


def test_every_fact_says_how_sure_it_is() -> None:
    unsure = [fact for fact in _FACT.findall(FACTS) if not re.search(r"\[[DSCI](?: [DSCI])*\]$", fact)]
    unsure += [row for row in _TRAP.findall(FACTS) if not re.search(r"\| [DSCI](?: [DSCI])* \|$", row)]
    assert unsure == []
