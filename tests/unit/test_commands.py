"""The one table of actions is complete and without clashes."""

from __future__ import annotations

from collections import Counter

import pytest

from tui.actions import ACTIONS, actions_of

SCREENS = sorted({action.screen for action in ACTIONS})


def test_every_action_has_help_in_a_whole_sentence() -> None:
    for action in ACTIONS:
        assert action.help[:1].isupper(), action
        assert action.help.endswith("."), action
        assert action.label, action


@pytest.mark.parametrize("screen", SCREENS)
def test_no_key_stands_twice_on_one_screen(screen: str) -> None:
    # From its filter a key leads into the list, in which it moves.
    actions = (action for action in actions_of(screen) if action.name != "enter_list")
    keys = Counter(key.strip() for action in actions for key in action.keys.split(","))
    if screen == "help":
        keys["f1"] -= 1  # the key that opened the help closes it
    assert {key: count for key, count in keys.items() if count > 1} == {}


def test_one_letter_means_one_thing_on_all_screens() -> None:
    """Hands do not know which screen they are on: collect is not cancel, reload is not restore."""
    meanings: dict[str, set[str]] = {}
    for action in ACTIONS:
        for key in action.keys.split(","):
            if len(key) == 1:
                meanings.setdefault(key, set()).add(action.name.removeprefix("app.").removesuffix("_or_quit"))
    assert {key: names for key, names in meanings.items() if len(names) > 1} == {}
    own = [one for one in actions_of("form") if one.screen == "form"]  # it takes no letter of the app
    assert not [one for one in own if any(len(key) == 1 for key in one.keys.split(","))]
