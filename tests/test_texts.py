"""The words an operator reads: one voice, and each where it fits. `python -m tests.texts` prints them all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests import house
from tests.texts import Text, texts

pytestmark = pytest.mark.xdist_group("house")


@pytest.fixture(scope="module", autouse=True)
def last() -> Iterator[None]:
    """The last of those that read the house leaves its sources to nobody."""
    yield
    house.forget()


BANNED = (
    "shown is old", "failed inside", "takes its task away", "takes the task away", "anew", "told",
    "whom", "in vain", "all the same", "begun", "for it is", "for it may", "is spoken", "if it stays",
    "look at the disk", "cannot be asked for", "put right", "is over", "goes on", "go on", "went on",
    "nobody knows whether", "vouches", "unforeseen", "not known whether it goes", "looked for",
    "last word", "made out to", "please", "sorry", "oops", "utilize", "in order to",
)  # fmt: skip
"""Odd, wordy or old-fashioned English that was found in a review, or that should not come."""
IN_THE_JOURNAL = "tui/restore_states.py"
"""The journal keeps the outcomes of a cancel in these words; no screen shows them."""
HINT_VERBS = {
    "Ask", "Check", "Choose", "Compare", "Confirm", "Correct", "Enter", "Free", "Give", "Go", "Log",
    "Leave", "Look", "Make", "Name", "Narrow", "Open", "Pick", "Press", "Read", "Reload", "Remove", "Say",
    "See", "Start", "Stop", "Try", "Type", "Use", "Wait", "Watch",
}  # fmt: skip
"""A hint says what to do, so it begins with one of these."""
MOST_CELLS = {"title": 60, "hint": 110, "help": 100, "label": 24, "heading": 24, "note": 180}
_ENDS = re.compile(r"[.!?](?= |$)")
_FILLED_IN = re.compile(r"\{[^{}]*\}")


def plain(text: Text) -> str:
    """Return the words without what is filled in."""
    return _FILLED_IN.sub("X", text.words)


def sentences(text: Text) -> int:
    return len(_ENDS.findall(plain(text).replace("...", "")))


def shown(found: list[Text]) -> str:
    return "\n".join(f"{text.where} [{text.kind}] {text.words}" for text in found)


def banned_in(words: str) -> list[str]:
    return [phrase for phrase in BANNED if re.search(rf"\b{re.escape(phrase)}\b", words, re.IGNORECASE)]


def is_exempt(text: Text) -> bool:
    """Say whether a text has to stay as it is: what is a value of the journal is read back."""
    return text.where.partition(":")[0] == IN_THE_JOURNAL


def of_kind(*kinds: str) -> list[Text]:
    found = [text for text in texts() if text.kind in kinds]
    assert found, f"no text is {' or '.join(kinds)}: the collection is broken"
    return found


def test_all_kinds_of_texts_are_collected() -> None:
    words = {text.words for text in texts()}
    assert {
        "Internal server error",
        "Log on again; nothing typed is lost.",
        "Find an action by typing part of its name.",
        "Keep the original VM",
        "is launching",
        "Sent; waiting for the server's answer.",
        "This may be out of date: {why}",
    } <= words


def test_no_text_has_a_banned_phrase() -> None:
    found = [
        Text(text.where, text.kind, f"{', '.join(phrases)}: {text.words}")
        for text in texts()
        if (phrases := banned_in(plain(text))) and not is_exempt(text)
    ]
    assert not found, shown(found)


@pytest.mark.parametrize(
    "words", ["Shown is old: x", "The reason is not told here", "Try again; if it stays, x"]
)
def test_a_banned_phrase_would_be_seen(words: str) -> None:
    assert banned_in(words)


def test_a_title_is_no_sentence_and_a_hint_is_one() -> None:
    found = [text for text in of_kind("title") if text.words.endswith((".", ":"))]
    found += [text for text in of_kind("hint") if len(text.words) > 20 and not text.words.endswith(".")]
    assert not found, shown(found)


def test_a_hint_begins_with_what_to_do() -> None:
    found = [
        text
        for text in of_kind("hint")
        if text.words[0].isupper()
        and not is_exempt(text)
        and re.match(r"\w+", text.words)[0] not in HINT_VERBS  # type: ignore[index]
    ]
    assert not found, shown(found)


def test_what_must_fit_a_line_is_short() -> None:
    found = [text for text in of_kind(*MOST_CELLS) if len(plain(text)) > MOST_CELLS[text.kind]]
    found += [text for text in of_kind("hint", "help", "status") if sentences(text) > 2]
    assert not found, shown(found)


def test_a_reason_has_at_most_two_sentences() -> None:
    found = [text for text in of_kind("detail") if sentences(text) > 2]
    assert not found, shown(found)


def test_no_sentence_has_two_spaces() -> None:
    found = [text for text in texts() if "  " in text.words.strip() and text.words.endswith((".", "?", "!"))]
    assert not found, shown(found)


def test_titles_labels_and_help_begin_with_a_capital() -> None:
    found = [
        text
        for text in of_kind("title", "label", "heading", "hint", "help")
        if text.words[:1].islower() and not text.where.startswith("tui/cli/")
    ]
    assert not found, shown(found)


def test_sentence_case() -> None:
    """Only names and the first word have a capital: `Backup server`, not `Backup Server`."""
    names = re.compile(
        r"\b(Enterprise|Manager|Cloud|Director|Storage|REST|API|VMs?|VDC|XML|JSON|CHANGED|THE|HAS|CA|VApp)\b"
    )
    found = [
        text
        for text in of_kind("title", "label", "heading")
        if re.search(r" [A-Z][a-z]", names.sub("", plain(text)))
    ]
    assert not found, shown(found)
