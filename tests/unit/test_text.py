from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.processor import seconds_of
from tui import sanitize
from tui.sanitize import STAND_IN, can_show, cell, cut, either, plain, safe, sentence

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
EMPTY_LOOKING = {"\u034f", "\u115f", "\u1160", "\u2800", "\u3164", "\uffa0", "\u180b", "\ufe0f", "\U000e0100"}
NASTY = st.sampled_from(
    "\u202e\u2066\u200d\u200b\ufe0f\ufe0e\u0301\u0338\u0300\u0e31\u0940\u1161\u3164\u3000\ud800"
    "\U000e0041\U0001f3fb\U0001f1e6\U0001f469\u21d0\uac00\u1100\x1b\x07\n\r\t\x9b\u2028\u00ad]漢…"
)
ANY_TEXT = st.text(st.one_of(st.characters(), NASTY), max_size=120)
SOUP = st.text(NASTY, max_size=60)


@pytest.fixture
def ascii_terminal() -> Iterator[None]:
    sanitize.ascii_only()
    yield
    sanitize.ascii_only(False)


@given(st.one_of(ANY_TEXT, SOUP), st.integers(-1, 60))
def test_whatever_comes_in_one_harmless_line_of_the_right_width_comes_out(value: str, cells: int) -> None:
    shown = safe(value, cells=cells)
    assert not {unicodedata.category(char) for char in shown} & FORBIDDEN
    assert not set(shown) & EMPTY_LOOKING
    assert cell_len(shown) <= max(cells, 0)
    assert safe(shown, cells=cells) == shown
    assert cell_len(cell(value, cells)) == max(cells, 0)


@given(st.one_of(ANY_TEXT, SOUP))
def test_marks_always_have_a_letter_and_never_pile_up(value: str) -> None:
    stacked = 0
    before = STAND_IN
    for char in safe(value):
        if unicodedata.category(char) in {"Mn", "Me"}:
            stacked += 1
            assert before != STAND_IN
            assert stacked <= sanitize.MARKS_PER_BASE
        elif unicodedata.category(char) != "Mc":
            stacked, before = 0, char


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_plain_names_stay_as_they_are(value: str) -> None:
    assert safe(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b[31mred", "�[31mred"),
        ("\x9b31m", "�31m"),
        ("a\x07b\x00c", "a�b�c"),
        ("two\nlines", "two�lines"),
        ("two\r\nlines", "two�lines"),
        ("tab\there", "tab�here"),
        ("a\u2028b\u2029c\x85d", "a�b�c�d"),
        ("abc\u202egnp.exe", "abc�gnp.exe"),
        ("\u2066x\u2069", "�x�"),
        ("a\u200fb\u061cc", "a�b�c"),
        ("zero\u200bwidth\u200d\ufeff", "zero�width��"),
        ("soft\u00adhyphen", "soft�hyphen"),
        ("tag\U000e0041\U000e007f", "tag��"),
        ("a\ufe0fb", "a�b"),
        ("a\U000e0100", "a�"),
        ("lone\ud800surrogate", "lone�surrogate"),
        ("private\ue000", "private�"),
        ("unassigned\u0378", "unassigned�"),
        ("filler\u3164\u115f\u2800", "filler���"),
        ("no\u00a0break\u3000wide", "no break wide"),
        ("blank\U0001d159\U00016fe4", "blank��"),
        ("over\ufdfd\u2e3b", "over��"),
        ("[red]x[/]", "[red]x[/]"),
    ],
)
def test_what_could_act_on_a_terminal_becomes_a_visible_stand_in(value: str, shown: str) -> None:
    assert safe(value) == shown


@pytest.mark.parametrize(
    "name", ["café", "กำลังที่", "שָׁלוֹם", "हिन्दी सर्वर", "தமிழ்", "العربية", "서버", "漢字", "Ωμέγα"]
)
def test_names_of_every_script_stay_readable(name: str) -> None:
    composed = unicodedata.normalize("NFC", name)
    assert safe(name) == composed
    assert STAND_IN not in safe(name)


CLASSES = {
    "C0": range(0x20),
    "DEL and C1": range(0x7F, 0xA0),
    "soft hyphen": [0xAD],
    "bidi": [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)],
    "zero width": [0x180E, 0x200B, 0x200C, 0x200D, 0x2060, *range(0x2061, 0x2065), 0xFEFF],
    "separators of lines": [0x2028, 0x2029],
    "annotations": range(0xFFF9, 0xFFFC),
    "variation selectors": [*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)],
    "tags": [0xE0001, *range(0xE0020, 0xE0080)],
    "private use": [*range(0xE000, 0xF900), 0xF0000, 0xFFFFD, 0x100000, 0x10FFFD],
    "surrogates": range(0xD800, 0xE000),
    "no characters": [*range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF],
    "blanks": sorted(map(ord, EMPTY_LOOKING)),
}


