"""The last line of a screen: the keys that work now, as many as fit, the most needed first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding
from textual.events import Click
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from tui.actions import ACTIONS, spell_key
from tui.widgets.inputs import Button, Switch

KEPT = frozenset({"app.help"})
"""Never left out: it leads to every other key."""
LEAST_COLUMNS, LEAST_ROWS = 40, 12
"""A smaller terminal does not show all that is needed, and the line says so."""
_GAP = 2
_LEAD = 1
_RANKS = {f"{action.screen}.{action.name}": rank for rank, action in enumerate(ACTIONS)}
_SPELLED = {key: spell_key(key) for action in ACTIONS for key in action.keys.split(",")}


class FooterKey(NamedTuple):
    """One key and what it does."""

    id: str
    """`screen.action`, as in the table of actions."""
    key: str
    """As people write it."""
    label: str
    press: str = ""
    """The key in Textual's spelling, for clicks."""
    is_off: bool = False
    """Cannot be used just now."""
    is_noted: bool = False
    """Something is said behind its label, and so it is not left out either."""

    @property
    def width(self) -> int:
        """Return the width in cells."""
        return cell_len(self.key) + 1 + cell_len(self.label)


def fitting(words: Sequence[FooterKey], width: int) -> list[FooterKey]:
    """Return the first words that fit into `width` cells, and those that are never left out."""
    shown = list(words)
    while _need(shown) > width:
        place = next((at for at in reversed(range(len(shown))) if not _is_kept(shown[at])), None)
        if place is None:
            break
        del shown[place]
    return shown


def _is_kept(word: FooterKey) -> bool:
    return word.is_noted or word.id in KEPT


def _need(words: Sequence[FooterKey]) -> int:
    return _LEAD + sum(word.width for word in words) + _GAP * max(0, len(words) - 1)


class Footer(Widget):
    """Shows the bindings of its screen that work now; a click presses the key."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"footer--key", "footer--off"}

    def __init__(self, notes: Mapping[str, str] | None = None, *, takes_letters: bool = True) -> None:
        super().__init__(id="keys")
        self._takes_letters = takes_letters
        """Whether letters act on its screen while no field has the focus."""
        self._words: list[FooterKey] = []
        self._notes = dict(notes or {})
        """What follows a key's label, by the action's id."""
        self._names: dict[str, str] = {}
        """Labels of keys that now do the opposite of what their actions are called, by the actions' ids."""
        self._left_out: frozenset[str] = frozenset()

    def note(self, action: str, words: str) -> None:
        """Say something behind a key's label, such as how many restores its screen has to show."""
        if self._notes.get(action, "") != words:
            self._notes[action] = words
            self.follow()

    def rename(self, action: str, label: str) -> None:
        """Show another label while the key does the opposite; an empty one shows the action's own again."""
        if self._names.get(action, "") != label:
            self._names[action] = label
            self.follow()

    def leave_out(self, actions: Set[str]) -> None:
        """Do not offer the keys of these actions; who presses one is still told why it does nothing."""
        if self._left_out != actions:
            self._left_out = frozenset(actions)
            self.follow()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.follow())

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def follow(self) -> None:
        """Show what can be done on its screen now."""
        shown = [
            FooterKey(
                binding.id or "",
                _SPELLED.get(binding.key, binding.key),
                f"{self._label(binding)} {self._notes.get(binding.id or '', '')}".strip(),
                binding.key,
                not enabled,
                bool(self._notes.get(binding.id or "")),
            )
            for _, binding, enabled, _ in self.screen.active_bindings.values()
            if binding.show and binding.id not in self._left_out
        ]
        if isinstance(self.screen.focused, Input) or not self._takes_letters:
            shown = [word for word in shown if len(word.key) > 1]  # a letter
        # One action may have several keys: the first that acts now is the one to learn.
        first = {word.id: word for word in reversed(shown)}
        words = sorted(first.values(), key=lambda word: _RANKS.get(word.id, len(_RANKS)))
        words = self._with_button(words)
        if words != self._words:
            self._words = words
            self.refresh()

    def _with_button(self, words: list[FooterKey]) -> list[FooterKey]:
        """Return the keys with what Enter does on the button that has the focus."""
        button = self.screen.focused
        if not isinstance(button, Button):
            return words
        label = "Switch" if isinstance(button, Switch) else str(button.label)
        enter = FooterKey("button", _SPELLED["enter"], label, "enter")
        is_alone = sum(one.display and not one.disabled for one in self.screen.query(Button)) == 1
        others = (word for word in words if not (is_alone and word.id.endswith(".next_choice")))
        return [enter, *(word for word in others if word.key != enter.key)]

    def _label(self, binding: Binding) -> str:
        return self._names.get(binding.id or "") or binding.description

    @property
    def _warning(self) -> str:
        columns, rows = self.app.size
        if columns >= LEAST_COLUMNS and rows >= LEAST_ROWS:
            return ""
        return f"Too small: {columns}x{rows}, needs {LEAST_COLUMNS}x{LEAST_ROWS}" + " " * _GAP

    @property
    def _fitting(self) -> list[FooterKey]:
        return fitting(self._words, self.size.width - len(self._warning))

    def render_line(self, y: int) -> Strip:
        width, plain = self.size.width, self.rich_style
        segments = [Segment(" " * _LEAD + self._warning, plain)]
        for number, word in enumerate(self._fitting if y == 0 else ()):
            key = self.get_component_rich_style(f"footer--{'off' if word.is_off else 'key'}")
            segments += [Segment(" " * _GAP, plain)] if number else []
            segments += [Segment(word.key, key), Segment(f" {word.label}", key if word.is_off else plain)]
        return Strip(segments).adjust_cell_length(width, plain)

    def on_click(self, event: Click) -> None:
        left = _LEAD + len(self._warning)
        for word in self._fitting:
            if left <= event.x < left + word.width and not word.is_off:
                self.app.simulate_key(word.press)
            left += word.width + _GAP
