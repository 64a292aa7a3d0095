"""The sentence about restores that ended while somebody looked elsewhere."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.restores.fakes import restore
from tui.restore_states import RestoreState
from tui.restores.registry import EndedRestores, title_words


def told(*ends: tuple[str, RestoreState]) -> EndedRestores:
    """What is noticed when restores by these names end so."""
    endings = EndedRestores()
    begun = [replace(restore(), key=f"r{number}", vm_name=name) for number, (name, _) in enumerate(ends)]
    assert not endings.notice(begun)
    over = [replace(one, state=state) for one, (_, state) in zip(begun, ends, strict=True)]
    assert endings.notice(over)
    assert not endings.notice(over)
    return endings


def test_each_end_has_its_word() -> None:
    words = {
        RestoreState.SUCCEEDED: ("The restore of app07 succeeded: Ctrl+T shows it.", "good"),
        RestoreState.WARNING: ("The restore of app07 ended with warnings: Ctrl+T shows it.", "note"),
        RestoreState.FAILED: ("The restore of app07 FAILED: Ctrl+T shows why.", "bad"),
        RestoreState.CANCELLED: ("The restore of app07 was cancelled: Ctrl+T shows it.", "note"),
    }
    for state, expected in words.items():
        endings = told(("app07", state))
        assert (endings.words, endings.kind) == expected


def test_of_many_the_worst_come_first_and_the_rest_is_counted() -> None:
    good = [(f"web0{number}", RestoreState.SUCCEEDED) for number in range(4)]
    endings = told(*good, ("db01", RestoreState.FAILED))
    assert endings.words == (
        "5 restores have ended: db01 FAILED, web00 restored, web01 restored and 2 more. Ctrl+T shows them."
    )
    assert endings.kind == "bad"


def test_what_is_unknown_comes_before_what_has_ended() -> None:
    lost = replace(restore(RestoreState.UNKNOWN), key="lost", vm_name="print01")
    for count, rest in (
        (1, "The restore of web0 succeeded: Ctrl+T shows it."),
        (2, "2 restores have ended: web0 restored, web1 restored. Ctrl+T shows them."),
    ):
        endings = EndedRestores()
        begun = [replace(restore(), key=f"r{number}", vm_name=f"web{number}") for number in range(count)]
        assert not endings.notice([lost, *begun])
        assert endings.notice([lost, *(replace(one, state=RestoreState.SUCCEEDED) for one in begun)])
        assert (endings.words, endings.kind) == (f"print01 is UNKNOWN. {rest}", "note")
        assert endings.words_on("em2").startswith("On em2: print01 is UNKNOWN. ")


def test_what_ends_later_is_told_with_what_was_not_seen_yet() -> None:
    endings = told(("app07", RestoreState.SUCCEEDED))
    later = replace(restore(), key="later", vm_name="db01")
    endings.notice([later])
    assert endings.notice([replace(later, state=RestoreState.SUCCEEDED)])
    assert endings.words == ("2 restores have ended: app07 restored, db01 restored. Ctrl+T shows them.")
    endings.forget()
    assert endings.words == ""


def test_what_was_over_when_it_was_first_seen_or_refused_at_once_is_not_told() -> None:
    endings = EndedRestores()
    sent = restore(RestoreState.SENT)
    assert not endings.notice([sent, replace(sent, key="old", state=RestoreState.SUCCEEDED)])
    assert not endings.notice([replace(sent, state=RestoreState.FAILED)], is_form_open=True)
    endings.notice([sent])
    assert endings.notice([replace(sent, state=RestoreState.FAILED)]), (
        "its form was left: nothing else tells it"
    )


def test_a_name_from_the_server_cannot_spoil_the_line() -> None:
    endings = told(("evil\x1b[2J\n" + "x" * 200, RestoreState.SUCCEEDED))
    assert "\x1b" not in endings.words
    assert "\n" not in endings.words
    assert len(endings.words) < 120


def test_the_title_counts_what_has_come_to_which_end() -> None:
    assert title_words(()) == ""
    states = [RestoreState.SUCCEEDED, RestoreState.WARNING, RestoreState.RESTORING, RestoreState.FAILED]
    assert title_words(map(restore, states)) == "2/4 restored, 1 FAILED"
    assert title_words([restore(RestoreState.UNKNOWN)]) == "0/1 restored, 1 UNKNOWN"