@pytest.mark.parametrize("name", CLASSES)
def test_nothing_of_a_class_that_acts_or_hides_is_drawn(name: str) -> None:
    for code in CLASSES[name]:
        shown = safe(f"a{chr(code)}b")
        assert shown == f"a{STAND_IN}b", f"U+{code:04X}"
        assert cell(f"a{chr(code)}b", 9) == f"a{STAND_IN}b".ljust(9)
        assert str(plain(chr(code))) == STAND_IN


@pytest.mark.parametrize(
    "flood", ["a" + "\u0301" * 9_999, "\u202e" * 9_999, "漢" * 9_999, "\U0001f468\u200d" * 9_999]
)
def test_a_flood_stays_in_its_cells(flood: str) -> None:
    assert cell_len(safe(flood, cells=20)) <= 20
    assert len(safe(flood, cells=20)) <= 20 * (sanitize.MARKS_PER_BASE + 2)


def test_decomposed_letters_are_composed() -> None:
    assert safe("cafe\u0301") == "café"


def test_a_stack_of_marks_is_cut_down_and_shows_that() -> None:
    assert safe("a" + "\u0316" * 50 + "b") == "a\u0316\u0316�b"


def test_marks_without_a_letter_do_not_climb_onto_the_neighbour() -> None:
    assert safe("\u0301\u0301name") == "�name"
    assert safe("\u200b\u0301\u0302name") == "�name"


def test_emoji_that_terminals_join_are_taken_apart() -> None:
    assert safe("👩\u200d🚀") == "👩�🚀"
    assert safe("👍🏽") == "👍�"
    assert safe("🇩🇪") == "��"
    assert safe("☎\ufe0f1") == "☎1"


def test_a_style_selector_left_out_does_not_hide_a_composition() -> None:
    once = safe("\u21d0\ufe0f\u0338")
    assert safe(once) == once == "\u21cd"


def test_wide_characters_are_counted_in_cells() -> None:
    assert cell("漢字漢字", 5) == "漢字…"
    assert cell("漢字漢字", 6) == "漢字… "
    assert cell("漢字", 4) == "漢字"
    assert cell("ab", 4) == "ab  "


@pytest.mark.parametrize(
    ("cells", "shown"), [(-1, ""), (0, ""), (1, "…"), (2, "a…"), (6, "abcdef"), (5, "abcd…")]
)
def test_what_is_missing_is_shown_by_an_ellipsis(cells: int, shown: str) -> None:
    assert cut("abcdef", cells) == shown
    assert safe("abcdef", cells=cells) == shown


def test_a_long_name_in_marks_is_not_cut_short_silently() -> None:
    name = "ที่" * 10
    assert safe(name, cells=10) == name
    assert safe(name, cells=9).endswith("…")
    assert safe("a" + "\u0316" * 500, cells=20).endswith("…")


def test_a_name_of_100_kb_costs_no_more_than_a_short_one() -> None:
    huge = "\u202e漢\u0301" * 33_000
    assert cell_len(safe(huge, cells=40)) <= 40
    assert seconds_of(partial(safe, huge, cells=40), 0.005) < 0.005


def test_anything_may_be_shown() -> None:
    assert safe(None) == "None"
    assert safe(12, cells=1) == "…"


def test_plain_text_reads_no_markup() -> None:
    shown = plain("[red]x\x1b", cells=20)
    assert shown.plain == "[red]x�"
    assert not shown.spans


def test_a_sentence_leaves_out_what_is_empty() -> None:
    assert sentence(["a", "", "b"]) == "a b"


@pytest.mark.usefixtures("ascii_terminal")
def test_a_terminal_without_unicode_gets_ascii_only() -> None:
    assert safe("café 漢字\u202e x") == r"caf\xe9 \u6f22\u5b57? x"
    assert cell("abcdef", 4) == "abc~"
    assert safe("เ\u0301ที่", cells=20).isascii()
    assert len({safe("größe"), safe("grüße"), safe("gr??e")}) == 3
    assert either("→", "->") == "->"


@given(ANY_TEXT, st.integers(0, 40))
def test_ascii_only_keeps_the_same_promises(value: str, cells: int) -> None:
    sanitize.ascii_only()
    try:
        shown = cell(value, cells)
        assert shown.isascii()
        assert shown.isprintable() or not shown
        assert len(shown) == cells
    finally:
        sanitize.ascii_only(False)


@pytest.mark.usefixtures("ascii_terminal")
@pytest.mark.parametrize(
    ("drawn", "shown"),
    [("╭─╮│", "+-+|"), ("█▁░", "#  "), ("漢é…", "???~"), ("e\u0301x", "ex"), ("abc", "abc")],
)
def test_what_is_laid_out_keeps_its_width_in_ascii(drawn: str, shown: str) -> None:
    assert not can_show(drawn) or drawn.isascii()
    assert sanitize.in_ascii(drawn) == shown


def test_signs_of_our_own_are_fancy_where_that_is_possible() -> None:
    assert either("→", "->") == "→"
