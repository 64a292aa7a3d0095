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
    keys = Counter(key.strip() for action in actions_of(screen) for key in action.keys.split(","))
    if screen == "help":
        keys["f1"] -= 1  # the key that opened the help closes it
    assert {key: count for key, count in keys.items() if count > 1} == {}
